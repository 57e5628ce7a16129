"""Relations to rows: the numbers in them become what they stand for, and tables are filled.

Column by column, as Arrow has them, to the end: no cell of a line is ever a value of Python's.
"""

from __future__ import annotations

import itertools
import sys
from array import array
from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ingest import load
from ingest.ahead import ahead
from ingest.engine import Engine
from ingest.relate import Keys, statements

UNDER = ("month", "framework", "lot", "sector", "supplier_size")
Columns = dict[str, pa.Array]
# KiB of pages in memory: ids of lines come in no order, so that their index is written all over.
_CACHE = {"spend": 4 * load.BESIDE}


def fill(path: Path, engine: Engine, keys: Keys, tables: Set[str]) -> None:
    """Fills those of the `tables` that relations.sql has rows for, in its order."""
    for name, sql in rows_of(tables).items():
        insert(path, name, engine.batches(sql), keys)


def rows_of(tables: Set[str]) -> dict[str, str]:
    """table -> SQL of its rows, in the order of relations.sql."""
    return {name: sql for what, name, sql in statements() if what == "rows" and name in tables}


def insert(path: Path, name: str, batches: Iterator[pa.RecordBatch], keys: Keys) -> None:
    """Rows of the relations into the table `name` of the database in the making at `path`."""
    wrong: list[Exception] = []
    rows = _noted(ahead(columns_of(batches, keys)), wrong)
    first = next(rows, None)
    if first is None:
        return
    whole = pa.RecordBatchReader.from_batches(first.schema, itertools.chain([first], rows))
    try:
        _insert(path, name, whole)
    except Exception:
        # Of what went wrong in the making of the rows the driver knows the text alone.
        if wrong:
            raise wrong[0] from None
        raise


def _noted(rows: Iterator[pa.RecordBatch], wrong: list[Exception]) -> Iterator[pa.RecordBatch]:
    """The same rows. What goes wrong in their making is noted in `wrong`."""
    try:
        yield from rows
    except Exception as error:
        wrong.append(error)
        raise


def _insert(path: Path, name: str, rows: pa.RecordBatchReader) -> None:
    # Imported here: the driver's own interface for databases would load pandas and 40 MB with it.
    from adbc_driver_manager import AdbcConnection, AdbcStatement
    from adbc_driver_sqlite import connect

    columns = rows.schema.names
    listed, marks = ", ".join(columns), ", ".join("?" * len(columns))
    with connect(path.resolve().as_uri()) as database, AdbcConnection(database) as connection:
        for pragma in load.pragmas(_CACHE.get(name, load.BESIDE)):
            with AdbcStatement(connection) as statement:
                statement.set_sql_query(pragma)
                statement.execute_update()
        connection.set_autocommit(False)
        with AdbcStatement(connection) as statement:
            statement.set_sql_query(f"INSERT INTO {name} ({listed}) VALUES ({marks})")  # noqa: S608 - our own names
            statement.bind_stream(rows)
            statement.execute_update()
        connection.commit()


def columns_of(batches: Iterator[pa.RecordBatch], keys: Keys) -> Iterator[pa.RecordBatch]:
    """The columns of the database for those of the relations, batch by batch."""
    tell = _telling(keys)
    for batch in batches:
        found: Columns = {}
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            found |= tell[name](column) if name in tell else {name: column}
        yield pa.RecordBatch.from_pydict(_together(found))


def _telling(keys: Keys) -> dict[str, Callable[[pa.Array], Columns]]:
    """Column of the relations -> from its values to columns of the database."""

    def looked_up(**lists: Sequence[str | None]) -> Callable[[pa.Array], Columns]:
        known = {name: pa.array(values, pa.string()) for name, values in lists.items()}
        return lambda places: {name: values.take(places) for name, values in known.items()}

    def named(kind: str, parties: list[str]) -> Callable[[pa.Array], Columns]:
        party = looked_up(**{f"{kind}_id": parties})
        return lambda numbers: {f"{kind}_name_id": numbers, **party(numbers)}

    return {
        "release_key": looked_up(release_id=keys.releases),
        "previous_key": looked_up(previous_release_id=keys.releases),
        "feed_key": looked_up(feed_id=keys.feeds),
        "supplier_key": looked_up(supplier_id=keys.suppliers),
        "largest_supplier_key": looked_up(largest_supplier_id=keys.suppliers),
        "buyer_key": looked_up(buyer_id=keys.buyers),
        "under_key": looked_up(**{name: keys.under[name] for name in UNDER}),
        "supplier_name_id": named("supplier", keys.supplier_of_name),
        "buyer_name_id": named("buyer", keys.buyer_of_name),
    }


def _together(columns: Columns) -> Columns:
    """The same where two columns make one."""
    if "base_id" in columns:
        columns["spend_id"] = spend_ids(columns.pop("base_id"), columns.pop("occurrence"))
    if "low_pence" in columns:
        # Of sales, which are above nought: half a penny rounds up.
        both = pc.add(columns.pop("low_pence"), columns.pop("high_pence"))
        columns["usual_pence"] = pc.divide(pc.add(both, 1), 2)
    return columns


def spend_ids(base_id: pa.Array, occurrence: pa.Array) -> pa.Array:
    """The ids that lines are known by: their 16 digits, and their numbers where they have twins."""
    ids = digits(base_id)
    numbered = pc.binary_join_element_wise(ids, occurrence.cast(pa.string()), "-")
    return pc.if_else(pc.equal(occurrence, 1), ids, numbered)


def digits(base_id: pa.Array) -> pa.Array:
    """Whole numbers of 64 bits in hexadecimal, 16 digits each, as `parse` had them."""
    count, whole = len(base_id), memoryview(base_id.buffers()[1]).cast("B")
    numbers = array("q", whole[8 * base_id.offset : 8 * (base_id.offset + count)].tobytes())
    if sys.byteorder == "little":
        numbers.byteswap()
    ends = pa.py_buffer(array("i", range(0, 16 * count + 1, 16)))
    return pa.StringArray.from_buffers(count, ends, pa.py_buffer(numbers.tobytes().hex().encode()))
