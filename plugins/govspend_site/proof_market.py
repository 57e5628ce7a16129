"""Proof cards of the whole market: who joined it, where the money went and to how few."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from govspend_site import map_page, market, proof_charts, queries, settled, words
from govspend_site.figure import ChartData, Row, literal
from govspend_site.proof_kind import (
    PARTY,
    REPORTED,
    SPEND,
    About,
    Draw,
    Kind,
    Rows,
    Said,
    Scope,
    counted,
    period,
)
from govspend_site.proof_money import MONTHS

EVERY_LINE = [("Every line", SPEND)]
_VERBS = {"supplier": "sold", "buyer": "bought"}
_COLUMN_CAVEATS = {"lot": ("lots-changed",), "framework": ("framework-flattened",)}


def page(part: str = "") -> tuple[str, str]:
    return ("The market", f"/market{part}")


def of_each(**fills: str) -> Scope:
    """The scope of all lines, with words that stand in the SQL: of_each(party="supplier")."""

    async def scope(_datasette: Any, about: About) -> About:
        return replace(about, fills={f"/* {place} */": fill for place, fill in fills.items()})

    return scope


async def of_compared_years(datasette: Any, about: About) -> About | None:
    """The financial years whose March the market page compares; None where there is none."""
    rows = await queries.rows(datasette, "market_march")
    years = [row["financial_year"] for row in market.march_rows(rows, about.known) if row["ratio"]]
    listed = ", ".join(literal(year) for year in years)
    return replace(about, fills={"/* years */": f"financial_year IN ({listed})"}) if years else None


async def of_places(datasette: Any, about: About) -> About | None:
    """All lines; None in a kept edition from before there were places."""
    return about if await queries.database(datasette).table_exists("buyer_places") else None


def total(about: About, row: Row) -> Said:
    text = market.total_words(dict(row), about.through())
    return Said("The whole market", text, EVERY_LINE, page())


def march(about: About, row: Row) -> Said:
    """The same years and ratios as market.march_words has, from the one row."""
    of, highest = row["compared_years_count"], row["march_was_highest_count"]
    standing = (
        f"in {highest} of {of} such years"
        if of > 1
        else "of that year"
        if highest
        else "of no year"
    )
    parts = words.listed(row["march_to_other_months"].split(", "))
    text = (
        f"March, the last month of the financial year, came to {parts} what the other eleven "
        f"months of spend through {about.through()} came to on average. It was the highest month "
        f"{standing}. Only years that are whole and settled are compared."
    )
    years = f"{SPEND}?financial_year={row['last_year']}"
    return Said(
        "The March peak", text, [(f"The lines of {row['last_year']}", years)], page("#march")
    )


def march_chart(rows: Rows, known: settled.Settled) -> ChartData | None:
    """March and the other months' average, for each year that can be compared."""
    drawn: Rows = []
    for row in market.march_rows(rows, known):
        year, rest = row["financial_year"], row["other_average_pence"]
        if row["ratio"]:
            drawn.append({"of": f"March of {year}", "pence": row["march_pence"]})
            drawn.append({"of": f"Average of the rest of {year}", "pence": rest})
    return proof_charts.amounts("without VAT", "pence")(drawn[-proof_charts.MOST_BARS :], known)


def newcomers(about: About, row: Row) -> Said:
    party = about.kind.removesuffix("s-by-month")
    verb = _VERBS[party]
    text = (
        f"{counted(row['so_far_count'], party)} had {verb} through {about.through()} by "
        f"{words.month_name(row['last_month'])}. Most came in "
        f"{words.month_name(row['most_new_month'])}, {row['most_new_count']:,} of them; the most "
        f"in any month were {row['most_in_month_count']:,}, in "
        f"{words.month_name(row['most_in_month'])}. Months are from "
        f"{words.month_name(row['first_month'])}, in which everyone is new."
    )
    lines = [("Every sale", f"{SPEND}?amount_pence__gt=0")]
    return Said(f"{party.capitalize()}s that {verb}", text, lines, page(f"#{party}s"))


def newcomers_chart(party: str) -> Draw:
    def draw(rows: Rows, _known: settled.Settled) -> ChartData | None:
        figures = market.newcomer_figures(rows, party)
        title = f"{party.capitalize()}s that {_VERBS[party]} in each month"
        text = market.newcomer_words(rows, party, _VERBS[party])
        return ChartData(f"market_{party}s", figures, title, title, text) if rows else None

    return draw


