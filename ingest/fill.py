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

UNDER = {"month": pa.string(), "categories_key": pa.int64()}
"""what a line is told of what it is counted under"""
Columns = dict[str, pa.Array]


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
    rows = _noted(ahead(columns_of(name, batches, keys)), wrong)
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
        for pragma in load.pragmas(load.BESIDE):
            with AdbcStatement(connection) as statement:
                statement.set_sql_query(pragma)
                statement.execute_update()
        connection.set_autocommit(False)
        with AdbcStatement(connection) as statement:
            statement.set_sql_query(f"INSERT INTO {name} ({listed}) VALUES ({marks})")  # noqa: S608 - our own names
            statement.bind_stream(rows)
            statement.execute_update()
        connection.commit()


def columns_of(
    table: str, batches: Iterator[pa.RecordBatch], keys: Keys
) -> Iterator[pa.RecordBatch]:
    """The columns of a table of the database for those of the relations, batch by batch."""
    tell = _told_by_keys(keys) if table.endswith(load.KEYED) else _told_by_ids(keys)
    for batch in batches:
        found: Columns = {}
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            found |= tell[name](column) if name in tell else {name: column}
        yield pa.RecordBatch.from_pydict(_together(found))


Tell = dict[str, Callable[[pa.Array], Columns]]
"""column of the relations -> from its values to columns of the database"""


def _told_by_ids(keys: Keys) -> Tell:
    return {
        "release_key": _looked_up(release_id=_texts(keys.releases)),
        "feed_key": _looked_up(feed_id=_texts(keys.feeds)),
        "supplier_key": _looked_up(supplier_id=_texts(keys.suppliers)),
        "largest_supplier_key": _looked_up(largest_supplier_id=_texts(keys.suppliers)),
        "buyer_key": _looked_up(buyer_id=_texts(keys.buyers)),
        "supplier_name_id": _also(supplier_id=_texts(keys.supplier_of_name)),
        "buyer_name_id": _also(buyer_id=_texts(keys.buyer_of_name)),
    }


def _told_by_keys(keys: Keys) -> Tell:
    """Where keys are stored as they are: what a line is counted under, and whose a name is."""
    under = {name: pa.array(keys.under[name], kind) for name, kind in UNDER.items()}
    parties = {
        f"{kind}_key": _places(of_name, ids)
        for kind, of_name, ids in (
            ("supplier", keys.supplier_of_name, keys.suppliers),
            ("buyer", keys.buyer_of_name, keys.buyers),
        )
    }
    return {
        "under_key": _looked_up(**under),
        "supplier_name_id": _also(supplier_key=parties["supplier_key"]),
        "buyer_name_id": _also(buyer_key=parties["buyer_key"]),
    }


def _looked_up(**known: pa.Array) -> Callable[[pa.Array], Columns]:
    return lambda places: {name: values.take(places) for name, values in known.items()}


def _also(**known: pa.Array) -> Callable[[pa.Array], Columns]:
    """The number of a name as it is, and what is known by it."""
    (column,) = known
    name = f"{column.partition('_')[0]}_name_id"
    return lambda numbers: {name: numbers, column: known[column].take(numbers)}


def _texts(values: Sequence[str]) -> pa.Array:
    return pa.array(values, pa.string())


def _places(values: Sequence[str], among: Sequence[str]) -> pa.Array:
    """Where each value stands `among` others; no number where it does not."""
    return pc.index_in(_texts(values), _texts(among)).cast(pa.int64())


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
