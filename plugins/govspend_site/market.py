"""The market as a whole: who joined it when, where the money went, and to how few."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from govspend_site import behind, chart, edition, queries, settled, words
from govspend_site.behind import Behind
from govspend_site.settled import Settled

Row = dict[str, Any]

UNKNOWN = "Size not published"
MOST_BARS = 8
"""Bars that a phone has room for; the table has the rest."""
ALL_YEARS = "All years"
# The parts of spend that a canned query breaks it down by: its name, our chart's, and its column.
_BREAKDOWNS = {
    "lot": ("sme-spend-by-lot", "market_lots"),
    "sector": ("sme-spend-by-sector", "market_sectors"),
    "framework": ("sme-spend-by-framework", "market_frameworks"),
}
_NEW_AND_OLD = {
    "supplier": ("First sale", "Sold before"),
    "buyer": ("First purchase", "Bought before"),
}
_ANY = {"lot": "", "sector": "", "framework": "", "financial_year": ""}
"""The parameters of those queries, each left open."""


@dataclass(frozen=True)
class Part:
    """A chart at both widths, what it says in words, its rows, and what is behind them."""

    title: str
    summary: str
    charts: list[Markup]
    rows: list[Row]
    behind: Behind


@dataclass(frozen=True)
class Market:
    """What the page shows."""

    first: str | None
    sentence: str
    months: Part
    march: Part
    suppliers: Part
    buyers: Part
    total: Part
    breakdowns: dict[str, Part]
    top: Part
    provisional: str


def year_of(month: str) -> str:
    """The financial year of an ISO month: 2014-03-01 is in 2013-14."""
    start = int(month[:4]) - (month[5:7] < "04")
    return f"{start}-{(start + 1) % 100:02d}"


def is_even(year: str, told: Settled) -> bool:
    """Whether the months of a financial year are all settled and all of the same feeds."""
    first = f"{year[:4]}-04-01"
    months = [settled.month_after(first, count) for count in range(12)]
    covered = {tuple(feed.feed_id for feed in told.feeds if feed.covers(m)) for m in months}
    behind_us = all(
        feed.last_settled >= month for month in months for feed in told.feeds if feed.covers(month)
    )
    return len(covered) == 1 and covered != {()} and behind_us


def through(told: Settled) -> str:
    """The names of the feeds in a sentence."""
    return words.listed([feed.title.removesuffix(" sales") for feed in told.feeds])


def total_words(row: Row, feeds: str) -> str:
    """How many buyers spent how much with how many suppliers, and when; empty without lines."""
    if row["first_month"] is None:
        return ""
    buyers, suppliers = row["buyers_that_bought_count"], row["suppliers_that_sold_count"]
    first, last = words.month_name(row["first_month"]), words.month_name(row["last_month"])
    return (
        f"{buyers:,} public {'body' if buyers == 1 else 'bodies'} spent "
        f"{words.rounded_pounds(row['total_pence'])} with {suppliers:,} "
        f"supplier{'' if suppliers == 1 else 's'} through {feeds} "
        f"{f'in {first}' if first == last else f'from {first} to {last}'}."
    )


def march_rows(rows: Iterable[Row], told: Settled) -> list[Row]:
    """Years that have a March; the ratio only where their months can be compared."""
    found = []
    for row in rows:
        march, other = row["march_pence"], row["other_average_pence"]
        even = row["month_count"] == 12 and is_even(row["financial_year"], told)
        ratio = march / other if even and march is not None and (other or 0) > 0 else None
        if march is not None:
            found.append({**row, "ratio": ratio, "ratio_words": f"{ratio:.1f}" if ratio else None})
    return found


def march_words(rows: list[Row]) -> str:
    """How high March stood above the other months, year by year."""
    compared = [row for row in rows if row["ratio"]]
    if not compared:
        return "No financial year is whole and settled yet, so March is not compared."
    last = rows[-1]
    newest = (
        f" March {int(last['financial_year'][:4]) + 1}, still provisional, stood at "
        f"{words.rounded_pounds(last['march_pence'])}."
        if last["ratio"] is None
        else ""
    )
    parts = [f"{row['ratio']:.1f} times in {row['financial_year']}" for row in compared]
    above = [row for row in compared if row["ratio"] > 1]
    peak = "peak: it came to" if len(above) == len(compared) else "change: it came to"
    highest = sum(bool(row["is_highest"]) for row in compared)
    standing = (
        f"It was the highest month in {highest} of {len(compared)} such years."
        if len(compared) > 1
        else f"It was {'' if highest else 'not '}the highest month of that year."
    )
    return (
        f"March, the last month of the financial year, was no ordinary month, but a {peak} "
        f"{words.listed(parts)} what the other eleven months came to on average. {standing}{newest}"
    )


def newcomer_words(rows: list[Row], party: str, verb: str) -> str:
    """How many there are, and when most came."""
    if not rows:
        return f"No {party} has {verb} yet."
    new, total = f"new_{party}_count", f"total_{party}_count"
    most = max(rows[1:] or rows, key=lambda row: row[new])
    busy = max(rows, key=lambda row: row[f"{party}_count"])
    return (
        f"{rows[-1][total]:,} {party}s had {verb} by {words.month_name(rows[-1]['month'])}. Most "
        f"came in {words.month_name(most['month'])}, {most[new]:,} of them; the most in any month "
        f"were {busy[f'{party}_count']:,}, in {words.month_name(busy['month'])}. In the first "
        "month everyone is new."
    )


def newcomer_figures(rows: list[Row], party: str) -> list[dict[str, object]]:
    """Two rows for each month: suppliers, or buyers, that are there for the first time, and not."""
    figures: list[dict[str, object]] = []
    for row in rows:
        fresh, all_of = row[f"new_{party}_count"], row[f"{party}_count"]
        counts = zip(_NEW_AND_OLD[party], (fresh, all_of - fresh), strict=True)
        for order, (size, count) in enumerate(counts):
            figures.append(_counted(row["month"], size, count) | {"order": order})
    return figures


def breakdown_words(rows: list[Row], column: str) -> str:
    """The largest part and its share, and the shares of SMEs in all."""
    total = sum(row["amount_pence"] for row in rows)
    known = [row for row in rows if row["amount_pence"] > 0]
    if not known:
        return "There is no spend to break down."
    largest = known[0]
    name = largest[column] or "not published"
    said = (
        f"The largest {column} was {name}: {words.rounded_pounds(largest['amount_pence'])}, "
        f"{words.percent(largest['amount_pence'], total)} of all."
    )
    shares = [
        f"{row['sme_pct']:.1f}% in {row[column] or 'lines without one'}"
        for row in known[:5]
        if row["sme_pct"] is not None
    ]
    return said + (f" The share of SMEs was {words.listed(shares)}." if shares else "")


def breakdown_figures(rows: list[Row], column: str) -> list[dict[str, object]]:
    """One row for each bar's part, in £ million; a single bar would show nothing."""
    if len(rows) < 2:
        return []
    series = [("SMEs", "sme_amount"), ("Other firms", "other_amount")]
    if any(row["not_published_amount"] for row in rows):
        series.append((UNKNOWN, "not_published_amount"))
    return [
        {
            "name": row[column] or "Not published",
            "size": name,
            "order": place,
            "amount_m": (row[key] or 0) / 1e6,
            "tip": f"{row[column] or 'Not published'}: {name} "
            + words.rounded_pounds(round(100 * (row[key] or 0))),
        }
        for row in rows[:MOST_BARS]
        for place, (name, key) in enumerate(series)
    ]


