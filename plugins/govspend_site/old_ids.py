"""Ids that suppliers and buyers had before their names were joined to another's."""

from __future__ import annotations

from typing import Any

from govspend_site import edition, queries

Ids = dict[tuple[str, str], str]

_known: dict[str, Ids] = {}


async def old_ids(datasette: Any) -> Ids:
    """(table, old id) -> id. Read once an edition."""
    served = await edition.current(datasette)
    if served is None:
        return {}
    if served.edition_id not in _known:
        found = await queries.rows(datasette, "old_ids")
        _known.clear()
        _known[served.edition_id] = {(row["party"], row["own_id"]): row["id"] for row in found}
    return _known[served.edition_id]


async def now(datasette: Any, party: str, party_id: str) -> str:
    """The id that a supplier or buyer has now; the same where it was not joined to another."""
    return (await old_ids(datasette)).get((party, party_id), party_id)
