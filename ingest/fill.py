"""Relations to rows: the numbers in them become what they stand for, and tables are filled."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Set
from typing import Any

import pyarrow as pa

from ingest.engine import Engine
from ingest.relate import Keys, statements

UNDER = ("month", "framework", "lot", "sector", "supplier_size")
Columns = dict[str, list[Any]]


def fill(db: sqlite3.Connection, engine: Engine, keys: Keys, tables: Set[str]) -> None:
    """Fills those of the `tables` that relations.sql has rows for, in its order."""
    for name, sql in rows_of(tables).items():
        insert(db, name, engine.batches(sql), keys)


def rows_of(tables: Set[str]) -> dict[str, str]:
    """table -> SQL of its rows, in the order of relations.sql."""
    return {name: sql for what, name, sql in statements() if what == "rows" and name in tables}


def insert(
    db: sqlite3.Connection, name: str, batches: Iterator[pa.RecordBatch], keys: Keys
) -> None:
    """Rows of the relations into the table `name`."""
    db.execute("BEGIN")
    for columns in columns_of(batches, keys):
        listed, marks = ", ".join(columns), ", ".join("?" * len(columns))
        db.executemany(
            f"INSERT INTO {name} ({listed}) VALUES ({marks})",  # noqa: S608 - our own names
            zip(*columns.values(), strict=True),
        )
    db.execute("COMMIT")


def columns_of(batches: Iterator[pa.RecordBatch], keys: Keys) -> Iterator[Columns]:
    """The columns of the database for those of the relations, batch by batch."""
    tell = _telling(keys)
    for batch in batches:
        given = {
            name: column.to_pylist()
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        }
        found: Columns = {}
        for name, values in given.items():
            found |= tell[name](values) if name in tell else {name: values}
        yield _together(found)


def _telling(keys: Keys) -> dict[str, Callable[[list[Any]], Columns]]:
    """Column of the relations -> from its values to columns of the database."""

    def looked_up(**lists: list[Any]) -> Callable[[list[Any]], Columns]:
        return lambda values: {
            name: [known[value] for value in values] for name, known in lists.items()
        }

    return {
        "release_key": looked_up(release_id=keys.releases),
        "previous_key": looked_up(previous_release_id=keys.releases),
        "feed_key": looked_up(feed_id=keys.feeds),
        "supplier_key": looked_up(supplier_id=keys.suppliers),
        "buyer_key": looked_up(buyer_id=keys.buyers),
        "under_key": looked_up(**{name: keys.under[name] for name in UNDER}),
        "supplier_name_id": lambda values: {
            "supplier_name_id": values,
            "supplier_id": [keys.supplier_of_name[value] for value in values],
        },
        "buyer_name_id": lambda values: {
            "buyer_name_id": values,
            "buyer_id": [keys.buyer_of_name[value] for value in values],
        },
    }


def _together(columns: Columns) -> Columns:
    """The same where two columns make one."""
    if "base_id" in columns:
        columns["spend_id"] = list(map(spend_id, columns.pop("base_id"), columns.pop("occurrence")))
    if "low_pence" in columns:
        # Of sales, which are above nought: half a penny rounds up.
        pairs = zip(columns.pop("low_pence"), columns.pop("high_pence"), strict=True)
        columns["usual_pence"] = [(low + high + 1) // 2 for low, high in pairs]
    return columns


def spend_id(base_id: int, occurrence: int) -> str:
    """The id that a line is known by: its 16 digits, and its number where it has twins."""
    return digits(base_id) if occurrence == 1 else f"{digits(base_id)}-{occurrence}"


def digits(base_id: int) -> str:
    """The whole number of 64 bits in hexadecimal, as `parse` had it."""
    return f"{base_id & 0xFFFF_FFFF_FFFF_FFFF:016x}"