def top_words(rows: list[Row]) -> str:
    """What the largest ten took, in all and year by year."""
    every = next((row for row in rows if row["financial_year"] == ALL_YEARS), None)
    years = [r for r in rows if r["financial_year"] != ALL_YEARS and r["top_10_pct"] is not None]
    if every is None or every["top_10_pct"] is None:
        return "There is no spend to be a share of."
    parts = [f"{row['top_10_pct']:.1f}% in {row['financial_year']}" for row in years]
    return (
        f"Over all years the ten largest of {every['supplier_count']:,} suppliers took "
        f"{every['top_10_pct']:.1f}% of the money, the largest 25 {every['top_25_pct']:.1f}% and "
        f"the largest 100 {every['top_100_pct']:.1f}%. The ten largest of each year took "
        f"{words.listed(parts)}."
    )


def top_figures(rows: list[Row]) -> list[dict[str, object]]:
    return [
        {
            "year": row["financial_year"],
            "size": f"Largest {size}",
            "pct": row[f"top_{size}_pct"],
            "tip": f"{row['financial_year']}: the largest {size} {row[f'top_{size}_pct']:.1f}%",
        }
        for row in rows
        for size in (10, 25, 100)
        if row[f"top_{size}_pct"] is not None
    ]


# Drawing takes a second; an edition's figures never change.
_KNOWN: dict[tuple[str, str], Market] = {}


async def page(datasette: Any) -> Market | None:
    """Everything that /market shows of the edition being served; None where there is none."""
    served = await edition.current(datasette)
    if served is None:
        return None
    key = (str(queries.database(datasette).path), served.edition_id)
    if key not in _KNOWN:
        made = await _made(datasette)
        _KNOWN.clear()
        _KNOWN[key] = made
    return _KNOWN[key]


