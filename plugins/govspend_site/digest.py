"""The monthly news of a release: what came out, who is new, what was revised and by whom.

Lines of an earlier release are not in `spend`. What it told is had from the newest release by
taking back every later change; what cannot be had so is left out, and the page says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from govspend_site import behind, edition, queries, settled, words
from govspend_site.behind import Behind

Row = dict[str, Any]

MOST_LISTED = 25
MOST_CAUSES = 10
ENOUGH_REVISIONS = 6
"""Earlier revisions of a newest month without which the next is not foretold."""
SHORTEST_GROWTH = 3
"""Months that a comparison of lots needs, a year apart."""
_FIELD_NAMES = {"supplier_size": "supplier size"}


@dataclass(frozen=True)
class Figures:
    """Rows of one question and the way to what is behind them; `count` is of all rows."""

    rows: list[Row]
    count: int
    behind: Behind


@dataclass(frozen=True)
class Growth:
    """Spend by lot over some months and the same months a year before."""

    first: str
    last: str
    months: int
    figures: Figures


@dataclass(frozen=True)
class Outlook:
    """What the newest month is likely to be revised to, with the revisions that it rests on."""

    earlier: Figures
    low: int | None = None
    middle: int | None = None
    high: int | None = None


@dataclass(frozen=True)
class Digest:
    """What one release brought. `new_suppliers` and the rest are None where none is before it."""

    row: Row
    lead: str
    years: Figures
    outlook: Outlook
    growth: Growth | None
    new_suppliers: Figures | None = None
    new_buyers: Figures | None = None
    reached: Figures | None = None
    revisions: Figures | None = None
    causes_by_supplier: Figures | None = None
    causes_by_buyer: Figures | None = None
    formats: list[str] = field(default_factory=list)


def sentence(row: Row) -> str:
    """How much a release tells of, since when, and what share of it went to SMEs."""
    first, last = words.month_name(row["oldest_month"]), words.month_name(row["newest_month"])
    total = f"{words.rounded_pounds(row['total_pence'])} was spent from {first} to {last}"
    newest = f"{last} alone came to {words.rounded_pounds(row['newest_pence'])}."
    share = words.percent(row["sme_pence"] or 0, row["total_pence"])
    if share is None or not row["sized_count"]:
        return f"{total}; the share of small and medium-sized firms in it is not known. {newest}"
    sme = words.rounded_pounds(row["sme_pence"] or 0)
    return f"{total}, {sme} ({share}) of it with small and medium-sized firms. {newest}"


def outlook_of(rows: list[Row], newest_pence: int) -> tuple[int, int, int] | None:
    """Low, middle and high that the newest month may be revised to, in pence.

    The middle is by the median of the earlier changes, low and high by the least and the greatest;
    None where they are too few, or one began from nothing.
    """
    if len(rows) < ENOUGH_REVISIONS or any(row["first_pence"] <= 0 for row in rows):
        return None
    ratios = [row["next_pence"] / row["first_pence"] for row in rows]
    low, middle, high = min(ratios), median(ratios), max(ratios)
    return round(newest_pence * low), round(newest_pence * middle), round(newest_pence * high)


def growth_months(oldest: str, newest: str, settling: int) -> tuple[str, str, int] | None:
    """First and last of the settled months to compare with those a year before, and how many.

    At most twelve, and only months whose counterpart the release holds; None where too few.
    """
    last = settled.month_after(newest, -settling)
    months = min(12, settled.months_between(oldest, settled.month_after(last, -12)) + 1)
    if months < SHORTEST_GROWTH:
        return None
    return settled.month_after(last, 1 - months), last, months


def format_changes(before: Row, after: Row, published: list[Row]) -> list[str]:
    """How the file differs from the one before it, in sentences; empty where it does not."""
    said = [
        f"The {name} changed from {before[key]} to {after[key]}."
        for key, name in (
            ("encoding", "encoding"),
            ("line_ends", "line ends"),
            ("heading_line", "line of the headings"),
        )
        if before[key] != after[key]
    ]
    said += _heading_changes(json.loads(before["headings"]), json.loads(after["headings"]))
    unknown = json.loads(after["unknown_headings"])
    if unknown:
        said.append(f"No field is known for the headings {words.listed(unknown)}.")
    for name in dict.fromkeys(row["field"] for row in published):
        rows = [row for row in published if row["field"] == name]
        said += _word_changes(_FIELD_NAMES.get(name, name), rows)
    return said


def _heading_changes(before: list[str], after: list[str]) -> list[str]:
    gone = [f"“{heading}”" for heading in before if heading not in after]
    new = [f"“{heading}”" for heading in after if heading not in before]
    said = []
    if gone:
        said.append(f"Headings that are gone: {words.listed(gone)}.")
    if new:
        said.append(f"Headings that are new: {words.listed(new)}.")
    if not gone and not new and before != after:
        said.append("The same columns come in another order.")
    return said


def _word_changes(name: str, rows: list[Row]) -> list[str]:
    """Words of one field that came and went."""
    said = []
    for is_new, verb in ((0, "no longer says"), (1, "now also says")):
        found = [f"“{row['word']}”" for row in rows if bool(row["is_new"]) == bool(is_new)]
        if len(found) > MOST_CAUSES:
            found = [*found[:MOST_CAUSES], f"{len(found) - MOST_CAUSES} more"]
        if found:
            said.append(f"For {name} the file {verb} {words.listed(found)}.")
    return said


async def releases(datasette: Any) -> list[Row]:
    """Every release, newest first, with what its digest opens with."""
    return await queries.rows(datasette, "digest_releases")


_KNOWN: dict[tuple[str, str], dict[str, list[Digest]]] = {}


async def of_month(datasette: Any, month: str) -> list[Digest]:
    """The digests of the releases whose newest month is `month` (YYYY-MM); empty where none is."""
    served = await edition.current(datasette)
    if served is None:
        return []
    key = (str(queries.database(datasette).path), served.edition_id)
    if key not in _KNOWN:
        _KNOWN.clear()
    known = _KNOWN.setdefault(key, {})
    if month not in known:
        found = await releases(datasette)
        asked = [row for row in found if row["newest_month"] == f"{month}-01"]
        if not asked:
            # What does not exist is not kept: anybody can ask for any number of months.
            return []
        by_id = {row["release_id"]: row for row in found}
        known[month] = [await _digest(datasette, row, by_id) for row in asked]
    return known[month]


async def _digest(datasette: Any, row: Row, by_id: dict[str, Row]) -> Digest:
    pair = {"release_id": row["release_id"], "previous_id": row["previous_id"] or ""}
    before = by_id.get(row["previous_id"])
    return Digest(
        row=row,
        lead=sentence(row),
        years=await _figures(datasette, "years", pair),
        outlook=await _outlook(datasette, row),
        growth=await _growth(datasette, row),
        **(await _since(datasette, row, before) if before else {}),
    )


async def _since(datasette: Any, row: Row, before: Row) -> dict[str, Any]:
    """What a release brought beyond the one before it."""
    one = {"release_id": row["release_id"]}
    told = {**one, "previous_month": before["newest_month"]}
    published = await queries.rows(
        datasette, "digest_words", {**one, "previous_id": before["release_id"]}
    )
    found: dict[str, Any] = {
        "new_suppliers": await _figures(datasette, "new_suppliers", told),
        "new_buyers": await _figures(datasette, "new_buyers", told),
        "reached": await _figures(datasette, "reached", told),
        "formats": format_changes(before, row, published),
    }
    if row["restates_history"]:
        for key in ("causes_by_supplier", "causes_by_buyer"):
            found[key] = await _figures(datasette, key, told, MOST_CAUSES)
        found["revisions"] = await _figures(datasette, "revisions", one, MOST_CAUSES)
    return found


async def _outlook(datasette: Any, row: Row) -> Outlook:
    asked = {"feed_id": row["feed_id"], "position": row["position"]}
    earlier = await _figures(datasette, "first_revisions", asked, 100)
    foretold = outlook_of(earlier.rows, row["newest_pence"])
    return Outlook(earlier, *foretold) if foretold else Outlook(earlier)


async def _growth(datasette: Any, row: Row) -> Growth | None:
    coverage = (await settled.current(datasette)).of(row["feed_id"]).feeds
    settling = coverage[0].settling_months if coverage else settled.DEFAULT_MONTHS
    span = growth_months(row["oldest_month"], row["newest_month"], settling)
    if span is None:
        return None
    first, last, months = span
    asked = {
        "release_id": row["release_id"],
        "first": first,
        "last": last,
        "before_first": settled.month_after(first, -12),
        "before_last": settled.month_after(last, -12),
    }
    return Growth(first, last, months, await _figures(datasette, "lots", asked))


def sql_of(name: str) -> str:
    """The SQL of a part of the digest, with the sales of a release where it asks for them."""
    return queries.sql(f"digest_{name}").replace("/* pairs */", queries.sql("digest_pairs") + ",")


async def _figures(
    datasette: Any, name: str, parameters: dict[str, Any], most: int = MOST_LISTED
) -> Figures:
    sql = sql_of(name)
    rows = await behind.rows(datasette, sql, parameters)
    return Figures(rows[:most], len(rows), behind.by_sql(datasette, sql, parameters))
