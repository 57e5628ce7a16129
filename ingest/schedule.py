"""The units that run site and refresh unattended under systemd, and the same for cron.

Filled in with where this project, its Python, its declaration and its build folder are.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from ingest.engine import require_known
from ingest.errors import IngestError
from ingest.options import BUILD, ENGINE, FEEDS, KEEP

PROJECT = Path(__file__).parent.parent
# systemd reads these in its own way, and cron reads %.
_ODD = set(" \t\n\"'\\%$;")
_UNITS = Path(__file__).parent / "units"


@dataclass(frozen=True)
class Wanted:
    """What the units need to know. `keep` editions stay for /as-of/; 0 keeps all."""

    feeds: Path
    build: Path
    keep: int = 0
    host: str = "127.0.0.1"
    port: int = 8001
    workers: int = 2
    url: str = "http://localhost:8001"
    proxies: tuple[str, ...] = ()
    engine: str = "local"


def units(wanted: Wanted) -> dict[str, str]:
    """File name -> text of each unit. Raises IngestError for a path that no unit can name."""
    paths = {
        "project": PROJECT,
        "python": Path(sys.executable),
        "feeds": wanted.feeds.resolve(),
        "build": wanted.build.resolve(),
    }
    for path in paths.values():
        _require_plain(path)
    numbers = {"keep": wanted.keep, "port": wanted.port, "workers": wanted.workers}
    for address in (wanted.url, wanted.host, wanted.engine, *wanted.proxies):
        if set(address) & _ODD:
            raise IngestError(f"{address}: this is no address that a unit can name.")
    addresses = {
        "engine": wanted.engine,
        "host": wanted.host,
        "url": " ".join([wanted.url, *(f"--proxy {proxy}" for proxy in wanted.proxies)]),
    }
    return {
        file.name: file.read_text("utf-8").format(**paths, **numbers, **addresses)
        for file in sorted(_UNITS.iterdir())
    }


def _require_plain(path: Path) -> None:
    odd = sorted(set(str(path)) & _ODD)
    if odd:
        raise IngestError(f"{path}: a unit cannot name a path with {' or '.join(map(repr, odd))}.")


def crontab(wanted: Wanted) -> str:
    """One line for cron, which writes only where there is something to look at."""
    command = shlex.join(
        [sys.executable, "-m", "ingest", "refresh", "--feeds", str(wanted.feeds.resolve()),
         "--build", str(wanted.build.resolve()), "--keep", str(wanted.keep),
         "--engine", wanted.engine]
    )  # fmt: skip
    log = wanted.build.resolve() / "refresh.log"
    return f"17 6 * * * cd {PROJECT} && nice {command} > {log} 2>&1 || cat {log}"


@click.command()
@FEEDS
@BUILD
@KEEP
@ENGINE
@click.option("--host", default=Wanted.host, show_default=True, help="Where the site is served.")
@click.option("--port", default=8001, show_default=True, help="At which port of that.")
@click.option("--workers", default=2, show_default=True, help="Processes; as many as cores.")
@click.option(
    "--url", default=None, help="The address that visitors use.  [default: http://localhost:PORT]"
)
@click.option("--proxy", "proxies", multiple=True, help="A proxy on another machine, by address.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write the units into.")
def schedule(
    feeds_path: Path, build_path: Path, keep: int, engine_address: str, host: str, port: int,
    workers: int, url: str | None, proxies: tuple[str, ...], out: Path | None,
) -> None:  # fmt: skip
    """Show the systemd units that run site and refresh unattended, and a line for cron instead."""
    require_known(engine_address)
    address = url or f"http://localhost:{port}"
    wanted = Wanted(
        feeds_path, build_path, keep, host, port, workers, address, proxies, engine_address
    )
    for name, text in units(wanted).items():
        if out:
            out.mkdir(parents=True, exist_ok=True)
            (out / name).write_text(text, encoding="utf-8")
            click.echo(f"{out / name} is written.")
        else:
            click.echo(f"# ---- {name}\n{text}")
    if not out:
        click.echo(f"# ---- or, with cron\n{crontab(wanted)}")
