"""The data dictionary: every table and column, its type, unit, meaning and how often it is empty.

Types come from the database, words from metadata.yml, counts from when the edition was built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from govspend_site import queries


@dataclass(frozen=True)
class Column:
    """A column of a table or view. What is not known is None."""

    table: str
    column: str
    type: str
    """text, integer or real, as in SQL"""
    unit: str | None
    description: str
    row_count: int | None
    empty_count: int | None
    empty_pct: float | None


async def rows(
    datasette: Any, counted: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Column]:
    """Every column that this edition has, in the order of metadata.yml.

    `counted` is table -> row_count and empty_counts; a column that is not in the latter is never
    empty. A view has no counts of its own, but that it names the lines of `spend`.
    """
    declared = await queries.database(datasette).execute_fn(_declared)
    tables = datasette.metadata("tables", database=queries.DATABASE) or {}
    units = datasette.metadata("unit_by_ending") or {}
    counts = dict(counted or {})
    if "spend" in counts:
        counts["spend_named"] = counts["spend"]
    return [
        _column(table, column, declared[table], described, units, counts.get(table))
        for table, said in tables.items()
        if table in declared
        for column, described in (said.get("columns") or {}).items()
        if column in declared[table]
    ]


def _declared(connection: Any) -> dict[str, dict[str, str]]:
    """table or view -> column -> declared type, '' where it is worked out."""
    names = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"
        )
    ]
    found = {}
    for name in names:
        columns = connection.execute("SELECT name, type FROM pragma_table_xinfo(?)", [name])
        found[name] = {row[0]: row[1] for row in columns}
    return found


def _column(
    table: str, column: str, declared: Mapping[str, str], described: str,
    units: Mapping[str, str], counted: Mapping[str, Any] | None,
) -> Column:  # fmt: skip
    row_count = counted["row_count"] if counted else None
    empty = counted["empty_counts"].get(column, 0) if counted else None
    share = round(100 * empty / row_count, 2) if empty is not None and row_count else None
    return Column(
        table, column, type_of(column, declared[column]), unit_of(column, units), str(described),
        row_count, empty, share,
    )  # fmt: skip


def type_of(column: str, declared: str) -> str:
    """text, integer or real. What a view works out is told by the ending of its name."""
    if declared:
        return declared.lower()
    if column.endswith("_pct"):
        return "real"
    return "integer" if column.endswith(("_pence", "_count")) else "text"


def unit_of(column: str, units: Mapping[str, str]) -> str | None:
    """The unit by the name's ending, as `unit_by_ending` of metadata.yml says."""
    return next((unit for ending, unit in units.items() if column.endswith(ending)), None)
