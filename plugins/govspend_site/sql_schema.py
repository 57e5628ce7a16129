"""What SQL can ask of: the tables beside the editor, in the order in which they are of use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from govspend_site import queries

# What most questions are about; the others follow in the order of metadata.yml.
FIRST = ("spend_named", "spend", "suppliers", "buyers")


@dataclass(frozen=True)
class Column:
    """A column with its type in lower case, empty where a view computes it, and its meaning."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Table:
    """A table or view that metadata.yml describes and this edition has."""

    name: str
    title: str
    description: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Schema:
    """The tables in order of use, and the names of all functions that SQL can call."""

    tables: tuple[Table, ...]
    functions: frozenset[str]

    @property
    def first(self) -> list[Table]:
        return [table for table in self.tables if table.name in FIRST]

    @property
    def other(self) -> list[Table]:
        return [table for table in self.tables if table.name not in FIRST]

    @property
    def columns(self) -> dict[str, list[str]]:
        """Table -> names of its columns."""
        return {table.name: [column.name for column in table.columns] for table in self.tables}


NOTHING = Schema((), frozenset())
# An edition never changes, and an earlier one can lack what a newer has.
_KNOWN: WeakKeyDictionary[Any, Schema] = WeakKeyDictionary()


async def of(datasette: Any) -> Schema:
    """The schema of the edition being served."""
    database = queries.database(datasette)
    if database not in _KNOWN:
        described = datasette.metadata("tables", database=queries.DATABASE) or {}
        _KNOWN[database] = await database.execute_fn(lambda db: read(db, described))
    return _KNOWN[database]


def read(connection: Any, described: Mapping[str, Mapping[str, Any]]) -> Schema:
    """What is both in the database and described, but for what is only there to be small."""
    found = []
    for name in sorted(described, key=_use):
        about = described[name]
        rows = connection.execute("SELECT name, type FROM pragma_table_xinfo(?)", [name])
        meanings = about.get("columns") or {}
        columns = [
            Column(column, kind.partition(" ")[0].lower(), meanings.get(column, ""))
            for column, kind in rows
        ]
        if columns and not about.get("hidden"):
            text = str(about.get("description") or "")
            found.append(Table(name, str(about.get("title") or name), text, tuple(columns)))
    functions = connection.execute("SELECT DISTINCT name FROM pragma_function_list")
    return Schema(tuple(found), frozenset(str(row[0]) for row in functions))


def _use(name: str) -> int:
    return FIRST.index(name) if name in FIRST else len(FIRST)