def breakdown(about: About, row: Row) -> Said:
    column = about.kind.removeprefix("spend-by-")
    name = row["largest_name"] or "not published"
    of = f"{row['largest_pct']:.1f}% of" if row["largest_pct"] is not None else "of"
    text = (
        f"The largest {column} was {name}: {words.rounded_pounds(row['largest_pence'])}, {of} all "
        f"{words.rounded_pounds(row['total_pence'])} spent through {about.through()} {period(row)}."
    )
    return Said(f"Spend by {column}", text, EVERY_LINE, page(f"#{column}"))


def breakdown_chart(column: str) -> Draw:
    def draw(rows: Rows, known: settled.Settled) -> ChartData | None:
        in_pounds = [
            {
                **row,
                "sme_amount": (row["sme_pence"] or 0) / 100,
                "other_amount": row["other_firms_pence"] / 100,
                "not_published_amount": row["size_not_published_pence"] / 100,
                "amount_pence": row["total_pence"],
            }
            for row in rows
        ]
        figures = market.breakdown_figures(in_pounds, column)
        text = market.breakdown_words(in_pounds, column)
        if not figures:
            # One part alone is one bar, and an image needs something to show.
            return proof_charts.amounts("without VAT", "total_pence")(rows, known)
        title = f"Spend by {column}"
        return ChartData(f"market_{column}s", figures, title, "£ million, without VAT", text)

    return draw


def concentration(about: About, row: Row) -> Said:
    text = (
        f"The ten largest of {counted(row['supplier_count'], 'supplier')} took "
        f"{row['top_10_pct']:.1f}% of the {words.rounded_pounds(row['total_pence'])} spent through "
        f"{about.through()} {period(row)}, the largest 25 {row['top_25_pct']:.1f}% and the largest "
        f"100 {row['top_100_pct']:.1f}%."
    )
    return Said("To how few the money went", text, EVERY_LINE, page("#top"))


def concentration_chart(rows: Rows, _known: settled.Settled) -> ChartData | None:
    figures = market.top_figures(rows)
    unit, text = "% of all spend in the financial year", market.top_words(rows)
    drawn = ChartData("market_top", figures, "Share of the largest suppliers", unit, text)
    return drawn if figures else None


def places(about: About, row: Row) -> Said:
    placed, buyers = row["placed_buyer_count"], row["buyer_count"]
    known = map_page.Row("", placed, row["placed_pence"], None, {})
    unknown = map_page.Row("", buyers - placed, row["total_pence"] - row["placed_pence"], None, {})
    every = map_page.Row("", buyers, row["total_pence"], None, {})
    said = map_page.sentence(known, unknown, every, about.edition.illustrative)
    text = f"{said} The spend is through {about.through()} {period(row)}."
    lines = [("Every place", "/govspend/buyer_places"), *EVERY_LINE]
    return Said("How much of the spend has a place", text, lines, ("The map", "/map"))


def _breakdown(column: str) -> Kind:
    return Kind(
        "proof_breakdown",
        "proof_breakdown_parts",
        breakdown,
        breakdown_chart(column),
        f"Spend by {column}, the largest first",
        (*REPORTED, *_COLUMN_CAVEATS.get(column, ())),
        of_each(column=column),
    )


def _newcomers(party: str) -> Kind:
    return Kind(
        "proof_newcomers",
        "proof_newcomers_months",
        newcomers,
        newcomers_chart(party),
        f"{party.capitalize()}s by month: with a sale, for the first time, and so far",
        (*PARTY, "first-sale-here"),
        of_each(party=party),
    )


KINDS = {
    "market-total": Kind("proof_market_total", MONTHS[0], total, proof_charts.money, MONTHS[1]),
    "march-peak": Kind(
        "proof_march",
        "proof_march_years",
        march,
        march_chart,
        "March beside the average of the other months of its financial year",
        scope=of_compared_years,
    ),
    "suppliers-by-month": _newcomers("supplier"),
    "buyers-by-month": _newcomers("buyer"),
    "spend-by-lot": _breakdown("lot"),
    "spend-by-sector": _breakdown("sector"),
    "spend-by-framework": _breakdown("framework"),
    "concentration": Kind(
        "proof_concentration",
        "proof_concentration_years",
        concentration,
        concentration_chart,
        "Share of the largest suppliers; the largest of each year are the largest of that year",
        PARTY,
    ),
    "places": Kind(
        "proof_places",
        "map_regions",
        places,
        proof_charts.amounts("by region or nation of the buyer’s head office"),
        "Spend by region or nation of the buyer’s head office",
        (*PARTY, "head-office", "place-by-evidence"),
        of_places,
    ),
}
