"""Proof cards of what went to small and medium-sized firms, and whether spend grew."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from govspend_site import home, home_periods, proof_charts, queries, settled, words
from govspend_site.figure import Row, literal
from govspend_site.home_months import Month
from govspend_site.proof_kind import (
    REPORTED,
    SPEND,
    About,
    Kind,
    Said,
    bodies,
    counted,
    period,
    share,
)

_YEAR = re.compile(r"20\d\d-\d\d")
HOME = ("Home page", "/")


async def of_year(_datasette: Any, about: About) -> About | None:
    if not _YEAR.fullmatch(about.id):
        return None
    return about.where(f"financial_year = {literal(about.id)}")


async def of_last_12_months(_datasette: Any, about: About) -> About | None:
    """The last 12 months that are settled in every feed."""
    last = about.known.last_settled
    if last is None:
        return None
    first = settled.month_after(last, -11)
    return about.where(f"month BETWEEN {literal(first)} AND {literal(last)}")


async def of_settled_months(_datasette: Any, about: About) -> About | None:
    last = about.known.last_settled
    return about.where(f"month <= {literal(last)}") if last else None


async def of_growth(datasette: Any, about: About) -> About | None:
    """The months that the home page compares; `name` is the feed, where it is of one alone."""
    rows = await queries.rows(datasette, "home_spend")
    found = home.growth_of(rows, settled.merged(about.edition.feeds), about.known)
    if found is None:
        return None
    spans = {"/* now */": found.now, "/* before */": found.before}
    fills = {
        place: f"month BETWEEN {literal(span[0].month)} AND {literal(span[-1].month)}"
        for place, span in spans.items()
    }
    condition = f"({' OR '.join(fills.values())})"
    if found.feed:
        own = [f.release_id for f in about.edition.feeds if f.feed_id == found.feed.feed_id]
        listed = ", ".join(literal(release_id) for release_id in own if release_id)
        condition += f" AND release_id IN ({listed})"
    name = found.feed.title if found.feed else ""
    return replace(about, name=name, fills=fills).where(condition)


def growth(about: About, row: Row) -> Said:
    def span(prefix: str) -> Month:
        total, sme = row[f"{prefix}_pence"], row[f"{prefix}_sme_pence"]
        unknown = row[f"{prefix}_size_not_published_pence"]
        return Month(row["first_month"], sme, total - sme - unknown, unknown)

    text = home_periods.growth_words(span("now"), span("before"), row["last_month"])
    text = home.through_alone(about.name, text)
    asked = f"month__gte={row['first_month']}&month__lte={row['last_month']}"
    lines = [("The lines of the later months", f"{SPEND}?{asked}")]
    return Said("Whether spend grew", text, lines, HOME)


def sme_share(about: About, row: Row) -> Said:
    total, when = words.rounded_pounds(row["total_pence"]), period(row)
    spent = f"{total} spent through {about.through()} {when}"
    if row["sme_pct"] is None:
        text = f"Of {spent}, the share of small and medium-sized firms is not known."
    else:
        text = f"Of {spent}, {share(row)} went to small and medium-sized firms{_unsized(row)}"
    condition = {"financial-year": f"financial_year={about.id}&"}.get(about.kind, "")
    if about.kind == "sme-share-last-12-months":
        condition = f"month__gte={row['first_month']}&month__lte={row['last_month']}&"
    title = {
        "financial-year": f"The share of small and medium-sized firms in {about.id}",
        "sme-share-last-12-months": "The share of small and medium-sized firms, last 12 settled "
        "months",
    }.get(about.kind, "The share of small and medium-sized firms")
    smes = ("The lines published as SME", f"{SPEND}?{condition}supplier_size=SME")
    everything = ("Every line of the period", f"{SPEND}?{condition}".rstrip("&?"))
    return Said(title, text, [smes, everything], HOME)


def _unsized(row: Row) -> str:
    if not row["size_not_published_count"]:
        return "."
    amount = words.rounded_pounds(row["size_not_published_pence"])
    return f"; for {amount} of it the size of the firm was not published."


def share_by_month(about: About, row: Row) -> Said:
    if not row["months_with_share_count"]:
        text = "The share of small and medium-sized firms is not known for any month."
        return Said("The SME share month by month", text, [("Every line", SPEND)])
    over, of = row["months_over_half_count"], row["months_with_share_count"]
    text = (
        f"In {over} of the {counted(of, 'settled month')} {period(row)}, small and medium-sized "
        f"firms had more than half of the spend through {about.through()}. Their lowest share was "
        f"{row['lowest_pct']:.1f}% in {words.month_name(row['lowest_month'])}, their highest "
        f"{row['highest_pct']:.1f}% in {words.month_name(row['highest_month'])}."
    )
    return Said("The SME share month by month", text, [("Every line", SPEND)], HOME)


def buyers_of_smes(about: About, row: Row) -> Said:
    text = (
        f"{row['buyers_that_bought_from_smes_count']:,} of the "
        f"{bodies(row['buyers_that_bought_count'])} that bought through {about.through()} "
        f"{period(row)} bought from a small or medium-sized firm, for "
        f"{words.rounded_pounds(row['bought_from_smes_pence'])} in all."
    )
    lines = [("What they bought", f"{SPEND}?supplier_size=SME&amount_pence__gt=0")]
    return Said("How many buyers bought from small and medium-sized firms", text, lines, HOME)


MONTHS = ("proof_months", "Month by month, by size of firm as published")
KINDS = {
    "sme-share": Kind("proof_sme_share", MONTHS[0], sme_share, proof_charts.money, MONTHS[1]),
    "sme-share-last-12-months": Kind(
        "proof_sme_share",
        MONTHS[0],
        sme_share,
        proof_charts.money,
        MONTHS[1],
        scope=of_last_12_months,
    ),
    "sme-share-by-month": Kind(
        "proof_share_by_month",
        "proof_share_months",
        share_by_month,
        proof_charts.sme_share,
        "SME share of each month",
        (*REPORTED, "newest-months"),
        of_settled_months,
    ),
    "growth": Kind(
        "proof_growth", MONTHS[0], growth, proof_charts.money, MONTHS[1], scope=of_growth
    ),
    "buyers-of-smes": Kind(
        "proof_buyers_of_smes",
        "proof_buyers_of_smes_bands",
        buyers_of_smes,
        proof_charts.counts("what they bought from SMEs in all", "buyer", "buyers", "buyer_count"),
        "The same buyers by what they bought from SMEs in all",
    ),
    "financial-year": Kind(
        "proof_sme_share",
        MONTHS[0],
        sme_share,
        proof_charts.money,
        MONTHS[1],
        scope=of_year,
        of="year",
    ),
}
