"""The list of suppliers and the profile of one: which figures, in which words."""

from __future__ import annotations

from typing import Any

from govspend_site import profile, words
from govspend_site.parties import Column, Kind
from govspend_site.profile import Part

LIST = Kind(
    path="/suppliers",
    sql="suppliers_list",
    columns=(
        Column("supplier_name", "Supplier", "name", "up"),
        Column("amount_pence", "Total", "total"),
        Column("sme_pence", "As an SME", "sme"),
        Column("buyer_count", "Buyers", "buyers"),
        Column("first_month", "First sale", "first"),
        Column("last_month", "Latest sale", "latest"),
    ),
    selects={"size": "Size as published", "lot": "Lot", "year": "Financial year"},
    numbers=("minimum", "buyers"),
)

MONEY = ("amount_pence", "Total")
SPAN = (("first_month", "First sale"), ("last_month", "Latest sale"))
SALE = (
    ("month", "Month"), ("buyer_name", "Buyer"), ("lot", "Lot"), ("description", "What"),
    ("amount_pence", "Amount"), ("spend_id", "Line"),
)  # fmt: skip

PARTS = (
    Part("months", "Month by month", "supplier_months", (
        ("month", "Month"), ("sme_pence", "As an SME"), ("other_pence", "As a large firm"),
        ("not_published_pence", "Size not published"), MONEY, ("buyer_count", "Buyers"),
    )),
    Part("years", "By financial year", "supplier_years", (
        ("financial_year", "Financial year"), MONEY, ("sme_pence", "As an SME"),
        ("buyer_count", "Buyers"), ("line_count", "Lines"),
    )),
    Part("buyers", "Who bought", "supplier_buyers", (
        ("buyer_name", "Buyer"), MONEY, ("amount_pct", "Share"), ("line_count", "Lines"), *SPAN,
    )),
    Part("lots", "Frameworks and lots", "supplier_lots", (
        ("framework", "Framework"), ("lot", "Lot"), MONEY, ("buyer_count", "Buyers"),
        ("line_count", "Lines"), *SPAN,
    )),
    Part("sizes", "Size as published", "supplier_sizes", (
        ("supplier_size", "Size"), ("first_month", "From"), ("last_month", "To"),
        ("month_count", "Months"), ("line_count", "Lines"), MONEY,
    )),
    Part("sizes-by-release", "Size in each release", "supplier_release_sizes", (
        ("release_id", "Release"), ("supplier_size", "Size"), ("first_month", "From"),
        ("last_month", "To"), ("line_count", "Lines"), MONEY,
    )),
    Part("first", "First sales", "supplier_first", SALE),
    Part("latest", "Latest sales", "supplier_latest", SALE),
    Part("similar", "Similar firms", "supplier_similar", (
        ("supplier_name", "Firm"), ("shared_buyer_count", "Buyers in common"), MONEY,
    )),
    Part("names", "Names it was published under", "supplier_names", (
        ("published_name", "Name"), ("method", "Joined by"), ("evidence", "Why"),
        ("line_count", "Lines"), MONEY, ("first_month", "From"), ("last_month", "To"),
    )),
)  # fmt: skip

SERIES = {
    "sme_pence": "Sold as an SME",
    "other_pence": "Sold as a large firm",
    "not_published_pence": "Size not published",
}


def size_words(facts: dict[str, Any]) -> str:
    """As which size of firm the sales were published, for the end of the sentence."""
    kinds = [
        text
        for flag, text in (
            ("sold_as_sme", "as an SME"),
            ("sold_as_large", "as a large firm"),
            ("sold_unknown", "without a published size"),
        )
        if facts[flag]
    ]
    return kinds[0] if len(kinds) == 1 else "partly " + " and partly ".join(kinds)


def headline(facts: dict[str, Any], feeds: list[str]) -> str:
    """One sentence: how much, through what, to how many, from when to when, as what size."""
    name, through = facts["name"], words.listed(feeds)
    if not facts["line_count"]:
        return profile.only_earlier(name)
    if not facts["sale_count"]:
        lines = profile.counted(facts["line_count"], "line is a credit", "lines are credits")
        return f"No sale of {name} through {through} is in this edition: its {lines} or nought."
    bodies = profile.counted(
        facts["buyer_count"],
        *(("buyer", "buyers") if facts["has_others"] else ("public body", "public bodies")),
    )
    return (
        f"{name} sold {words.rounded_pounds(facts['amount_pence'])} through {through} to {bodies} "
        f"{profile.period(facts)}, {size_words(facts)}."
    )
