"""Rows of a database as Arrow has them, with the types that its tables declare."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from ingest import lookup

BATCH = 20_000
"""rows at a time: enough to be quick, few enough to hold"""
_NOTHING = {
    "INTEGER": ("0", pa.int64()),
    "TEXT": ("''", pa.string()),
    "REAL": ("0.0", pa.float64()),
}


def reader(
    paths: Sequence[Path], table: str, columns: Sequence[str] | None = None
) -> pa.RecordBatchReader:
    """The rows of a table of the databases at `paths`, of all its columns or those that are named.

    The number of a row is no column. Arrow's own driver reads SQLite in a third of the time that
    Python's values take.
    """
    with closing(sqlite3.connect(f"{paths[0].resolve().as_uri()}?mode=ro", uri=True)) as db:
        kinds = {row[1]: row[2] for row in db.execute(f"PRAGMA table_xinfo([{table}])")}
    wanted = list(columns or (name for name in kinds if name != "rowid"))
    schema = pa.schema([(name, _NOTHING[kinds[name]][1]) for name in wanted])
    # The first row is none: it tells the driver what a column is that begins with unknowns.
    first = ", ".join(f"{_NOTHING[kinds[name]][0]} AS [{name}]" for name in wanted)
    listed = ", ".join(f"[{name}]" for name in wanted)
    sql = f"SELECT {first} UNION ALL SELECT {listed} FROM [{table}]"  # noqa: S608 - our own names
    rows = (
        batch.slice(not number) for path in paths for number, batch in enumerate(batches(path, sql))
    )
    return pa.RecordBatchReader.from_batches(schema, rows)


def told(
    paths: Sequence[Path], table: str, columns: Sequence[str], stand_for: Sequence[str]
) -> pa.RecordBatchReader:
    """The same with what its keys stand for in their place.

    `stand_for` are statements for `lookup.read`, which each database is asked for itself.
    """
    batches = (batch for path in paths for batch in _told(path, table, columns, stand_for))
    first = next(batches)
    return pa.RecordBatchReader.from_batches(first.schema, itertools.chain([first], batches))


def _told(
    path: Path, table: str, columns: Sequence[str], stand_for: Sequence[str]
) -> Iterator[pa.RecordBatch]:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        known = {name: one for sql in stand_for for name, one in lookup.read(db, sql).items()}
    for batch in reader([path], table, columns):
        kept = {name: batch.column(name) for name in columns if not name.endswith("_key")}
        yield pa.RecordBatch.from_pydict(
            kept | {name: one.of(batch) for name, one in known.items()}
        )


class Numbers:
    """Numbers in the place of texts in some columns: the same text has the same in all tables.

    `columns` are these, each with the one whose texts it shares, if any.
    """

    def __init__(self, columns: Mapping[str, str | None]) -> None:
        self._known: dict[str, dict[str, int]] = {}
        for name, same in columns.items():
            self._known[name] = self._known[same] if same else {}

    def of(self, rows: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The same rows. A number is above all that were given before it."""
        fields = [
            pa.field(field.name, pa.int32()) if field.name in self._known else field
            for field in rows.schema
        ]
        schema = pa.schema(fields)
        return pa.RecordBatchReader.from_batches(
            schema, (pa.record_batch(list(self._columns(batch)), schema) for batch in rows)
        )

    def _columns(self, batch: pa.RecordBatch) -> Iterator[pa.Array]:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            known = self._known.get(name)
            if known is None:
                yield column
                continue
            found = column.dictionary_encode()
            texts = found.dictionary.to_pylist()
            numbers = [known.setdefault(text, len(known)) for text in texts]
            yield pa.array(numbers, pa.int32()).take(found.indices)


def batches(path: Path, sql: str) -> Iterator[pa.RecordBatch]:
    """What `sql` gives; what a column is, is told by its first cell."""
    # Imported here, for an idle build does without it. The driver's own interface for databases
    # would load pandas and 40 MB with it.
    from adbc_driver_manager import AdbcConnection, AdbcStatement
    from adbc_driver_sqlite import connect

    with (
        connect(f"{path.resolve().as_uri()}?mode=ro") as database,
        AdbcConnection(database) as connection,
        AdbcStatement(connection) as statement,
    ):
        statement.set_options(**{"adbc.sqlite.query.batch_rows": str(BATCH)})
        statement.set_sql_query(sql)
        stream, _ = statement.execute_query()
        with pa.RecordBatchReader.from_stream(stream) as found:
            yield from found
