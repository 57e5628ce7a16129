"""Proof cards: every kind of figure that can be cited, and the figure of a key."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
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
from govspend_site.proof_kind import About, Kind, Said

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

_FROM_CUBES = {
    f"/* include {lines} */": f"/* include {cube} */"
    for lines, cube in (
        ("proof_all_sme", "buyers_all_sme"),
        ("proof_market_newcomers", "market_newcomers"),
        ("proof_market_top", "market_top"),
        ("proof_openings", "cube_openings"),
        ("proof_waits", "cube_waits"),
    )
}
"""What the list of cards reads in place of every line; the audit proves the cubes equal to them."""
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


@dataclass(frozen=True)
class Headline:
    """A figure as the list of them tells it: without its table and its chart."""

    key: str
    title: str
    sentence: str


_LISTED: dict[str, list[Headline]] = {}


async def headlines(datasette: Any) -> list[Headline]:
    """The figures that need no id, in the order of their cards; their tables are not asked for."""
    served = await edition.current(datasette)
    if served is None:
        return []
    place = str(queries.database(datasette).path)
    if place not in _LISTED:
        found = [(key, await _found(datasette, served, key, _FROM_CUBES)) for key in HEADLINES]
        _LISTED.clear()
        _LISTED[place] = [
            Headline(key, made.said.title, made.said.sentence) for key, made in found if made
        ]
    return _LISTED[place]


@dataclass(frozen=True)
class _Found:
    """A kind of card narrowed to a key: its SQL, the row that it gives, and that in words."""

    kind: Kind
    about: About
    sql: str
    row: dict[str, Any]
    said: Said


async def _found(
    datasette: Any,
    served: edition.Edition,
    key: str,
    fills: Mapping[str, str] = MappingProxyType({}),
) -> _Found | None:
    """The figure of a key. `fills` put other SQL in place of that which reads the lines."""
    name, _, id_ = key.partition("/")
    kind = KINDS.get(name)
    if kind is None or bool(id_) != bool(kind.of):
        return None
    asked = About(name, id_, served, await settled.current(datasette))
    about = await kind.scope(datasette, asked)
    if about is None:
        return None
    about = replace(about, fills={**about.fills, **fills})
    sql = kind.text(kind.sql, about)
    rows = await behind.rows(datasette, sql)
    # Sums of no lines are null: a year or a party without any has nothing to cite.
    if not rows or rows[0]["first_month"] is None:
        return None
    return _Found(kind, about, sql, rows[0], kind.say(about, rows[0]))


async def _made(datasette: Any, served: edition.Edition, key: str) -> Figure | None:
    found = await _found(datasette, served, key)
    if found is None:
        return None
    kind, said = found.kind, found.said
    table_sql = kind.text(kind.table, found.about)
    table = Table(kind.table_title, table_sql, await behind.rows(datasette, table_sql))
    drawn = kind.chart(table.rows, found.about.known)
    return Figure(
        key=key,
        title=said.title,
        sentence=said.sentence,
        sql=found.sql,
        row=found.row,
        table=table,
        chart=drawn and replace(drawn, title=f"{said.title}. {drawn.title}"),
        lines=said.lines,
        caveats=kind.caveats,
        page=said.page,
        illustrative=served.illustrative,
    )
