"""The columnar files of a staged release: their columns, how they are written and how read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 10_000
"""rows that are held at a time"""

LINES = pa.schema(
    [
        ("line_number", pa.int32()),
        ("base_id", pa.string()),
        # The row of facets.parquet.
        ("facets", pa.int32()),
        ("supplier", pa.string()),
        ("buyer", pa.string()),
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
    """Record batches of the file at `path`; the names in one of lines come as a dictionary."""
    dictionaries = ["supplier", "buyer"] if path.name == "lines.parquet" else None
    with pq.ParquetFile(path, read_dictionary=dictionaries) as file:
        yield from file.iter_batches(batch_size=BATCH, columns=columns, use_threads=False)


class Table:
    """Rows into a Parquet file, a batch at a time, so that memory stays flat."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._rows: list[tuple[Any, ...]] = []

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()

    def add(self, row: tuple[Any, ...]) -> None:
        self._rows.append(row)
        if len(self._rows) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            arrays = [
                pa.array(column, type=kind)
                for column, kind in zip(
                    zip(*self._rows, strict=True), self._schema.types, strict=True
                )
            ]
            self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
            self._rows.clear()
