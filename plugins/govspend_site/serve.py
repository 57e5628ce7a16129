"""`python -m govspend_site.serve BUILD`: the site over HTTP, in as many processes as asked for.

Datasette with this project's plugins, templates and wording, on uvicorn with uvloop and httptools,
which answer twice as many requests as what `datasette serve` starts.
"""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import os
import secrets
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import uvicorn
import yaml
from datasette.app import Datasette

from govspend_site.whole import WholeAnswers

ROOT = Path(__file__).parents[2]
_SETTINGS = {
    "suggest_facets": False,
    "facet_time_limit_ms": 1500,
    "sql_time_limit_ms": 3000,
    "default_facet_size": 12,
}
# How the processes of one site learn which build they serve, how many pages they may keep and where
# visitors find them, and share what signs a cookie.
_BUILD, _SECRET, _URL = "GOVSPEND_BUILD", "DATASETTE_SECRET", "GOVSPEND_URL"
_CACHE = "GOVSPEND_PAGE_CACHE_MB"
_CUBES = ("release_months", "pair_months", "pair_years", "pair_totals", "supplier_months",
          "buyer_months", "supplier_years", "buyer_years", "supplier_sizes", "supplier_totals",
          "buyer_totals", "party_months", "usual_deals")  # fmt: skip
# Where the processes keep what they count, so that /-/metrics adds them up.
_COUNTS = "PROMETHEUS_MULTIPROC_DIR"
# A proxy says what scheme and address a visitor has; one on this machine is believed.
_PROXIES_HERE = ("127.0.0.1", "::1")


# Written in C it reads ten times as fast; where PyYAML comes without it the other says the same.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def site(build: Path) -> Any:
    """The Datasette of `build/govspend.db`, not yet started."""
    return Datasette(
        immutables=[str(build / "govspend.db")],
        # Datasette would count every table at each start, before there is an edition, which knows.
        inspect_data={"govspend": {"hash": "", "size": 0, "tables": {}}},
        metadata=yaml.load((ROOT / "metadata.yml").read_text("utf-8"), Loader=_LOADER),
        plugins_dir=str(ROOT / "plugins"),
        template_dir=str(ROOT / "templates"),
        static_mounts=[("static", str(ROOT / "templates" / "static"))],
        cors=True,
        settings=_SETTINGS,
        secret=os.environ[_SECRET],
    )


def app() -> Any:
    """The ASGI application of one process, for uvicorn's --factory."""
    made = site(Path(os.environ[_BUILD])).app()
    # What is there by now stays: to look through it for what is not needed any more takes a
    # twentieth of a second, in which no page is made.
    gc.collect()
    gc.freeze()
    return made


def _missing(database: Path) -> list[str]:
    """The cubes that an edition from before they were made has not."""
    with closing(
        sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    ) as db:
        there = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    return [name for name in _CUBES if name not in there]


def _networks(
    _context: click.Context, _option: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    for one in value:
        try:
            ipaddress.ip_network(one)
        except ValueError as error:
            raise click.BadParameter(f"{error}: give 10.0.0.5 or 10.0.0.0/24.") from error
    return value


@click.command()
@click.argument("build", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8001, show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes; as many as cores.")
@click.option(
    "--page-cache-mb",
    default=64,
    show_default=True,
    envvar=_CACHE,
    type=click.IntRange(min=0),
    help="Pages that each process keeps; 0 keeps none.",
)
@click.option(
    "--url", default=None, help="The address that visitors use.  [default: http://localhost:PORT]"
)
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    callback=_networks,
    help="A proxy on another machine that is believed: its address, or a network.",
)
@click.option(
    "--warm/--no-warm", default=True, help="Make the usual pages before they are asked for."
)
def main(
    build: Path,
    host: str,
    port: int,
    workers: int,
    page_cache_mb: int,
    url: str | None,
    proxies: tuple[str, ...],
    warm: bool,
) -> None:
    """Serve the site of BUILD, a folder with a published edition."""
    if not (build / "govspend.db").exists():
        raise click.ClickException(f"{build} holds no edition: run make build first.")
    if missing := _missing(build / "govspend.db"):
        raise click.ClickException(
            f"The edition {(build / 'govspend.db').resolve().stem} was built by an older version, "
            f"without {', '.join(missing)}: run make build again."
        )
    os.environ.setdefault(_SECRET, secrets.token_hex(32))
    os.environ[_BUILD], os.environ[_CACHE] = str(build), str(page_cache_mb)
    if warm:
        os.environ[_URL] = url or f"http://localhost:{port}"
    with tempfile.TemporaryDirectory(prefix="govspend-metrics-") as counts:
        # Read when prometheus_client is first imported, which is by a plugin.
        os.environ[_COUNTS] = counts
        # Once before any process starts: a mistake in a question or plugin is one sentence.
        asyncio.run(site(build).invoke_startup())
        uvicorn.run(
            "govspend_site.serve:app",
            factory=True, host=host, port=port, workers=workers, loop="uvloop", http=WholeAnswers,
            lifespan="on", log_level="info", server_header=False,
            proxy_headers=True, forwarded_allow_ips=[*_PROXIES_HERE, *proxies],
        )  # fmt: skip


if __name__ == "__main__":
    main()
