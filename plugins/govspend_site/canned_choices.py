"""What a canned query's parameters offer in the edition being served: choices and defaults."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from govspend_site import canned
from govspend_site.queries import DATABASE

# The choices of a database that cannot change, by the SQL that gave them. A new edition is a new
# Database object, so what an old one offered is forgotten with it.
_known: WeakKeyDictionary[Any, dict[str, list[tuple[Any, ...]]]] = WeakKeyDictionary()


async def choices_of(datasette: Any, parameter: canned.Parameter) -> dict[str, str]:
    """value -> label; the fixed choices or those that the database gives."""
    if parameter.choices_sql is None:
        return {choice: choice for choice in parameter.choices or ()}
    rows = await rows_of(datasette, parameter.choices_sql)
    return {str(row[0]): str(row[-1]) for row in rows}


async def default_of(datasette: Any, parameter: canned.Parameter) -> str:
    if parameter.default_sql is None:
        return "" if parameter.default is None else str(parameter.default)
    rows = await rows_of(datasette, parameter.default_sql)
    return str(rows[0][0]) if rows and rows[0][0] is not None else ""


async def rows_of(datasette: Any, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a SELECT of our own, kept where the file cannot change."""
    database = datasette.get_database(DATABASE)
    kept = _known.setdefault(database, {})
    if sql not in kept or database.is_mutable:
        kept[sql] = [tuple(row) for row in (await database.execute(sql)).rows]
    return kept[sql]
