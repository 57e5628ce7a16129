"""The home page's figures: one sentence, one chart, and the table behind both."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from govspend_site import chart, queries, settled, words
from govspend_site.edition import Edition, Feed
from govspend_site.home_feeds import Fresh
from govspend_site.home_months import Month, has_unknown, months_of
from govspend_site.home_periods import (
    Period,
    chart_rows,
    compared,
    growth_words,
    periods,
    together,
)
from govspend_site.settled import Settled

__all__ = ["Choices", "Home", "Month", "has_unknown", "months_of", "page", "sentence"]

ALL_FEEDS = "all"


@dataclass(frozen=True)
class Choices:
    """What the chart shows: months, quarters or years; pounds or shares; one feed or all."""

    by: str = "month"
    show: str = "pounds"
    feed: str = ALL_FEEDS

    def query(self, **changed: str) -> str:
        """These choices as a query string, without those that are as they come."""
        now, usual = {**asdict(self), **changed}, asdict(Choices())
        return urlencode({key: value for key, value in now.items() if value != usual[key]})


@dataclass(frozen=True)
class Home:
    """What the template shows."""

    sentence: str
    growth: str
    provisional: str
    feeds: list[Fresh]
    title: str
    unit: str
    periods: list[Period]
    summary: list[str]
    charts: list[Markup]
    has_unknown: bool
    releases: list[str]
    """Releases of the chosen feed; none where all feeds are chosen."""
    counts: dict[str, int]


@dataclass(frozen=True)
class Growth:
    """The settled months that are compared with those a year before; of one feed, or of all."""

    feed: Feed | None
    now: list[Month]
    before: list[Month]

    @property
    def sentence(self) -> str:
        said = growth_words(together(self.now), together(self.before), self.now[-1].month)
        return through_alone(self.feed.title if self.feed else "", said)


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


# Drawing takes a tenth of a second; an edition's figures never change.
_KNOWN: dict[tuple[str, str], dict[Choices, Home]] = {}


async def page(datasette: Any, edition: Edition, choices: Choices) -> Home:
    """Everything the home page shows of an edition for some choices of the chart."""
    key = (str(queries.database(datasette).path), edition.edition_id)
    if key not in _KNOWN:
        _KNOWN.clear()
        _KNOWN[key] = {}
    kept = _KNOWN[key]
    if choices not in kept:
        kept[choices] = await _made(datasette, edition, choices)
    return kept[choices]


async def _made(datasette: Any, edition: Edition, choices: Choices) -> Home:
    rows = await queries.rows(datasette, "home_spend")
    covered = await settled.current(datasette)
    every = settled.merged(edition.feeds)
    everything = months_of(rows)
    grown = growth_of(rows, every, covered)
    feeds = [feed for feed in every if choices.feed in (ALL_FEEDS, feed.feed_id)]
    own = [row for row in rows if choices.feed in (ALL_FEEDS, row["feed_id"])]
    months, unknown = months_of(own), has_unknown(own)
    narrowed = covered.of(*(feed.feed_id for feed in feeds))
    found = periods(months, choices.by, narrowed)
    fresh = [Fresh(**row) for row in await queries.rows(datasette, "home_feeds")]
    title = title_of(choices, feeds)
    return Home(
        sentence=sentence(everything, every, has_unknown(rows)),
        growth=grown.sentence if grown else "",
        provisional=narrowed.sentence,
        feeds=fresh,
        title=title,
        unit="per cent of spend" if choices.show == "share" else "£ million, excluding VAT",
        periods=found,
        summary=[*summary(months), *filter(None, [partly_covered(feeds)])],
        charts=await asyncio.to_thread(
            _drawn, found, unknown, choices, title, sentence(months, feeds, unknown)
        ),
        has_unknown=unknown,
        releases=[str(f.release_id) for f in edition.feeds if f.feed_id == choices.feed],
        counts=(await queries.rows(datasette, "home_counts"))[0],
    )


def growth_of(rows: list[dict[str, Any]], feeds: list[Feed], covered: Settled) -> Growth | None:
    """Growth of all feeds together; else that of the oldest feed that can tell it."""
    found = compared(months_of(rows), covered)
    if found:
        return Growth(None, *found)
    for feed in sorted(feeds, key=lambda feed: str(feed.oldest_month)):
        own = months_of(row for row in rows if row["feed_id"] == feed.feed_id)
        found = compared(own, covered.of(feed.feed_id))
        if found and len(feeds) > 1:
            return Growth(feed, *found)
    return None


def through_alone(feed: str, said: str) -> str:
    """A sentence on growth with the title of the feed that it is of, if it is of one alone."""
    name = feed.removesuffix(" sales")
    return f"Through {name} alone, {said[0].lower()}{said[1:]}" if feed else said


def title_of(choices: Choices, feeds: list[Feed]) -> str:
    """The chart's title: its measure, its period and, where one is chosen, its feed."""
    measure = "Share of spend" if choices.show == "share" else "Spend"
    period = {"month": "month", "quarter": "quarter", "year": "financial year"}[choices.by]
    of = f", {feeds[0].title}" if choices.feed != ALL_FEEDS and feeds else ""
    return f"{measure} by {period} and size of firm{of}"


def _drawn(
    found: list[Period], unknown: bool, choices: Choices, title: str, text: str
) -> list[Markup]:
    if not found:
        return []
    name = "sme_by_month" if choices.by == "month" else "home_periods"
    return chart.both(name, chart_rows(found, unknown, choices.show), title, text)
