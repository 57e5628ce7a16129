"""Headings to our field names, from the aliases that a feed declares. Touches no value."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.errors import HeadingError
from ingest.feeds import Declared, heading_key
from ingest.read import Row

# Publishers put titles and notes above the heading, never so many lines of them.
LINES_ABOVE_HEADING = 50


@dataclass(frozen=True)
class Columns:
    """Where each field stands in a row of one release."""

    heading_line: int
    headings: tuple[str, ...]
    index: dict[str, int]
    """field -> position of its cell"""
    unknown: tuple[tuple[str, str | None], ...]
    """(heading that no field declares, the nearest name that one does)"""


def rename(name: str, rows: Iterator[Row], feed: Declared) -> tuple[Columns, Iterator[Row]]:
    """The columns of `rows`, and the rows below the heading.

    The heading is the line near the top that names most fields. Raises HeadingError, naming the
    file, its line, the field and the names it could have, when a required field is not there.
    """
    top = list(itertools.islice(rows, LINES_ABOVE_HEADING))
    if not top:
        raise HeadingError(f"{name}: holds no lines.")
    found = max(top, key=lambda row: (len(_index(row.cells, feed)), -row.line_number))
    index = _index(found.cells, feed)
    unknown = tuple(_unknown(found.cells, index, feed))
    for field in feed.required:
        if field not in index and field not in feed.constants:
            raise HeadingError(_missing(name, found, field, unknown, feed))
    below = (row for row in top if row.line_number > found.line_number)
    headings = tuple(cell.strip() for cell in found.cells)
    return Columns(found.line_number, headings, index, unknown), itertools.chain(below, rows)


def _index(cells: list[str], feed: Declared) -> dict[str, int]:
    """field -> position. Of two headings for a field the earlier declared alias counts."""
    keys: dict[str, int] = {}
    for position, cell in enumerate(cells):
        keys.setdefault(heading_key(cell), position)
    index: dict[str, int] = {}
    for field, aliases in feed.headings.items():
        for alias in aliases:
            if (place := keys.get(heading_key(alias))) is not None:
                index[field] = place
                break
    return index


def _unknown(
    cells: list[str], index: dict[str, int], feed: Declared
) -> Iterator[tuple[str, str | None]]:
    used = set(index.values())
    ignored = {heading_key(heading) for heading in feed.ignored_headings}
    names = [alias for aliases in feed.headings.values() for alias in aliases]
    by_key = {heading_key(alias): alias for alias in reversed(names)}
    for position, cell in enumerate(cells):
        key = heading_key(cell)
        if not key or position in used or key in ignored:
            continue
        near = difflib.get_close_matches(key, by_key, n=1, cutoff=0.6)
        yield cell.strip(), by_key[near[0]] if near else None


def _missing(
    name: str,
    found: Row,
    field: str,
    unknown: tuple[tuple[str, str | None], ...],
    feed: Declared,
) -> str:
    allowed = ", ".join(f"'{alias}'" for alias in feed.headings.get(field, []))  # type: ignore[call-overload]
    there = ", ".join(f"'{cell.strip()}'" for cell in found.cells if cell.strip())
    hints = "".join(
        f" '{heading}' is not known; the nearest known name is '{near}'."
        if near
        else f" '{heading}' is not known."
        for heading, near in unknown
    )
    return (
        f"{name} line {found.line_number}: no column for {field}, which {feed.feed_id} requires. "
        f"It can be called {allowed}. Found: {there[:500]}.{hints}"
    )
