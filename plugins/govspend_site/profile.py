"""What the profiles of a supplier and of a buyer share: parts with exports, timeline, words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from govspend_site import cells, chart, edition, parties, queries, settled, words

Row = dict[str, Any]

SHOWN = 25
"""Rows of a part on the page; its JSON and CSV hold all of them."""
_UNITS = ((10**11, "bn"), (10**8, "m"), (10**5, "k"))
_DIVISORS = {"bn": (10**11, "£ billion"), "m": (10**8, "£ million"), "k": (10**5, "£ thousand")}


@dataclass(frozen=True)
class Part:
    """A section of a profile: the rows of one SQL file, as a table, JSON and CSV."""

    key: str
    title: str
    sql: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Filled:
    """A part with its rows."""

    part: Part
    rows: list[Row]
    sql_url: str

    @property
    def columns(self) -> list[tuple[str, str]]:
        """The columns that say anything: a size that is never unpublished needs no column."""
        return [
            (key, heading)
            for key, heading in self.part.columns
            if key != "not_published_pence" or any(row[key] for row in self.rows)
        ]


@dataclass(frozen=True)
class Timeline:
    """The chart of a profile with its unit, its words and what is provisional in it."""

    drawings: list[Markup]
    unit: str
    summary: str
    provisional: str


def counted(count: int, one: str, many: str) -> str:
    """1 public body, 1,200 public bodies."""
    return f"{count:,} {one if count == 1 else many}"


def period(facts: Mapping[str, Any]) -> str:
    """in June 2014, or from April 2012 to June 2014."""
    first, last = words.month_name(facts["first_month"]), words.month_name(facts["last_month"])
    return f"in {first}" if first == last else f"from {first} to {last}"


def only_earlier(name: str) -> str:
    """What is said of a party whose every line was taken back or renamed in a later release."""
    return (
        f"No line of {name} stands in the newest release of any feed: it was named in an earlier "
        "release only, and later ones took its lines back or gave them to another name."
    )


async def filled(datasette: Any, part: Part, parameters: Mapping[str, str]) -> Filled:
    rows = await parties.rows(datasette, part.sql, parameters)
    return Filled(part, rows, parties.sql_url(datasette, part.sql, parameters))


async def feeds_of(datasette: Any, name: str, parameters: Mapping[str, str]) -> list[str]:
    """Names of the agreements that the lines came through: the feeds' titles without "sales"."""
    rows = await parties.rows(datasette, name, parameters)
    return [row["title"].removesuffix(" sales") for row in rows]


def months_between(first: str, last: str) -> list[str]:
    """Every month from one to another, as first days."""
    count = settled.months_between(first, last)
    return [settled.month_after(first, n) for n in range(count + 1)]


def unit_of(pence: int) -> tuple[int, str]:
    """What to divide pence by for a chart whose largest bar is `pence`, and the unit's name."""
    for limit, unit in _UNITS:
        if pence >= limit:
            return _DIVISORS[unit]
    return 100, "£"


def chart_rows(
    rows: Sequence[Row], series: Mapping[str, str], span: Sequence[str], provisional: set[str]
) -> tuple[list[dict[str, object]], str]:
    """One row for each bar's part over the whole span of the data, and the unit of its amounts.

    Months without a line are nought, so that every profile has the same time axis.
    """
    by_month = {row["month"]: row for row in rows}
    divisor, unit = unit_of(max((abs(row["amount_pence"]) for row in rows), default=0))
    used = {key: name for key, name in series.items() if any(row[key] for row in rows)}
    drawn: list[dict[str, object]] = [
        {
            "month": month,
            "size": name,
            "order": order,
            "amount": by_month[month][key] / divisor if month in by_month else 0,
            "provisional": month in provisional,
        }
        for month in span
        for order, (key, name) in enumerate(used.items())
    ]
    return drawn, unit


