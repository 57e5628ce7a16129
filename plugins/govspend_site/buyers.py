"""The list of buyers and the profile of one: which figures, in which words."""

from __future__ import annotations

from typing import Any

from govspend_site import profile, words
from govspend_site.parties import Column, Kind
from govspend_site.profile import Part

LIST = Kind(
    path="/buyers",
    sql="buyers_list",
    columns=(
        Column("buyer_name", "Buyer", "name", "up"),
        Column("amount_pence", "Total", "total"),
        Column("sme_pence", "To SMEs", "sme"),
        Column("sme_pct", "SME share", "sme_pct"),
        Column("supplier_count", "Suppliers", "suppliers"),
        Column("sme_count", "SMEs", "smes"),
        Column("first_sale_count", "First sales given", "first_sales"),
        Column("largest_pct", "Largest supplier’s share", "largest"),
    ),
    selects={"lot": "Lot", "sector": "Sector", "year": "Financial year"},
    numbers=("minimum", "suppliers"),
)

SHARES = ("sme_pct", "largest")
"""Sorts by a share, which says little of a small sum or of few firms."""
LEAST_FOR_A_SHARE = {"minimum": "100000", "suppliers": "5"}

MONEY = ("amount_pence", "Total")

PARTS = (
    Part("months", "Month by month", "buyer_months", (
        ("month", "Month"), ("sme_pence", "To SMEs"), ("other_pence", "To other firms"),
        ("not_published_pence", "Size not published"), MONEY, ("supplier_count", "Suppliers"),
    )),
    Part("years", "SME share by financial year", "buyer_years", (
        ("financial_year", "Financial year"), MONEY, ("sme_pence", "To SMEs"),
        ("sme_pct", "SME share"), ("supplier_count", "Suppliers"),
        ("sme_supplier_count", "SMEs"), ("line_count", "Lines"),
    )),
    Part("suppliers", "Who sold to it", "buyer_suppliers", (
        ("supplier_name", "Supplier"), MONEY, ("amount_pct", "Share"), ("sme_pence", "As an SME"),
        ("line_count", "Lines"), ("first_month", "First sale"), ("last_month", "Latest sale"),
    )),
    Part("first-sales", "SMEs it gave their first sale", "buyer_openings", (
        ("supplier_name", "SME"), ("first_month", "First sale"),
        ("first_pence", "Bought in that month"), ("amount_pence", "Bought in all"),
        ("all_buyers_pence", "Sold to all buyers"), ("buyer_count", "Buyers in all"),
    )),
    Part("lots", "Frameworks and lots", "buyer_lots", (
        ("framework", "Framework"), ("lot", "Lot"), MONEY, ("supplier_count", "Suppliers"),
        ("line_count", "Lines"), ("first_month", "First"), ("last_month", "Latest"),
    )),
    Part("latest", "Latest purchases", "buyer_latest", (
        ("month", "Month"), ("supplier_name", "Supplier"), ("lot", "Lot"),
        ("description", "What"), ("amount_pence", "Amount"), ("spend_id", "Line"),
    )),
    Part("names", "Names it was published under", "buyer_names", (
        ("published_name", "Name"), ("method", "Joined by"), ("evidence", "Why"),
        ("line_count", "Lines"), MONEY, ("first_month", "From"), ("last_month", "To"),
    )),
)  # fmt: skip

SERIES = {
    "sme_pence": "SMEs",
    "other_pence": "Other firms",
    "not_published_pence": "Size not published",
}


def headline(facts: dict[str, Any], feeds: list[str]) -> str:
    """How much it bought, from how many, when, what went to SMEs, and first sales given."""
    name, through = facts["name"], words.listed(feeds)
    if not facts["line_count"]:
        return profile.only_earlier(name)
    if not facts["sale_count"]:
        return (
            f"No purchase of {name} through {through} stands in this edition, only credits or "
            "lines of nought."
        )
    suppliers = profile.counted(facts["supplier_count"], "supplier", "suppliers")
    said = (
        f"{name} bought {words.rounded_pounds(facts['amount_pence'])} through {through} from "
        f"{suppliers} {profile.period(facts)}{_sme_share(facts)}."
    )
    given = facts["first_sale_count"]
    if given:
        firms = "one SME its" if given == 1 else f"{given:,} SMEs their"
        said += f" It gave {firms} first sale through {through}."
    return said


def _sme_share(facts: dict[str, Any]) -> str:
    """; 51.8% of it (£16.4m) went to SMEs; or that it is not known."""
    if facts["sme_pence"] is None:
        return "; what part of it went to SMEs is not known"
    share = words.percent(facts["sme_pence"], facts["amount_pence"])
    if share is None:
        return "; a share of SMEs in that is not known"
    of_known = "; for some of it no size was published" if facts["unknown_count"] else ""
    return f"; {share} of it ({words.rounded_pounds(facts['sme_pence'])}) went to SMEs{of_known}"
