"""The home page's figures: one sentence, one chart, and the table behind both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from govspend_site import chart, queries, words
from govspend_site.edition import Edition, Feed

SME = "SME"
UNKNOWN = "Size not published"


@dataclass(frozen=True)
class Month:
    """Pence of one month: to SMEs, to other firms, and where the size is not published."""

    month: str
    sme: int
    other: int
    unknown: int

    @property
    def total(self) -> int:
        return self.sme + self.other + self.unknown

    @property
    def financial_year(self) -> str:
        year, month = int(self.month[:4]), int(self.month[5:7])
        start = year if month >= 4 else year - 1
        return f"{start}-{(start + 1) % 100:02d}"


@dataclass(frozen=True)
class Home:
    """What the template shows."""

    sentence: str
    feeds: list[Feed]
    months: list[Month]
    summary: list[str]
    charts: list[Markup]
    has_unknown: bool
    counts: dict[str, int]


def months_of(rows: Iterable[dict[str, Any]]) -> list[Month]:
    """Rows of month, supplier_size and amount_pence, gathered by month."""
    sums: dict[str, dict[str | None, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        sums[row["month"]][row["supplier_size"]] += row["amount_pence"]
    return [
        Month(
            month=month,
            sme=sizes.get(SME, 0),
            other=sum(pence for size, pence in sizes.items() if size not in (SME, None)),
            unknown=sizes.get(None, 0),
        )
        for month, sizes in sorted(sums.items())
    ]


def has_unknown(rows: Iterable[dict[str, Any]]) -> bool:
    """Whether any line is without a published size, even where such lines sum to nothing."""
    return any(row["supplier_size"] is None for row in rows)


def sentence(months: list[Month], feeds: list[Feed], unknown: bool) -> str:
    """How much was spent, when, through what, and what share of it went to SMEs."""
    if not months:
        return "This edition holds no sales yet."
    total, sme = sum(m.total for m in months), sum(m.sme for m in months)
    through = words.listed([feed.title.removesuffix(" sales") for feed in feeds])
    first, last = words.month_name(months[0].month), words.month_name(months[-1].month)
    period = f"in {first}" if first == last else f"from {first} to {last}"
    amount, when = words.rounded_pounds(total), f"spent through {through} {period}"
    share = words.percent(sme, total)
    if share is None or (unknown and all(m.sme == m.other == 0 for m in months)):
        return f"{amount} was {when}; the share of small and medium-sized firms in it is not known."
    part = f"{words.rounded_pounds(sme)} ({share})"
    went = f"Of {amount} {when}, {part} went to small and medium-sized firms"
    if not unknown:
        return f"{went}."
    without = words.rounded_pounds(sum(m.unknown for m in months))
    return f"{went}; for {without} of it the size of the firm was not published."


def summary(months: list[Month]) -> list[str]:
    """The chart in words: first and last month, the highest, and the share year by year."""
    if not months:
        return []
    first, last, peak = months[0], months[-1], max(months, key=lambda m: m.total)
    lines = [
        f"{words.rounded_pounds(first.total)} was spent in {words.month_name(first.month)} and "
        f"{words.rounded_pounds(last.total)} in {words.month_name(last.month)}. The highest month "
        f"was {words.month_name(peak.month)}, with {words.rounded_pounds(peak.total)}."
    ]
    shares = [f"{share} in {year}" for year, share in year_shares(months) if share]
    if shares and not last.month.endswith("-03-01") and len(shares) == len(year_shares(months)):
        shares[-1] += f" (to {words.month_name(last.month)})"
    if shares:
        lines.append(f"The share of SMEs by financial year was {words.listed(shares)}.")
    return lines


def partly_covered(feeds: list[Feed]) -> str | None:
    """Which months not every feed has reached yet, so that nobody reads their fall as a fall."""
    reached = sorted({feed.newest_month for feed in feeds if feed.newest_month})
    if len(reached) < 2:
        return None
    short = [f for f in feeds if f.newest_month and f.newest_month < reached[-1]]
    without = words.listed([feed.title.removesuffix(" sales") for feed in short])
    return f"Months after {words.month_name(reached[0])} are not whole: they are without {without}."


def year_shares(months: list[Month]) -> list[tuple[str, str | None]]:
    """The SME share of each financial year; None where no size was published in it."""
    sme: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    known: dict[str, bool] = defaultdict(bool)
    for month in months:
        sme[month.financial_year] += month.sme
        total[month.financial_year] += month.total
        known[month.financial_year] |= bool(month.sme or month.other)
    return [
        (year, words.percent(sme[year], total[year]) if known[year] else None) for year in total
    ]


def chart_rows(months: list[Month], unknown: bool) -> list[dict[str, object]]:
    """One row for each bar's part: month, series, its place in the pile, and £ million."""
    series = [("SMEs", "sme"), ("Other firms", "other")] + ([(UNKNOWN, "unknown")] * unknown)
    return [
        {"month": m.month, "size": name, "order": n, "amount_m": getattr(m, field) / 1e8}
        for m in months
        for n, (name, field) in enumerate(series)
    ]


# Drawing takes a tenth of a second; an edition's figures never change.
_KNOWN: dict[tuple[str, str], Home] = {}


async def page(datasette: Any, edition: Edition) -> Home:
    """Everything the home page shows of an edition."""
    key = (str(queries.database(datasette).path), edition.edition_id)
    if key not in _KNOWN:
        made = await _made(datasette, edition)
        _KNOWN.clear()
        _KNOWN[key] = made
    return _KNOWN[key]


async def _made(datasette: Any, edition: Edition) -> Home:
    rows = await queries.rows(datasette, "sme_by_month")
    months, unknown = months_of(rows), has_unknown(rows)
    feeds = [feed for feed in edition.feeds if feed.release_id]
    said = sentence(months, feeds, unknown)
    drawn = chart_rows(months, unknown)
    return Home(
        sentence=said,
        feeds=feeds,
        months=months,
        summary=[*summary(months), *filter(None, [partly_covered(feeds)])],
        charts=chart.both("sme_by_month", drawn, "Spend by month and size of firm", said)
        if months
        else [],
        has_unknown=unknown,
        counts=(await queries.rows(datasette, "home_counts"))[0],
    )