async def _made(datasette: Any) -> Market:
    told = await settled.current(datasette)
    # Side by side, what takes longest first.
    top, months, (total,), newcomers, march, breakdowns = await asyncio.gather(
        _top(datasette),
        _months(datasette, told),
        _rows(datasette, "market_total"),
        _rows(datasette, "market_newcomers"),
        _march(datasette, told),
        _breakdowns(datasette),
    )
    way = behind.by_sql(datasette, queries.sql("market_newcomers"))
    return Market(
        first=months.rows[0]["month"] if months.rows else None,
        sentence=total_words(total, through(told)),
        months=months,
        march=march,
        suppliers=await _newcomers(newcomers, way, "supplier", "sold"),
        buyers=await _newcomers(newcomers, way, "buyer", "bought"),
        total=await _total(newcomers, way),
        breakdowns=breakdowns,
        top=top,
        provisional=told.sentence,
    )


async def _rows(datasette: Any, name: str) -> list[Row]:
    return await behind.rows(datasette, queries.sql(name))


async def _part(
    name: str,
    title: str,
    summary: str,
    figures: list[dict[str, object]],
    rows: list[Row],
    way: Behind,
) -> Part:
    # Between two drawings others have their turn.
    drawn = await asyncio.to_thread(chart.both, name, figures, title, summary) if figures else []
    return Part(title, summary, drawn, rows, way)


async def _months(datasette: Any, told: Settled) -> Part:
    """Spend of each month, with March and the provisional months told apart."""
    sums: dict[str, int] = {}
    for row in await queries.rows(datasette, "sme_by_month"):
        sums[row["month"]] = sums.get(row["month"], 0) + row["amount_pence"]
    rows: list[Row] = [{"month": month, "amount_pence": pence} for month, pence in sums.items()]
    for row in rows:
        march = "March" if row["month"][5:7] == "03" else "Other months"
        row["kind"] = "Provisional" if told.is_provisional(row["month"]) else march
    figures: list[dict[str, object]] = [
        {"month": r["month"], "size": r["kind"], "order": 0, "amount_m": r["amount_pence"] / 1e8}
        for r in rows
    ]
    peak = max(rows, key=lambda row: row["amount_pence"], default=None)
    summary = (
        f"The highest month was {words.month_name(peak['month'])}, with "
        f"{words.rounded_pounds(peak['amount_pence'])}."
        if peak
        else ""
    )
    way = behind.by_question(datasette, "sme-spend-by-month")
    return await _part("market_months", "Spend by month", summary, figures, rows, way)


async def _march(datasette: Any, told: Settled) -> Part:
    rows = march_rows(await _rows(datasette, "market_march"), told)
    way = behind.by_sql(datasette, queries.sql("market_march"))
    return Part("The March peak", march_words(rows), [], rows, way)


async def _newcomers(rows: list[Row], way: Behind, party: str, verb: str) -> Part:
    """New and earlier suppliers, or buyers, of each month."""
    figures = newcomer_figures(rows, party)
    title = f"{party.capitalize()}s that {verb} in each month"
    return await _part(
        f"market_{party}s", title, newcomer_words(rows, party, verb), figures, rows, way
    )


def _counted(month: str, size: str, count: int) -> dict[str, object]:
    tip = f"{words.month_name(month)}: {size} {count:,}"
    return {"month": month, "size": size, "count": count, "tip": tip}


async def _total(rows: list[Row], way: Behind) -> Part:
    """How many suppliers and buyers there had been by each month."""
    figures: list[dict[str, object]] = [
        _counted(row["month"], name, row[key])
        for row in rows
        for name, key in (("Suppliers", "total_supplier_count"), ("Buyers", "total_buyer_count"))
    ]
    summary = (
        f"By {words.month_name(rows[-1]['month'])} {rows[-1]['total_supplier_count']:,} suppliers "
        f"had sold and {rows[-1]['total_buyer_count']:,} buyers had bought."
        if rows
        else ""
    )
    title = "Suppliers and buyers so far"
    return await _part("market_cumulative", title, summary, figures, rows, way)


async def _breakdowns(datasette: Any) -> dict[str, Part]:
    found = await asyncio.gather(*(_breakdown(datasette, column) for column in _BREAKDOWNS))
    return dict(zip(_BREAKDOWNS, found, strict=True))


async def _breakdown(datasette: Any, column: str) -> Part:
    """Spend by lot, sector or framework, by the very canned query that the page links to."""
    question, name = _BREAKDOWNS[column]
    query = await datasette.get_canned_query(queries.DATABASE, question, None)
    rows = await behind.rows(datasette, query["sql"], _ANY)
    return await _part(
        name,
        f"Spend by {column}",
        breakdown_words(rows, column),
        breakdown_figures(rows, column),
        rows,
        behind.by_question(datasette, question),
    )


async def _top(datasette: Any) -> Part:
    rows = await _rows(datasette, "market_top")
    return await _part(
        "market_top",
        "Share of the largest suppliers",
        top_words(rows),
        top_figures(rows),
        rows,
        behind.by_sql(datasette, queries.sql("market_top")),
    )
