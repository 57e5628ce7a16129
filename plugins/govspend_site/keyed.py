"""A database in which whole numbers stand for what they name: pages show the names.

A table NAME_keyed is asked as the view NAME, in which each of its columns X_key is X_id: see
ingest/schema.sql. Datasette gives a view no key, no labels and no row pages, so it is told that
NAME is a table. What is for the database alone, keys and the number of a row, no page shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from datasette.utils import Column, get_all_foreign_keys, get_outbound_foreign_keys
from datasette.utils import table_column_details as details_of

from govspend_site import visits

KEYED = "_keyed"
_ROW = "rowid"
# What Datasette's page of a row asks.
_WHOLE_ROW = re.compile(r"select \* from (?P<table>\[.+?\]|\w+) where ")


def shown(names: Iterable[str]) -> list[str]:
    """The views that stand for tables of keys, of all tables of a database."""
    return [name.removesuffix(KEYED) for name in names if name.endswith(KEYED)]


def name_of(column: str) -> str:
    """The column that a key is shown as."""
    return f"{column.removesuffix('_key')}_id" if column.endswith("_key") else column


def _details(connection: Any, table: str) -> list[Column]:
    """The columns of a table. Those of its unique index are its key where it has no other."""
    found: list[Column] = details_of(connection, table)
    if any(column.is_pk for column in found):
        return found
    indexes = connection.execute(f"PRAGMA index_list([{table}])").fetchall()
    for name in (row[1] for row in indexes if row[2]):
        key = [row[2] for row in connection.execute(f"PRAGMA index_info([{name}])")]
        return [c._replace(is_pk=key.index(c.name) + 1 if c.name in key else 0) for c in found]
    return found


def columns(connection: Any, table: str) -> list[Column]:
    """The columns that pages show of a table or view; of which a key it has, its id is one."""
    found = _details(connection, table)
    behind = _details(connection, f"{table}{KEYED}") or found
    names = {column.name for column in found}

    def is_told(column: Column, what: str) -> int:
        same = (b for b in behind if column.name in (b.name, name_of(b.name)))
        return max((getattr(found, what) for found in same), default=0)

    return [
        column._replace(notnull=is_told(column, "notnull"), is_pk=is_told(column, "is_pk"))
        for column in found
        if column.name != _ROW
        and (name_of(column.name) == column.name or name_of(column.name) not in names)
    ]


def foreign_keys(connection: Any, table: str) -> list[dict[str, str]]:
    """The keys of a table or view that lead to others, as they are shown."""
    found = get_outbound_foreign_keys(connection, f"{table}{KEYED}")
    found = found or get_outbound_foreign_keys(connection, table)
    names = {column.name for column in columns(connection, table)}
    told = ({part: name_of(name) for part, name in key.items()} for key in found)
    return [key for key in told if key["column"] in names]


def all_foreign_keys(connection: Any) -> dict[str, dict[str, list[dict[str, str]]]]:
    """Table or view -> keys that lead to it and from it, as they are shown."""
    known = get_all_foreign_keys(connection)
    names = {name: name.removesuffix(KEYED) for name in known}
    found: dict[str, dict[str, list[dict[str, str]]]] = {
        name: {"incoming": [], "outgoing": []} for name in (*known, *shown(known))
    }
    for name in names.values():
        for key in foreign_keys(connection, name):
            column, table, other = key["column"], key["other_table"], key["other_column"]
            found[table]["incoming"].append(
                {"other_table": name, "column": other, "other_column": column}
            )
            found[name]["outgoing"].append(
                {"other_table": table, "column": column, "other_column": other}
            )
    return found


class KeyedDatabase(visits.VisitedDatabase):
    """A database whose tables of keys are shown as what they stand for."""

    async def execute(self, sql: str, params: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As Datasette's own. A row's page is of the columns that are shown."""
        asked = _WHOLE_ROW.match(sql)
        if asked and not visits.is_visited():
            names = await self.table_columns(asked["table"].strip("[]"))
            listed = ", ".join(f"[{name}]" for name in names)
            sql = sql.replace("*", listed, 1) if names else sql
        return await super().execute(sql, params, *args, **kwargs)

    async def table_names(self) -> list[str]:
        names = await super().table_names()
        return [*shown(names), *names]

    async def view_names(self) -> list[str]:
        tables = await self.table_names()
        return [name for name in await super().view_names() if name not in tables]

    async def table_exists(self, table: str) -> bool:
        return table in await self.table_names()

    async def table_columns(self, table: str) -> list[str]:
        return [column.name for column in await self.table_column_details(table)]

    async def table_column_details(self, table: str) -> list[Column]:
        found: list[Column] = await self.execute_fn(lambda conn: columns(conn, table))
        return found

    async def primary_keys(self, table: str) -> list[str]:
        found = [column for column in await self.table_column_details(table) if column.is_pk]
        return [column.name for column in sorted(found, key=lambda column: column.is_pk)]

    async def foreign_keys_for_table(self, table: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = await self.execute_fn(lambda conn: foreign_keys(conn, table))
        return found

    async def get_all_foreign_keys(self) -> dict[str, dict[str, list[dict[str, str]]]]:
        found: dict[str, Any] = await self.execute_fn(all_foreign_keys)
        return found

    async def get_table_definition(self, table: str, type_: str = "table") -> str | None:
        """The SQL that made it: of a view that stands for a table of keys, that of both."""
        if table in shown(await super().table_names()):
            # Datasette takes for a view what it is told a view's SQL of.
            if type_ == "view":
                return None
            parts = (
                await super().get_table_definition(table, "view"),
                await super().get_table_definition(f"{table}{KEYED}"),
            )
            return "\n".join(filter(None, parts))
        found: str | None = await super().get_table_definition(table, type_)
        return found
