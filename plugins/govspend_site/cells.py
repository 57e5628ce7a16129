"""A value of the database as a cell of a page shows it. JSON and CSV never pass through here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape

from govspend_site import words

AS_PUBLISHED = ("supplier_size", "sector", "lot", "framework", "description")
"""columns of a line that a publisher may leave out: what is not there is unknown, and says so"""
# Columns of ids, wherever they occur, and the table that each leads to.
LINKED = {
    "supplier_id": "suppliers",
    "largest_supplier_id": "suppliers",
    "buyer_id": "buyers",
    "release_id": "releases",
    "previous_release_id": "releases",
    "feed_id": "feeds",
    "spend_id": "spend",
}
_POUNDS = re.compile(r"-?£[\d,]{1,30}\.\d\d", re.ASCII)
_FLAGS = ("is_current", "restates_history", "illustrative")


def shown(value: Any, column: str, link: Callable[[str, str], str]) -> Markup | None:
    """The cell's HTML, or None to leave it as Datasette shows it.

    `link(table, id)` gives the address of a row.
    """
    if value is None:
        unknown = Markup('<span class="unknown">not published</span>')
        return unknown if column in AS_PUBLISHED else None
    if column in LINKED:
        return _linked(value, LINKED[column], link)
    if isinstance(value, dict):
        return None
    for ending, read in _BY_ENDING.items():
        if column == ending.removeprefix("_") or column.endswith(ending):
            return read(value)
    if column in _FLAGS and value in (0, 1):
        return Markup("yes" if value else "no")
    return _joined(value) if column in ("headings", "unknown_headings") else None


def _linked(value: Any, table: str, link: Callable[[str, str], str]) -> Markup:
    """An id as a link under its name; a labelled value carries both."""
    labelled = value if isinstance(value, Mapping) else {"value": value, "label": value}
    return named(labelled["label"], table, labelled["value"], link)


def named(name: Any, table: str, row_id: Any, link: Callable[[str, str], str]) -> Markup:
    """A name as a link to its row."""
    return Markup(f'<a href="{escape(link(table, str(row_id)))}">{escape(name)}</a>')


def _pence(value: Any) -> Markup | None:
    return number(words.pounds(value)) if isinstance(value, int) else None


def _amount(value: Any) -> Markup | None:
    text = words.pounds_from_text(value)
    return number(text) if text else None


def _percent(value: Any) -> Markup | None:
    return number(f"{value:.1f}%") if isinstance(value, int | float) else None


def _count(value: Any) -> Markup | None:
    return number(f"{value:,}") if isinstance(value, int) else None


def _month(value: Any) -> Markup | None:
    name = words.month_name(value)
    return _moment(str(value)[:7], name) if name else None


def _date(value: Any) -> Markup | None:
    name = words.date_name(value)
    return _moment(str(value), name) if name else None


def _instant(value: Any) -> Markup | None:
    name = words.instant_name(value)
    return _moment(str(value), name) if name else None


def is_pounds(value: Any) -> bool:
    """Whether it is an amount as gbp() gives it."""
    return isinstance(value, str) and _POUNDS.fullmatch(value) is not None


def number(text: str) -> Markup:
    """A number in words, which the style sheet puts at the right."""
    return Markup(f'<span class="number">{escape(text)}</span>')


def _moment(machine: str, text: str) -> Markup:
    return Markup(f'<time datetime="{escape(machine)}">{escape(text)}</time>')


def _joined(value: Any) -> Markup | None:
    """A list kept as JSON, as words."""
    try:
        items = json.loads(value)
    except (TypeError, ValueError):
        return None
    if not isinstance(items, list):
        return None
    return escape(", ".join(map(str, items))) if items else Markup("none")


# The ending of a column's name says what its values are (DESIGN: one name a thing, everywhere).
_BY_ENDING: dict[str, Callable[[Any], Markup | None]] = {
    "_pence": _pence,
    "_amount": _amount,
    "_pct": _percent,
    "_count": _count,
    "_month": _month,
    "_date": _date,
    "_at": _instant,
}
