"""Proof cards of how small and medium-sized firms began: first sale, second buyer, open doors."""

from __future__ import annotations

from govspend_site import proof_charts, words
from govspend_site.figure import Row
from govspend_site.proof_kind import PARTY, SPEND, About, Kind, Said, counted, party, period

LINES = [("Their sales", f"{SPEND}?supplier_size=SME&amount_pence__gt=0")]
_HERE = (*PARTY, "first-sale-here")


def page(part: str) -> tuple[str, str]:
    return ("Firms like mine", f"/firms-like-mine#{part}")


def smes_that_sold(about: About, row: Row) -> Said:
    firms, sold = row["sme_suppliers_count"], row["suppliers_that_sold_count"]
    text = (
        f"{firms:,} of the {counted(sold, 'supplier')} that sold through {about.through()} "
        f"{period(row)} did so as small or medium-sized firms"
    )
    if row["median_pence"] is not None:
        text += (
            f", to {counted(row['buyers_that_bought_count'], 'buyer')} and for "
            f"{words.rounded_pounds(row['sme_sales_pence'])} in all; half of them sold "
            f"{words.rounded_pounds(row['median_pence'])} or less, and the ten largest took "
            f"{row['ten_largest_pct']:.1f}% of what they sold"
        )
    title = "How many small and medium-sized firms sold"
    return Said(title, f"{text}.", LINES, page("how-much"))


def first_sale(about: About, row: Row) -> Said:
    if row["median_pence"] is None:
        text = "No SME has sold anything yet."
        return Said("What a first sale came to", text, LINES, page("first-sale"))
    text = (
        f"Half of the {counted(row['sme_suppliers_count'], 'small or medium-sized firm')} that "
        f"began to sell through {about.through()} {period(row)} sold "
        f"{words.rounded_pounds(row['median_pence'])} or less in their first month with a sale."
    )
    return Said("What a first sale came to", text, LINES, page("first-sale"))


def second_buyer(about: About, row: Row) -> Said:
    title = "From the first buyer to the second"
    reached, watched = row["second_buyer_within_12_months_count"], row["watched_12_months_count"]
    if not watched:
        text = "No SME was seen for 12 months after its first sale, so this is not known yet."
        return Said(title, text, LINES, page("second-buyer"))
    text = (
        f"Of the {counted(watched, 'small or medium-sized firm')} whose first sale through "
        f"{about.through()} was at least 12 months before {words.month_name(row['last_month'])}, "
        f"{reached:,} ({row['share_pct']:.1f}%) had sold to a second buyer within 12 months."
    )
    return Said(title, text, LINES, page("second-buyer"))


def estimate(about: About, row: Row) -> Said:
    text = (
        f"Counting all {counted(row['sme_suppliers_count'], 'small or medium-sized firm')} that "
        f"sold through {about.through()} for as long as each was watched, to "
        f"{words.month_name(row['last_month'])}, {row['reached_within_12_months_pct']:.1f}% had a "
        "second buyer 12 months after the first sale by the Kaplan-Meier estimate, with "
        f"{row['at_risk_at_12_months_count']:,} still waiting and watched then."
    )
    median = row["median_months_of_those_that_did"]
    if median is not None:
        text += (
            f" The median of those that did was {median:g} month{'' if median == 1 else 's'}; "
            "those still waiting are not in it."
        )
    title = "How many reach a second buyer: the estimate"
    return Said(title, text, LINES, page("second-buyer"))


def open_doors(about: About, row: Row) -> Said:
    firms, more = row["sme_suppliers_count"], row["began_with_more_count"]
    text = (
        f"{counted(row['buyer_count'], 'buyer')} gave "
        f"{counted(row['first_sale_count'], 'first sale')} through {about.through()} to "
        f"{counted(firms, 'small or medium-sized firm')} {period(row)}"
    )
    if more:
        text += f"; {more:,} began with two or more buyers in one month and count at each"
    return Said("Who gave first sales", f"{text}.", LINES, page("open-doors"))


def first_sales_from(about: About, row: Row) -> Said:
    firms = counted(row["sme_suppliers_count"], "small or medium-sized firm")
    text = (
        f"{about.name} was the buyer, or one of the buyers, of the first sale that {firms} made "
        f"through {about.through('or')} {period(row)}."
    )
    lines = [
        (
            f"What {about.name} bought from SMEs",
            f"{SPEND}?buyer_id={about.id}&supplier_size=SME&amount_pence__gt=0",
        )
    ]
    title = f"First sales that {about.name} gave"
    return Said(title, text, lines, (about.name, f"/buyers/{about.id}#first-sales"))


KINDS = {
    "smes-that-sold": Kind(
        "proof_smes_that_sold",
        "proof_smes_bands",
        smes_that_sold,
        proof_charts.counts("what they sold in all"),
        "Small and medium-sized firms by what they sold in all",
        (*PARTY, "suppliers-that-sold"),
    ),
    "first-sale": Kind(
        "proof_first_sale",
        "proof_first_sale_bands",
        first_sale,
        proof_charts.counts("what they sold in their first month with a sale"),
        "Small and medium-sized firms by what they sold in their first month with a sale",
        _HERE,
    ),
    "second-buyer": Kind(
        "proof_second_buyer",
        "proof_second_buyer_waits",
        second_buyer,
        proof_charts.counts("the time from first sale to second buyer"),
        "The same firms by the time from first sale to second buyer",
        _HERE,
    ),
    "second-buyer-estimate": Kind(
        "proof_second_buyer_estimate",
        "proof_second_buyer_steps",
        estimate,
        proof_charts.waits,
        "For each month after the first sale: firms at risk (waiting and watched), those that "
        "reached a second buyer in it, and the share that had reached one by its end",
        _HERE,
    ),
    "open-doors": Kind(
        "proof_open_doors",
        "proof_open_doors_buyers",
        open_doors,
        proof_charts.counts("the buyer of their first sale"),
        "Buyers that gave a first sale to three firms or more",
        _HERE,
    ),
    "first-sales-from": Kind(
        "proof_first_sales_from",
        "proof_first_sales_years",
        first_sales_from,
        proof_charts.counts("the financial year of their first sale"),
        "The same firms by the financial year of their first sale",
        _HERE,
        party("buyer"),
        "buyer",
    ),
}
