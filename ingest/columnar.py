"""The columnar files of a staged release: their columns, how they are written and how read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 10_000
"""rows that are read at a time"""
GROUP = 20_000
"""rows that are written, and so compressed, together"""

LINES = pa.schema(
    [
        ("line_number", pa.int32()),
        # Its 16 digits as a whole number: half the room, and compared at once.
        ("base_id", pa.int64()),
        # Numbers of facets.parquet, and of names.parquet.
        ("facets", pa.int32()),
        ("supplier", pa.int32()),
        ("buyer", pa.int32()),
        ("description", pa.string()),
        ("amount_pence", pa.int64()),
    ]
)
FACETS = pa.schema(
    [
        ("facets", pa.int32()),
        ("month", pa.string()),
        ("framework", pa.string()),
        ("lot", pa.string()),
        ("sector", pa.string()),
        ("supplier_size", pa.string()),
        ("framework_published", pa.string()),
        ("lot_published", pa.string()),
        ("sector_published", pa.string()),
        ("supplier_size_published", pa.string()),
        ("line_count", pa.int64()),
    ]
)
COUNTED_UNDER = FACETS.names[1:-1]
NAMES = pa.schema(
    [
        ("kind", pa.string()),
        ("place", pa.int32()),
        ("name", pa.string()),
        ("line_count", pa.int64()),
    ]
)
REJECTS = pa.schema(
    [
        ("line_number", pa.int32()),
        ("quarantine_id", pa.string()),
        ("field", pa.string()),
        ("value", pa.string()),
        ("code", pa.string()),
        ("reason", pa.string()),
        ("raw", pa.string()),
        ("amount_pence", pa.int64()),
    ]
)
NOTES = pa.schema(
    [
        ("line_number", pa.int32()),
        ("field", pa.string()),
        ("published", pa.string()),
        ("loaded", pa.string()),
        ("reason", pa.string()),
    ]
)


def batches(path: Path, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Record batches of the file at `path`."""
    # Arrow would keep all that it reads ahead until the end.
    with pq.ParquetFile(path, pre_buffer=False) as file:
        yield from file.iter_batches(batch_size=BATCH, columns=columns, use_threads=False)


class Table:
    """Columns into a Parquet file, a group of rows at a time, so that memory stays flat."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._batches: list[pa.RecordBatch] = []
        self._count = 0

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()

    def add(self, *columns: Sequence[Any]) -> None:
        """Adds rows, column by column."""
        arrays = [
            pa.array(column, type=kind)
            for column, kind in zip(columns, self._schema.types, strict=True)
        ]
        self._batches.append(pa.record_batch(arrays, schema=self._schema))
        self._count += len(arrays[0])
        if self._count >= GROUP:
            self._flush()

    def add_rows(self, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self.add(*zip(*rows, strict=True))

    def _flush(self) -> None:
        if self._batches:
            self._writer.write_table(pa.Table.from_batches(self._batches))
            self._batches.clear()
            self._count = 0
