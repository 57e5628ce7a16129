"""A database whose tables never change: each question about them is asked once.

Datasette asks some thirty of them for every page, each by a trip to another thread.
"""

from __future__ import annotations

from typing import Any

from govspend_site import keyed


def _once(name: str) -> Any:
    """The method of that name, whose answer for a table of this database is kept."""

    async def told(self: KnownSchema, *about: Any) -> Any:
        if (name, about) in self.schema:
            return _copied(self.schema[name, about])
        found = await getattr(super(KnownSchema, self), name)(*about)
        # A visitor can ask for any name; only those of tables and views are few.
        if not about or about[0] in await self.names():
            self.schema[name, about] = found
        return _copied(found)

    return told


def _copied(found: Any) -> Any:
    """What a caller may change without changing what the next one is told."""
    return list(found) if isinstance(found, list) else found


class KnownSchema(keyed.KeyedDatabase):
    """A database that answers from memory what tables it has and what they are like."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.schema: dict[tuple[str, tuple[Any, ...]], Any] = {}

    async def names(self) -> set[str]:
        """The names of tables and views."""
        return {*await self.table_names(), *await self.view_names()}

    table_names = _once("table_names")
    view_names = _once("view_names")
    hidden_table_names = _once("hidden_table_names")
    get_all_foreign_keys = _once("get_all_foreign_keys")
    table_exists = _once("table_exists")
    table_columns = _once("table_columns")
    table_column_details = _once("table_column_details")
    primary_keys = _once("primary_keys")
    fts_table = _once("fts_table")
    foreign_keys_for_table = _once("foreign_keys_for_table")
    label_column_for_table = _once("label_column_for_table")
    get_table_definition = _once("get_table_definition")
