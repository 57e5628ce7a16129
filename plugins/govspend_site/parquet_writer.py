"""Rows as a Parquet file: typed columns, compressed with zstd, a row group at a time.

What the site asks itself is read by Arrow's own driver for SQLite, thrice as fast as by way of
Python's values; what a visitor asks needs the limits that only Python's connection has.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from govspend_site.writers import Result, Row, Sink, plain

_KINDS = {
    "integer": pa.int64(), "real": pa.float64(), "text": pa.string(), "blob": pa.binary(),
    "date": pa.date32(),
}  # fmt: skip
# A value of each type, from which the driver knows what a column is that begins with unknowns.
_SAMPLES = {"integer": "0", "real": "0.5", "text": "''", "date": "''", "blob": "x''"}
_IN_A_ROW_GROUP = 60_000
_PARAMETER_OR_QUOTED = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"[^"]*"|\[[^]]*\]|:(\w+)""", re.S
)


def write(result: Result, sink: Sink) -> None:
    """The rows, with what they are and whose in the file's metadata.

    Raises sqlite3.DataError where a column holds values of several types.
    """
    fields = [
        (column, _KINDS[kind or "text"])
        for column, kind in zip(result.columns, result.types, strict=True)
    ]
    schema = pa.schema(fields, metadata=dict(result.about))
    paths = _for_the_driver(result)
    batches = by_driver(result, schema, paths) if paths else by_value(result, schema)
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        held = pa.Table.from_batches([], schema)
        for batch in batches:
            held = pa.concat_tables([held, pa.Table.from_batches([batch], schema)])
            if held.num_rows >= _IN_A_ROW_GROUP:
                # The same groups however the rows came.
                writer.write_table(held.slice(0, _IN_A_ROW_GROUP).combine_chunks())
                held = held.slice(_IN_A_ROW_GROUP)
        if held.num_rows:
            writer.write_table(held.combine_chunks())


def _for_the_driver(result: Result) -> list[Path]:
    """The files that Arrow's driver reads one after the other; none where only Python can."""
    task = result.task
    if not task["ours"] or not all(task["types"].get(column) for column in result.columns):
        return []
    if isinstance(result.source, sqlite3.Connection):
        return [Path(task["path"])]
    return result.source.in_turn(task["sql"], task["parameters"])


def by_value(result: Result, schema: Any) -> Iterator[Any]:
    """Batches of rows that Python has read."""
    for batch in result.batches:
        yield by_column(batch, schema)


def by_column(batch: list[Row], schema: Any) -> Any:
    arrays = [
        arrow(values, field) for values, field in zip(zip(*batch, strict=True), schema, strict=True)
    ]
    return pa.record_batch(arrays, schema=schema)


def arrow(values: tuple[Any, ...], field: Any) -> Any:
    """One column of a batch. Raises sqlite3.DataError where a value is of another type."""
    try:
        if field.type == pa.date32():
            return pa.array(values, pa.string()).cast(field.type)
        if field.type == pa.string():
            values = tuple(v if v is None or isinstance(v, str) else str(plain(v)) for v in values)
        return pa.array(values, field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise sqlite3.DataError(
            f"column {field.name} holds values of several types: {error}"
        ) from None


def by_driver(result: Result, schema: Any, paths: list[Path]) -> Iterator[Any]:
    """Batches as Arrow's driver reads them, each column of its declared type."""
    # Imported here: most files do without it.
    import adbc_driver_sqlite.dbapi as driver

    task = result.task
    samples = ", ".join(_SAMPLES[kind or "text"] for kind in result.types)
    # The first row only tells the types, and is left out again.
    sql = f"SELECT {samples} UNION ALL SELECT * FROM (\n{task['sql'].strip().rstrip(';')}\n)"  # noqa: S608
    given = in_order(task["sql"], task["parameters"]) or None
    way = "mode=ro&immutable=1" if task["immutable"] else "mode=ro"
    for path in paths:
        with driver.connect(f"file:{path}?{way}") as connection, connection.cursor() as cursor:
            cursor.execute(sql, given)
            left_out = 1
            for batch in cursor.fetch_record_batch():
                shown = batch.slice(left_out)
                left_out = 0
                arrays = [c.cast(f.type) for c, f in zip(shown.columns, schema, strict=True)]
                yield pa.record_batch(arrays, schema=schema)


def in_order(sql: str, parameters: Mapping[str, Any]) -> list[Any]:
    """The values of :named parameters in the order in which SQLite numbers them."""
    names = dict.fromkeys(found[1] for found in _PARAMETER_OR_QUOTED.finditer(sql) if found[1])
    return [parameters[name] for name in names]
