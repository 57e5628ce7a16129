"""Proof cards: every kind of figure that can be cited, and the figure of a key."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
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
# The same where SQL reads lines itself: a cube that tells what it asks, under the names of lines.
_MONTHS = f"FROM ({queries.sql('spend_months')}) AS spend"
_PARTIES = "FROM (SELECT * FROM pair_months) AS spend"
_SALES = (
    "FROM (SELECT supplier_id, buyer_id, month, supplier_size, sale_pence AS amount_pence "
    "FROM pair_months WHERE sale_count > 0) AS spend"
)
_COUNTS = {
    "count(*)": "sum(line_count)",
    "count(supplier_size)": "sum(CASE WHEN supplier_size IS NULL THEN 0 ELSE line_count END)",
    "amount_pence > 0": "sale_count > 0",
}
_OF_MONTHS = {"FROM spend": _MONTHS}
_OF_SALES = {"FROM spend)": f"{_MONTHS})", "FROM spend": _SALES}
_OF_PARTIES = {**_COUNTS, "FROM spend": _PARTIES}
_LINES_FROM_CUBES = {
    "proof_sme_share": {**_COUNTS, **_OF_MONTHS},
    "proof_share_by_month": _OF_MONTHS,
    "proof_growth": _OF_MONTHS,
    "proof_breakdown": _OF_MONTHS,
    "proof_march": _OF_MONTHS,
    "proof_second_buyer": _OF_MONTHS,
    "proof_second_buyer_estimate": _OF_MONTHS,
    "proof_open_doors": _OF_MONTHS,
    "proof_concentration": _OF_MONTHS,
    "proof_buyers_all_sme": _OF_MONTHS,
    "proof_buyers_of_smes": _OF_SALES,
    "proof_smes_that_sold": _OF_SALES,
    "proof_first_sale": _OF_SALES,
    "proof_market_total": _OF_PARTIES,
    "proof_list": _OF_PARTIES,
    "proof_places": _OF_PARTIES,
}
"""SQL file -> texts in it -> what stands there instead."""
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
        found = [(key, await _found(datasette, served, key, from_cubes=True)) for key in HEADLINES]
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
    datasette: Any, served: edition.Edition, key: str, *, from_cubes: bool = False
) -> _Found | None:
    """The figure of a key, from the lines or from the cubes of them."""
    name, _, id_ = key.partition("/")
    kind = KINDS.get(name)
    if kind is None or bool(id_) != bool(kind.of):
        return None
    asked = About(name, id_, served, await settled.current(datasette))
    about = await kind.scope(datasette, asked)
    if about is None:
        return None
    if from_cubes:
        about = replace(about, fills={**about.fills, **_FROM_CUBES})
    sql = kind.text(kind.sql, about)
    for lines, cube in _LINES_FROM_CUBES.get(kind.sql, {}).items() if from_cubes else ():
        sql = sql.replace(lines, cube)
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
