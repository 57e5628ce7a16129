"""`python -m govspend_site.nginx`: what nginx needs to know to stand before several machines.

All of them serve the same files; nginx keeps pages for as long as the site says, asks another one
where one is gone, and shows what it kept while nobody answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import click

_TEXTS = Path(__file__).parent / "conf"
# What nginx would read as the end of a word, or as a variable.
_ODD = re.compile(r"[^\w.:/\[\]-]")
_UPSTREAM = re.compile(r"(?:[\w.-]+|\[[0-9a-f:]+\]):\d{1,5}", re.IGNORECASE)


class _Text(Template):
    """nginx has a use of its own for the dollar."""

    delimiter = "%"


@dataclass(frozen=True)
class Wanted:
    """Who answers (`host:port`), where nginx listens, and the address that visitors use."""

    upstreams: tuple[str, ...]
    url: str
    listen: str = "80"
    cache: str = "/var/cache/govspend"
    cache_mb: int = 1000


def configuration(wanted: Wanted, *, is_whole: bool = False) -> str:
    """The file for nginx's conf.d or, where `is_whole`, all that an nginx by itself needs."""
    parts = urlsplit(wanted.url)
    text = _text("site").substitute(
        servers="\n    ".join(f"server {one} max_fails=5 fail_timeout=5s;"
                              for one in wanted.upstreams),
        url=wanted.url.rstrip("/"), scheme=parts.scheme, netloc=parts.netloc, host=parts.hostname,
        listen=wanted.listen, cache=wanted.cache, cache_mb=wanted.cache_mb,
    )  # fmt: skip
    return _text("whole").substitute(site=text) if is_whole else text


def _text(name: str) -> _Text:
    return _Text((_TEXTS / f"{name}.conf").read_text("utf-8"))


def _plain(_context: click.Context, option: click.Parameter, value: str) -> str:
    odd = _ODD.search(value)
    if odd or not value:
        raise click.BadParameter(f"{value!r}: nginx cannot take {odd[0] if odd else ''!r} here.")
    return value


def _address(context: click.Context, option: click.Parameter, value: str) -> str:
    parts = urlsplit(_plain(context, option, value))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/"):
        raise click.BadParameter(f"{value}: give it as http://your.name or https://your.name.")
    return value


def _upstreams(
    _context: click.Context, _option: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    for one in value:
        if not _UPSTREAM.fullmatch(one):
            raise click.BadParameter(f"{one}: give host and port, such as 10.0.0.11:8001.")
    return value


@click.command()
@click.option("--upstream", "upstreams", multiple=True, required=True, callback=_upstreams,
              help="Host and port of one that serves the site; once for each.")  # fmt: skip
@click.option("--url", required=True, callback=_address, help="The address that visitors use.")
@click.option("--listen", default="80", show_default=True, callback=_plain,
              help="Where nginx takes visitors: a port, or an address and port.")  # fmt: skip
@click.option("--cache", default=Wanted.cache, show_default=True, callback=_plain,
              help="The folder where it keeps pages.")  # fmt: skip
@click.option("--cache-mb", default=Wanted.cache_mb, show_default=True, type=click.IntRange(min=1),
              help="The most that it keeps.")  # fmt: skip
@click.option("--whole", is_flag=True, help="All that an nginx by itself needs, in its own folder.")
def main(
    upstreams: tuple[str, ...], url: str, listen: str, cache: str, cache_mb: int, whole: bool
) -> None:
    """Show the configuration of nginx for a site that several machines serve."""
    folder = "pages" if whole else cache
    wanted = Wanted(upstreams, url, listen, folder, cache_mb)
    click.echo(configuration(wanted, is_whole=whole), nl=False)


if __name__ == "__main__":
    main()
