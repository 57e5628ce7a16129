"""What lines of spend come to by the values of their columns: from a cube where one can tell."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from govspend_site import filters, queries

Row = dict[str, Any]
Key = tuple[Any, ...]

_OF_LINES = ("_search", "_where", "_through")
"""Arguments that choose lines by more than their columns."""
_FEW = ("supplier_size", "lot", "sector", "financial_year", "framework")
"""Columns with so few values that one query can group by all of them together."""
_SIZED = frozenset({"supplier_size", "financial_year"})
_SOURCES = (
    ("spend_months", _SIZED | {"month", "release_id", "framework", "lot", "sector"}),
    ("supplier_months", _SIZED | {"month", "supplier_id"}),
    ("buyer_months", _SIZED | {"month", "buyer_id"}),
    ("pair_years", _SIZED | {"framework", "lot", "sector", "supplier_id", "buyer_id"}),
    (
        "pair_months",
        _SIZED | {"month", "release_id", "framework", "lot", "sector", "supplier_id", "buyer_id"},
    ),
)
"""Cubes with the columns that each can be filtered and grouped by, the smallest first."""
# A search finds the numbers of lines; whatever else chooses them asks what they are called.
_SEARCH_ALONE = re.compile(
    r"where rowid in \(select rowid from spend_fts where spend_fts match escape_fts\(:search\)\)\s*"
)
_KEYED = "spend_keyed AS lines "
_AMONG_LINES = _KEYED + "WHERE lines.rowid IN (SELECT rowid FROM spend {})"  # noqa: S608
_WITH_CATEGORIES = (
    _KEYED + "LEFT JOIN line_categories ON line_categories.categories_key = lines.categories_key "
)
_TOLD_BY_LINES = frozenset({
    "spend_id", "line_number", "month", "financial_year", "description", "amount_pence", "amount",
    "framework", "lot", "sector", "supplier_size",
})  # fmt: skip
"""Columns that a line or its categories tell, without a look at who sold and who bought."""
_KEYS = {
    **dict.fromkeys(("framework", "lot", "sector", "supplier_size"), "categories_key"),
    **dict.fromkeys(("month", "financial_year"), "month"),
    "supplier_id": "supplier_key", "buyer_id": "buyer_key", "release_id": "release_key",
}  # fmt: skip
"""column of spend -> the one of spend_keyed that tells it"""
_AMOUNTS = re.compile(r'"amount_pence" [<>]=? :p\d+')
_MANY = 1 / 8
"""The part of all lines from which it takes less time to read them all than to look each up."""
_OF_MONTHS = ("supplier_months", "buyer_months", "pair_months")
"""Those whose financial years are worked out from their months."""


async def source(datasette: Any, pairs: filters.Pairs, columns: Iterable[str]) -> str:
    """The smallest table that tells the sums of `columns` under the filters among `pairs`."""
    if any(key.startswith(_OF_LINES) and value for key, value in pairs):
        return "spend"
    needed = {active.column for active in filters.active(pairs)} | set(columns)
    return cube(needed, await cubes(queries.database(datasette)))


async def cubes(database: Any) -> set[str]:
    """The tables of an edition that can stand for its lines.

    One kept from before there were cubes, or before a cube told lots, answers by its lines.
    """
    there = set(await database.table_names())
    if "lot" not in await database.table_columns("pair_months"):
        there.discard("pair_months")
    return there


def cube(columns: Collection[str], there: Collection[str]) -> str:
    """The smallest of the tables that are `there` which tells these columns apart, or spend."""
    there = {*there, "spend_months"}
    return next((name for name, known in _SOURCES if known.issuperset(columns) and name in there),
                "spend")  # fmt: skip


def source_sql(table: str) -> str:
    """What stands after FROM for a cube."""
    if table in _OF_MONTHS:
        return f"(\n{queries.sql('with_years').replace('/* cube */', table)}\n)"
    return f"(\n{queries.sql(table)}\n)" if table == "spend_months" else table


def sums_sql(table: str, where: str, columns: Sequence[str]) -> str:
    """SQL that gives lines, pence, sme_pence and sized_lines for each value of `columns`."""
    names = "".join(f"[{column}], " for column in columns)
    text = queries.sql("spend_sums").replace("/* columns */", names)
    if table == "spend":
        text = text.replace("line_count", "1")
    text = text.replace("/* source */", source_sql(table)).replace("/* filters */", where)
    return f"{text}\nGROUP BY {names.removesuffix(', ')}" if names else text


def by_keys(lines: str, columns: Iterable[str]) -> str:
    """The same of lines as `keyed` has them, as what stands after FROM for a cube of `columns`."""
    needed = {"categories_key", *(_KEYS[column] for column in columns)}
    text = queries.sql("spend_by_keys").replace("/* lines */", lines)
    every = dict.fromkeys(_KEYS.values())
    told = ", ".join(f"lines.{key}" if key in needed else f"NULL AS {key}" for key in every)
    text = text.replace("/* keys */", told, 1)
    grouped = ", ".join(f"lines.{key}" for key in every if key in needed)
    return f"(\n{text.replace('/* keys */', grouped)}\n)"


def _sums_by_keys(lines: str, columns: Sequence[str]) -> str:
    """What lines come to by columns that keys tell."""
    names = ", ".join(f"[{column}]" for column in columns)
    text = queries.sql("spend_sums").replace("/* columns */", f"{names}, ")
    text = text.replace("/* source */", by_keys(lines, columns)).replace("/* filters */", "")
    return f"{text}\nGROUP BY {names}"


async def keyed(database: Any, columns: Collection[str], where: str, params: Any) -> str | None:
    """What stands after FROM for the lines of spend_keyed that a WHERE clause of spend chooses.

    `columns` are those that the clause asks; None where a line and its categories do not tell them.
    """
    if not _TOLD_BY_LINES.issuperset(columns):
        return None
    if amounts := _AMOUNTS.findall(where):
        # SQLite takes the index of amounts however many lines it leads to; a cast has none, and
        # compares as the column does.
        sql = f"SELECT count(*) FROM spend_keyed WHERE {' AND '.join(amounts)}"  # noqa: S608 - ours
        found = (await database.execute(sql, params)).single_value()
        if found > _MANY * (await database.table_counts())["spend"]:
            where = where.replace('"amount_pence"', 'CAST("amount_pence" AS INTEGER)')
    return _WITH_CATEGORIES + where


def can_tell(columns: Iterable[str]) -> bool:
    """Whether keys tell all of these columns."""
    return _KEYS.keys() >= set(columns)


async def has_keys(database: Any) -> bool:
    """Whether one file has all lines, by keys; of several each gives sums of its own."""
    return not database.shards and "spend_keyed" in await cubes(database)


async def _lines(database: Any, pairs: filters.Pairs, where: str, params: Any) -> str:
    """The same for any page."""
    if _SEARCH_ALONE.fullmatch(where):
        return _KEYED + where
    if not any(key.startswith(_OF_LINES) for key, _ in pairs):
        asked = {active.column for active in filters.active(pairs)}
        if found := await keyed(database, asked, where, params):
            return found
    return _AMONG_LINES.format(where)


async def by_value(
    datasette: Any, pairs: filters.Pairs, where: str, params: Any, columns: Sequence[str]
) -> dict[str, dict[Any, Row]]:
    """column -> its value -> lines, pence, sme_pence and sized_lines.

    `where` with `params` is the WHERE clause of the lines, `pairs` the request that it came from.
    Raises QueryInterrupted where lines have to be read and take too long.
    """
    together = [column for column in columns if column in _FEW]
    found: dict[str, dict[Any, Row]] = {}
    database = queries.database(datasette)
    is_keyed = await has_keys(database)
    for group in [together] * bool(together) + [[c] for c in columns if c not in _FEW]:
        table = await source(datasette, pairs, group)
        if table == "spend" and is_keyed and can_tell(group):
            sql = _sums_by_keys(await _lines(database, pairs, where, params), group)
        else:
            sql = sums_sql(table, where, group)
        result = await database.execute(sql, params, truncate=False)
        for place, column in enumerate(group):
            found[column] = _added_up((row[place], row) for row in result.rows)
    return found


def _added_up(rows: Iterable[tuple[Any, Any]]) -> dict[Any, Row]:
    found: dict[Any, Row] = {}
    for value, row in rows:
        sums = found.setdefault(value, dict.fromkeys(_MEASURES, 0))
        for name in _MEASURES:
            sums[name] += row[name]
    return found


_MEASURES = ("lines", "pence", "sme_pence", "sized_lines")


_OF_THE_PAGE = "govspend.sums"


def remember(request: Any, where: str, of_values: dict[Any, Row]) -> None:
    """Keeps what the lines of a page come to, for the rest of the request."""
    total = dict.fromkeys(_MEASURES, 0)
    for sums in of_values.values():
        for name in _MEASURES:
            total[name] += sums[name]
    request.scope[_OF_THE_PAGE] = (where.strip(), total)


def remembered(request: Any, where: str) -> Row | None:
    """What the lines come to, where a breakdown of the same page has told it."""
    of_where, total = request.scope.get(_OF_THE_PAGE, ("", None))
    return total if of_where == where.strip() else None


def sme_share(sums: Row) -> float | None:
    """The share of SMEs in per cent; None where the sum is nought or less, or no size is known."""
    if sums["pence"] <= 0 or not sums["sized_lines"]:
        return None
    return float(round(100 * sums["sme_pence"] / sums["pence"], 1))
