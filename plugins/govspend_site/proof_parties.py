"""Proof cards of suppliers and buyers: each of them, and all of them together."""

from __future__ import annotations

from govspend_site import proof_charts, words
from govspend_site.figure import Row
from govspend_site.proof_kind import (
    PARTY,
    SPEND,
    About,
    Kind,
    Said,
    bodies,
    counted,
    party,
    period,
    share,
)
from govspend_site.proof_market import EVERY_LINE, of_each
from govspend_site.proof_money import MONTHS


def everyone(about: About, row: Row) -> Said:
    """How many suppliers or buyers the list has, and what they come to, to the penny."""
    one = about.kind.removesuffix("s")
    verb = {"supplier": "sold", "buyer": "bought"}[one]
    text = (
        f"{counted(row[f'{one}_count'], one)} {verb} {words.pounds(row['total_pence'])} in all "
        f"through {about.through()} {period(row)}, credits taken off."
    )
    return Said(f"How many {one}s there were", text, EVERY_LINE, (f"Every {one}", f"/{one}s"))


def all_sme(about: About, row: Row) -> Said:
    text = (
        f"Of {counted(row['buyer_count'], 'buyer')} through {about.through()} {period(row)}, "
        f"{row['with_smes_alone_count']:,} spent nothing but with small and medium-sized firms, "
        f"and {row['of_them_with_one_firm_count']:,} of those had a single supplier."
    )
    page = ("Buyers by SME share", "/buyers?sort=sme_pct")
    return Said("Buyers that spent with small and medium-sized firms alone", text, EVERY_LINE, page)


def supplier(about: About, row: Row) -> Said:
    amount, to = words.rounded_pounds(row["total_pence"]), bodies(row["buyers_sold_to_count"])
    text = f"{about.name} sold {amount} to {to} through {about.through('or')} {period(row)}."
    lines = [(f"The lines of {about.name}", f"{SPEND}?supplier_id={about.id}")]
    return Said(f"Sales of {about.name}", text, lines, (about.name, f"/suppliers/{about.id}"))


def buyer(about: About, row: Row) -> Said:
    amount = words.rounded_pounds(row["total_pence"])
    text = (
        f"{about.name} spent {amount} with {counted(row['suppliers_count'], 'supplier')} through "
        f"{about.through('or')} {period(row)}"
    )
    if row["sme_pct"] is not None:
        firms = counted(row["sme_suppliers_count"], "small or medium-sized firm")
        text += f"; {share(row)} of it went to {firms}"
    lines = [
        (f"What {about.name} bought", f"{SPEND}?buyer_id={about.id}"),
        ("Of it, lines published as SME", f"{SPEND}?buyer_id={about.id}&supplier_size=SME"),
    ]
    return Said(f"Spend of {about.name}", f"{text}.", lines, (about.name, f"/buyers/{about.id}"))


def _everyone(one: str) -> Kind:
    return Kind(
        "proof_list",
        "proof_list_bands",
        everyone,
        proof_charts.counts("what their lines come to", one, f"{one}s", f"{one}_count"),
        f"{one.capitalize()}s by what their lines come to in all",
        PARTY,
        of_each(party=one),
    )


KINDS = {
    "suppliers": _everyone("supplier"),
    "buyers": _everyone("buyer"),
    "buyers-all-sme": Kind(
        "proof_buyers_all_sme",
        "proof_buyers_shares",
        all_sme,
        proof_charts.counts("the share of their spend with SMEs", "buyer", "buyers", "buyer_count"),
        "Every buyer by the share of its spend that went to SMEs",
        PARTY,
    ),
    "supplier": Kind(
        "proof_supplier",
        MONTHS[0],
        supplier,
        proof_charts.money,
        MONTHS[1],
        PARTY,
        party("supplier"),
        "supplier",
    ),
    "buyer": Kind(
        "proof_buyer",
        MONTHS[0],
        buyer,
        proof_charts.money,
        MONTHS[1],
        PARTY,
        party("buyer"),
        "buyer",
    ),
}
