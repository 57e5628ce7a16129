"""The files of the declared lists that are looked up in: which are read, and how they are kept.

At each address the newest file counts; of a catalogue, every address that it ever listed. What a
source that is no longer declared once gave stays in the archive and counts no more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest import listings
from ingest.archive import Archive, Receipt
from ingest.feeds import AdmittedList, CustomerList


def files(
    archive: Archive, declared: CustomerList | AdmittedList, folder: Path
) -> Iterator[tuple[Receipt, Path]]:
    """(receipt, path) of the newest file at each address of a list, in the order declared.

    The same bytes at two addresses are one file. `folder` is where the declaration's paths start.
    Raises ArchiveError for a damaged receipt.
    """
    newest = {receipt.url: receipt for receipt in archive.receipts(declared.feed_id)}
    given: set[str] = set()
    for receipt in sorted(newest.values(), key=lambda item: (item.position, item.url)):
        declares = (listings.could_give(source, receipt.url, folder) for source in declared.sources)
        if receipt.sha256 not in given and any(declares):
            given.add(receipt.sha256)
            yield receipt, archive.path(receipt.sha256)


def fault(feed_id: str, receipt: Receipt, error: Exception) -> str:
    """Why a file could not be read; `read` knows it only by its name in the archive."""
    return f"{feed_id}: {str(error).replace(receipt.sha256, receipt.filename)}"


def insert(
    db: sqlite3.Connection, table: str, declared: CustomerList | AdmittedList, receipt: Receipt,
    counts: dict[str, Any],
) -> None:  # fmt: skip
    """A row of `table` for one file of a list: its terms, its receipt, and what was counted."""
    row = {
        "list_id": declared.feed_id,
        **{key: getattr(declared, key) for key in ("title", "publisher", "licence", "attribution")},
        **{key: getattr(receipt, key) for key in ("filename", "provenance", "url", "fetched_at")},
        **{key: getattr(receipt, key) for key in ("byte_count", "sha256")},
        **counts,
    }
    columns, marks = ", ".join(row), ", ".join(f":{key}" for key in row)
    db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", row)  # noqa: S608 - our own names