def timeline_words(rows: Sequence[Row], what: str, late: set[str]) -> str:
    """The chart in words. Provisional months (`late`) are told but never compared."""
    first, last = rows[0], rows[-1]
    if len(rows) == 1:
        return f"All of its lines are of {words.month_name(first['month'])}."
    said = (
        f"Lines stand in {len(rows)} months. {what} came to "
        f"{words.rounded_pounds(first['amount_pence'])} in {words.month_name(first['month'])}, the "
        f"first of them, and to {words.rounded_pounds(last['amount_pence'])} in "
        f"{words.month_name(last['month'])}, the latest."
    )
    settled_rows = [row for row in rows if row["month"] not in late]
    if len(settled_rows) < 2:
        return said
    peak = max(settled_rows, key=lambda row: row["amount_pence"])
    of_settled = "" if len(settled_rows) == len(rows) else " of the settled months"
    return (
        f"{said} The highest{of_settled} was {words.month_name(peak['month'])}, with "
        f"{words.rounded_pounds(peak['amount_pence'])}."
    )


_drawn: dict[tuple[str, ...], Timeline] = {}


async def timeline(
    datasette: Any, key: str, rows: Sequence[Row], series: Mapping[str, str], title: str, what: str
) -> Timeline | None:
    """The chart by month. Drawing takes a tenth of a second, so drawings are kept."""
    served = await edition.current(datasette)
    if served is None or not rows:
        return None
    place = (str(queries.database(datasette).path), served.edition_id, key)
    if place not in _drawn:
        made = await _timeline(datasette, served, rows, series, title, what)
        while len(_drawn) >= parties.MOST_KEPT:
            _drawn.pop(next(iter(_drawn)))
        _drawn[place] = made
    return _drawn[place]


async def _timeline(
    datasette: Any,
    served: edition.Edition,
    rows: Sequence[Row],
    series: Mapping[str, str],
    title: str,
    what: str,
) -> Timeline:
    oldest = min(f.oldest_month for f in served.feeds if f.oldest_month)
    newest = max(f.newest_month for f in served.feeds if f.newest_month)
    span = months_between(min(oldest, rows[0]["month"]), max(newest, rows[-1]["month"]))
    known = await settled.current(datasette)
    late = {month for month in span if known.is_provisional(month)}
    drawn, unit = chart_rows(rows, series, span, late)
    said = timeline_words(rows, what, late)
    return Timeline(
        # In a thread of its own: other pages are answered meanwhile.
        drawings=await asyncio.to_thread(chart.both, "party_by_month", drawn, title, said)
        if drawn
        else [],
        unit=unit,
        summary=said,
        provisional=known.sentence if late & {row["month"] for row in rows} else "",
    )


def cell(urls: Any, row: Row, column: str) -> Markup:
    """A value as the page shows it: names lead to their party, lines and amounts to their lines."""
    value = row[column]
    if value is None:
        return Markup('<span class="unknown">{}</span>').format(_unknown(column))
    for party in ("supplier", "buyer"):
        if column == f"{party}_name":
            return _link(urls.path(f"/{party}s/{row[f'{party}_id']}"), value)
    if column == "spend_id":
        return _link(urls.row(queries.DATABASE, "spend", value), "The line")
    if column == "release_id":
        return _link(urls.path(f"/releases/{value}"), value)
    if column == "method":
        return Markup("{}").format(_METHODS.get(value, value))
    return cells.shown(value, column, lambda table, key: "") or Markup("{}").format(value)


def _unknown(column: str) -> str:
    """What an empty cell means."""
    if column in ("first_month", "last_month"):
        return "none"
    return "not published" if column in cells.AS_PUBLISHED else "not known"


# What joined a published name to its party, as a reader would say it.
_METHODS = {
    "exact": "the name itself",
    "rule": "a rule",
    "alias": "a reviewed list",
}


def _link(url: str, text: object) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url, text)


def is_numeric(column: str) -> bool:
    return column.endswith(("_pence", "_pct", "_count"))
