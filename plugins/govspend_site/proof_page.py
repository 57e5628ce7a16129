"""What a proof card shows around its figure: images, commands, citation, embed, permanent links."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from govspend_site import chart, edition, live, queries, words
from govspend_site.figure import Figure, Published, as_printed, commands

# Characters of a line of the heading in an image, which is 1,200 pixels wide.
_LINE = 66
_SAMPLE = "Illustrative sample: the suppliers, buyers and amounts are invented."


@dataclass(frozen=True)
class Check:
    """How anyone recomputes the figure: three commands, and what the last one prints."""

    file_url: str
    sha256: str
    byte_count: int
    fetched_bytes: int
    """Of all files that the commands fetch."""
    commands: list[tuple[str, str]]
    printed: str


def kept_url(datasette: Any, request: Any, path: str) -> str:
    """The permanent address of a page of the edition being served, with host."""
    kept = live.shelf_of(datasette)
    base = live.kept_base(datasette, kept.current.edition_id) if kept else None
    local = base + path.lstrip("/") if base else str(datasette.urls.path(path))
    return str(datasette.absolute_url(request, local))


@functools.lru_cache(maxsize=64)
def sha256_of(path: str) -> str:
    """The hash of an edition's file. The file never changes, so it is read through once."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def check(datasette: Any, request: Any, figure: Figure) -> Check:
    path = str(queries.database(datasette).path)
    sha256 = await asyncio.to_thread(sha256_of, path)
    url = kept_url(datasette, request, f"/{queries.DATABASE}.db")
    size, name = Path(path).stat().st_size, Path(path).name
    database = queries.database(datasette)
    shards = database.shards if await database.reads_lines(figure.sql, {}) else ()
    files = [Published(name, url, sha256)]
    for shard in shards:
        at = kept_url(datasette, request, f"/downloads/{shard.path.name}")
        files.append(Published(f"{Path(path).stem}-{shard.path.name}", at, shard.sha256))
    return Check(
        file_url=url,
        sha256=sha256,
        byte_count=size,
        fetched_bytes=size + sum(shard.byte_count for shard in shards),
        commands=commands(files, figure.sql),
        printed=as_printed(figure.row),
    )


def drawings(figure: Figure) -> list[Markup]:
    """The chart for a page at both widths, and its data."""
    if figure.chart is None:
        return []
    if "page" not in figure.drawings:
        drawn = figure.chart
        figure.drawings["page"] = chart.both(
            drawn.name, drawn.rows, drawn.title, drawn.text, "proof"
        )
    found: list[Markup] = figure.drawings["page"]
    return found


def svg(figure: Figure, served: edition.Edition) -> str | None:
    """The chart as a file: the sentence as its heading, its source below. None without a chart."""
    if figure.chart is None:
        return None
    if "svg" not in figure.drawings:
        heading = textwrap.wrap(figure.sentence, _LINE, max_lines=4, placeholder="…")
        figure.drawings["svg"] = chart.image(
            figure.chart.name, figure.chart.rows, heading, figure.chart.unit, source(served)
        )
    return str(figure.drawings["svg"])


async def png(figure: Figure, served: edition.Edition) -> bytes | None:
    drawn = svg(figure, served)
    if drawn is None:
        return None
    if "png" not in figure.drawings:
        figure.drawings["png"] = await asyncio.to_thread(chart.png, drawn)
    return bytes(figure.drawings["png"])


def source(served: edition.Edition) -> list[str]:
    """Two lines for below an image: who made it of what, and under which licence."""
    feeds = [feed for feed in served.feeds if feed.release_id]
    publishers = words.listed(sorted({feed.publisher for feed in feeds}))
    licences = words.listed(sorted({feed.licence_name for feed in feeds}))
    first = f"GovSpend, edition {served.edition_id}, from sales published by {publishers}."
    if served.illustrative:
        return [f"GovSpend, edition {served.edition_id}.", _SAMPLE]
    return [first, f"Contains public sector information licensed under the {licences}."]


def citation(figure: Figure, served: edition.Edition, url: str) -> str:
    """One paragraph of plain text to paste into a document."""
    return cited(figure.sentence, served, url)


def cited(sentence: str, served: edition.Edition, url: str) -> str:
    """A sentence with its source: edition, releases, publishers, licences and address."""
    sample = f"{_SAMPLE} " if served.illustrative else ""
    feeds = [feed for feed in served.feeds if feed.release_id]
    releases = words.listed([str(feed.release_id) for feed in feeds])
    licences = words.listed(sorted({feed.licence_name for feed in feeds}))
    publishers = words.listed(sorted({feed.publisher for feed in feeds}))
    return (
        f"{sample}{sentence} Source: GovSpend, edition {served.edition_id}, from "
        f"{releases} ({publishers}; {licences}). {url}"
    )


def as_json(figure: Figure, served: edition.Edition, url: str, checked: Check) -> dict[str, Any]:
    """The card for a program."""
    return {
        "key": figure.key,
        "title": figure.title,
        "sentence": figure.sentence,
        "figure": dict(figure.row),
        "sql": figure.sql,
        "table": {"title": figure.table.title, "sql": figure.table.sql, "rows": figure.table.rows},
        "edition": served.edition_id,
        "illustrative": served.illustrative,
        "permalink": url,
        "citation": citation(figure, served, url),
        "database": {
            "url": checked.file_url,
            "sha256": checked.sha256,
            "byte_count": checked.byte_count,
        },
        "commands": [command for _, command in checked.commands],
        "prints": checked.printed,
    }
