"""Proof cards: every kind of figure that can be cited, and the figure of a key."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Any

from govspend_site import (
    behind,
    edition,
    proof_first_sales,
    proof_market,
    proof_money,
    proof_parties,
    proof_releases,
    queries,
    settled,
)
from govspend_site.figure import Figure, Table
from govspend_site.proof_kind import About, Kind

KINDS: dict[str, Kind] = {
    **proof_money.KINDS,
    **proof_first_sales.KINDS,
    **proof_market.KINDS,
    **proof_parties.KINDS,
    **proof_releases.KINDS,
}
"""Kinds of card by the first part of their key, in the order in which they are listed."""
PARTIES = {name: kind.of for name, kind in KINDS.items() if kind.of in ("supplier", "buyer")}
HEADLINES = [name for name, kind in KINDS.items() if not kind.of]

_KEPT = 200
_KNOWN: OrderedDict[tuple[str, str], Figure] = OrderedDict()


async def figure(datasette: Any, key: str) -> Figure | None:
    """The figure of `key` in the edition being served; None where it has none."""
    served = await edition.current(datasette)
    if served is None:
        return None
    place = (str(queries.database(datasette).path), key)
    if place not in _KNOWN:
        made = await _made(datasette, served, key)
        if made is None:
            return None
        _KNOWN[place] = made
        while len(_KNOWN) > _KEPT:
            _KNOWN.popitem(last=False)
    _KNOWN.move_to_end(place)
    return _KNOWN[place]


async def headlines(datasette: Any) -> list[Figure]:
    """The figures that need no id, in the order of their cards."""
    found = [await figure(datasette, key) for key in HEADLINES]
    return [made for made in found if made is not None]


async def _made(datasette: Any, served: edition.Edition, key: str) -> Figure | None:
    name, _, id_ = key.partition("/")
    kind = KINDS.get(name)
    if kind is None or bool(id_) != bool(kind.of):
        return None
    asked = About(name, id_, served, await settled.current(datasette))
    about = await kind.scope(datasette, asked)
    if about is None:
        return None
    sql = kind.text(kind.sql, about)
    found = await behind.rows(datasette, sql)
    # Sums of no lines are null: a year or a party without any has nothing to cite.
    if not found or found[0]["first_month"] is None:
        return None
    table_sql = kind.text(kind.table, about)
    table = Table(kind.table_title, table_sql, await behind.rows(datasette, table_sql))
    said = kind.say(about, found[0])
    drawn = kind.chart(table.rows, about.known)
    return Figure(
        key=key,
        title=said.title,
        sentence=said.sentence,
        sql=sql,
        row=found[0],
        table=table,
        chart=drawn and replace(drawn, title=f"{said.title}. {drawn.title}"),
        lines=said.lines,
        caveats=kind.caveats,
        page=said.page,
        illustrative=served.illustrative,
    )
