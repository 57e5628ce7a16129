"""Which columns a table page shows first. JSON and CSV keep the order of the database."""

from __future__ import annotations

from collections.abc import Iterable

# What people came for stands at the left; where it comes from stands at the right.
_FIRST = {
    "spend": [
        *("month", "buyer_id", "supplier_id", "description", "amount_pence", "supplier_size"),
        *("lot", "sector", "framework", "financial_year"),
    ],
    "spend_named": [
        *("month", "buyer_name", "supplier_name", "description", "amount_pence", "supplier_size")
    ],
    "suppliers": ["name"],
    "buyers": ["name"],
}
_LAST = {"spend": ["release_id", "line_number", "spend_id"]}
# Keys to the names on the line, which the line's own page spells out.
_UNSEEN = {"spend": ["supplier_name_id", "buyer_name_id"]}
# The same amount twice, in pence and in pounds, would read as two amounts.
_SAME_AS = {"amount": "amount_pence"}


def order(table: str | None, names: Iterable[str]) -> list[str]:
    """The columns to show, in the order to show them in."""
    unseen = _UNSEEN.get(table or "", [])
    present = [name for name in names if name not in unseen]
    first = [name for name in _FIRST.get(table or "", []) if name in present]
    last = [name for name in _LAST.get(table or "", []) if name in present]
    middle = [name for name in present if name not in first and name not in last]
    return [name for name in [*first, *middle, *last] if _SAME_AS.get(name) not in present]
