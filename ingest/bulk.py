"""The files of an edition that are taken as a whole: spend as CSV and Parquet, and every release.

They are written beside the database that is to be published, each under the name that it is served
by, with `manifest.json`, which says of every file what it is, its bytes, its lines and its sha256,
so that nobody has to read a file through again to know that. Reads the database, writes only files.
A release as published is there already: it is linked, and takes no room.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from zlib_ng import gzip_ng

from ingest import lookup, read_back, shards
from ingest.ahead import ahead
from ingest.archive import Archive
from ingest.columnar import COUNTED_UNDER
from ingest.fill import digits
from ingest.load import KEYED, LINES, statements
from ingest.lookup import Lookup
from ingest.publish import MANIFEST, BulkFile
from ingest.relate import financial_year
from ingest.releases import Release

DATABASE = "govspend.db"

_CATEGORY = pa.dictionary(pa.int32(), pa.string())
SPEND = pa.schema(
    [
        ("spend_id", pa.string()),
        ("release_id", _CATEGORY),
        ("line_number", pa.int32()),
        ("month", pa.date32()),
        ("financial_year", _CATEGORY),
        ("framework", _CATEGORY),
        ("lot", _CATEGORY),
        ("sector", _CATEGORY),
        ("supplier_size", _CATEGORY),
        ("description", pa.string()),
        ("amount_pence", pa.int64()),
        ("amount", pa.decimal128(18, 2)),
        ("supplier_id", _CATEGORY),
        ("supplier_name", _CATEGORY),
        ("buyer_id", _CATEGORY),
        ("buyer_name", _CATEGORY),
    ]
)
"""The columns of the view spend_named, typed."""
# What Parquet stores as numbers of a dictionary; an id of a line is never met twice.
_REPEATED = [name for name in SPEND.names if name not in ("spend_id", "amount")]
# Lines that are text at once: to put them together takes several times their room.
_AT_ONCE = 4_000
_CHARSETS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "cp1252": "windows-1252",
    "mac_roman": "macintosh",
}
_PARQUET = "application/vnd.apache.parquet"


def write_staged(folder: Path, releases: Sequence[Release]) -> dict[str, BulkFile]:
    """Every release as it was staged, which needs no database, in `folder`; by release."""
    folder.mkdir(parents=True, exist_ok=True)
    return {release.release_id: _as_staged(release, folder) for release in releases}


def write(
    database: Path, folder: Path, releases: Sequence[Release], archive: Archive,
    staged: Mapping[str, BulkFile],
) -> None:  # fmt: skip
    """The bulk files of the edition at `database`, which stands on `releases`, in `folder`.

    `staged` are those of `write_staged`; what else is there goes. A release in which a text is
    withheld is not offered as published. The manifest comes last.
    """
    lines = shards.paths(database, folder)
    for path in {*folder.iterdir()} - {*lines} - {folder / file.name for file in staged.values()}:
        path.unlink()
    db = sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)
    try:
        withheld = {name for path in {database, *lines} for name in _withheld(path)}
        terms = _terms(db)
        with _SpendWriter(folder, terms) as writer:
            lookups = _lookups(db)
            found = (batch for path in lines for batch in batches(path, lookups))
            empty = _write_spend(found, writer)
        tables = _tables(db, lines, empty)
    finally:
        db.close()
    rows = tables["spend"]["row_count"]
    for path in {*lines} - {database}:
        _settle(path)
    files = [
        _described(folder / "spend.csv.gz", "spend-csv", "application/gzip", rows),
        _described(folder / "spend.parquet", "spend-parquet", _PARQUET, rows),
        _database(database, rows),
    ]
    for release in releases:
        if release.release_id not in withheld:
            files.append(_as_published(release, folder, archive))
        files.append(staged[release.release_id])
    manifest = {
        "edition_id": terms["edition_id"],
        "files": [asdict(file) for file in files],
        "not_offered": [
            {"release_id": release.release_id, "sha256": release.staged.receipt.sha256}
            for release in releases
            if release.release_id in withheld
        ],
        "tables": tables,
    }
    _keep(folder / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())


def _write_spend(lines: Iterator[pa.RecordBatch], writer: _SpendWriter) -> Counter[str]:
    """Every line into both files. Returns in how many lines each column is empty."""
    empty: Counter[str] = Counter()
    writer.head()
    for batch in ahead(lines):
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            empty[name] += column.null_count
        writer.add(batch)
    return empty


def _terms(db: sqlite3.Connection) -> dict[str, str]:
    """What a file says of itself wherever it goes; Parquet carries it along."""
    edition_id, title = db.execute(_sql("edition")).fetchone()
    licences, attributions = zip(*db.execute(_sql("terms")), strict=True)
    return {
        "edition_id": edition_id,
        "title": title,
        "license": ", ".join(dict.fromkeys(licences)),
        "attribution": " ".join(dict.fromkeys(attributions)),
    }


def _lookups(db: sqlite3.Connection) -> dict[str, Lookup]:
    found: dict[str, Lookup] = {}
    for what in ("releases", "categories", "supplier names", "buyer names"):
        found |= lookup.read(db, _sql(what))
    months = [row[0] for row in db.execute(_sql("months"))]
    years = pa.array([financial_year(month) for month in months])
    found["financial_year"] = Lookup("month", pa.array(months), years)
    return found


def batches(database: Path, lookups: dict[str, Lookup]) -> Iterator[pa.RecordBatch]:
    """Every line of spend, typed as SPEND says, in the order of the published files."""
    left_out = 1
    for cells in read_back.batches(database, _sql("lines")):
        cells, left_out = cells.slice(left_out), 0
        columns = [_column(field, cells, lookups) for field in SPEND]
        yield pa.record_batch(columns, schema=SPEND)


def _column(field: pa.Field, cells: pa.RecordBatch, lookups: dict[str, Lookup]) -> pa.Array:
    """One column of a batch, from the `cells` as the database has them."""
    if field.name in lookups:
        return lookups[field.name].of(cells)
    if field.name == "amount":
        # Pence are the digits of pounds with two decimals: nothing is divided.
        digits = cells.column("amount_pence").cast(pa.decimal128(19, 0))
        return pa.Array.from_buffers(
            field.type, len(digits), digits.buffers(), offset=digits.offset
        )
    if field.type == _CATEGORY:
        return cells.column(field.name).dictionary_encode()
    return cells.column(field.name).cast(field.type)


class _SpendWriter:
    """Lines of spend into spend.csv.gz and spend.parquet, the same bytes whenever it is run."""

    def __init__(self, folder: Path, terms: dict[str, str]) -> None:
        self._file = (folder / "spend.csv.gz").open("wb")
        # No name and no time in the file's head. Level 4 is as small as the standard library's 5.
        self._csv = gzip_ng.GzipNGFile("", "wb", compresslevel=4, fileobj=self._file, mtime=0)
        self._parquet = pq.ParquetWriter(
            folder / "spend.parquet", SPEND.with_metadata(terms), compression="zstd",
            use_dictionary=_REPEATED, store_decimal_as_integer=True,
        )  # fmt: skip

    def __enter__(self) -> _SpendWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._csv.close()
        self._file.close()
        self._parquet.close()

    def head(self) -> None:
        self._csv.write(",".join(SPEND.names).encode() + b"\r\n")

    def add(self, batch: pa.RecordBatch) -> None:
        for first in range(0, len(batch), _AT_ONCE):
            self._csv.write(csv_lines(batch.slice(first, _AT_ONCE)))
        self._parquet.write_batch(batch)


def csv_lines(batch: pa.RecordBatch) -> bytes:
    """The rows as RFC 4180 has them, byte for byte as Python's csv module would write them.

    No cell is changed: a text that begins with = or @ stays as it is. An unknown one is empty.
    """
    columns = [pc.fill_null(_quoted(column), "") for column in batch.columns]
    lines = pc.binary_join_element_wise(*columns, ",")
    whole = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines)
    text: bytes = pc.binary_join(whole, "\r\n")[0].as_buffer().to_pybytes()
    return text + b"\r\n"


def _quoted(column: pa.Array) -> pa.Array:
    """The cells as text, in quotation marks where they hold what would end a cell."""
    if pa.types.is_dictionary(column.type):
        return _quoted(column.dictionary).take(column.indices)
    if column.type != pa.string():
        return column.cast(pa.string())
    special = pc.match_substring_regex(column, '[",\r\n]')
    if not pc.any(special).as_py():
        return column
    doubled = pc.replace_substring(column, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', doubled, '"', ""), column)


def _described(
    path: Path, kind: str, media_type: str, rows: int, release_id: str | None = None
) -> BulkFile:
    _settle(path)
    size = path.stat().st_size
    return BulkFile(path.name, kind, media_type, size, _sha256(path), rows, release_id)


def _database(database: Path, rows: int) -> BulkFile:
    """The edition's own database, which lies beside the folder and not in it."""
    size, sha256 = database.stat().st_size, _sha256(database)
    return BulkFile(DATABASE, "database", "application/vnd.sqlite3", size, sha256, rows)


def _as_published(release: Release, folder: Path, archive: Archive) -> BulkFile:
    """The very bytes that were fetched."""
    receipt, summary = release.staged.receipt, release.staged.summary
    name = f"{release.release_id}-as-published.csv"
    _link(archive.path(receipt.sha256), folder / name)
    charset = _CHARSETS.get(summary.encoding)
    media_type = f"text/csv; charset={charset}" if charset else "text/csv"
    return BulkFile(
        name, "release-published", media_type, receipt.byte_count, receipt.sha256,
        summary.line_count, release.release_id, summary.encoding,
    )  # fmt: skip


def _as_staged(release: Release, folder: Path) -> BulkFile:
    """Its lines as they were read, of which `spend` is made; what is withheld is masked there.

    Staged, what lines are counted under stands once beside them; here it is on each line again.
    """
    path = folder / f"{release.release_id}-as-staged.parquet"
    facets = pa.Table.from_batches(release.staged.batches("facets"))
    names = pa.Table.from_batches(release.staged.batches("names"))
    named = {
        kind: names.filter(pc.equal(names.column("kind"), kind)).column("name")
        for kind in ("supplier", "buyer")
    }
    rows, writer = release.staged.summary.loaded_count, None
    for lines in release.staged.batches("lines"):
        whole = pa.table({
            "line_number": lines.column("line_number"),
            "base_id": digits(lines.column("base_id")),
            **{kind: names.take(lines.column(kind)) for kind, names in named.items()},
            "description": lines.column("description"),
            "amount_pence": lines.column("amount_pence"),
        })  # fmt: skip
        found = facets.take(pc.index_in(lines.column("facets"), facets.column("facets")))
        for name in COUNTED_UNDER:
            whole = whole.append_column(name, found.column(name))
        writer = writer or pq.ParquetWriter(path, whole.schema, compression="zstd")
        writer.write_table(whole.combine_chunks())
    if writer:
        writer.close()
    return _described(path, "release-staged", _PARQUET, rows, release.release_id)


def _tables(
    db: sqlite3.Connection, lines: Sequence[Path], empty_in_spend: Counter[str]
) -> dict[str, dict[str, Any]]:
    """table -> its rows, and in how many of them each column is empty that may be."""
    found = {}
    for (table,) in db.execute(_sql("tables")).fetchall():
        columns, source = _unsure(db, table), f"[{table}]"
        shown = table.removesuffix(KEYED)
        if shown != table and "categories_key" in _columns(db, table):
            columns += _unsure(db, "line_categories")
            source += " JOIN line_categories USING (categories_key)"
        if table in LINES:
            # Those of spend were counted as it was written; those of ended_spans are never empty.
            rows = sum(_count(path, table) for path in lines)
            empty = {column: empty_in_spend[column] for column in columns}
        else:
            listed = ", ".join(["count(*)", *(f"count([{column}])" for column in columns)])
            rows, *full = db.execute(f"SELECT {listed} FROM {source}").fetchone()  # noqa: S608 - our own names
            empty = {name: rows - count for name, count in zip(columns, full, strict=True)}
        # A table of keys, and the view of what they stand for.
        for name in dict.fromkeys((shown, table)):
            found[name] = {"row_count": rows, "empty_counts": empty}
    return found


def _unsure(db: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table that may be empty."""
    found = db.execute(f"PRAGMA table_info([{table}])").fetchall()
    return [row[1] for row in found if not row[3] and not row[5]]


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in db.execute(f"PRAGMA table_info([{table}])")]


def _count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        return int(db.execute(f"SELECT count(*) FROM [{table}]").fetchone()[0])  # noqa: S608 - our own names


def _withheld(path: Path) -> list[str]:
    """Releases in which a text is withheld, by the file of lines at `path`."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
        return [row[0] for row in db.execute(_sql("withheld releases"))]


def _link(source: Path, target: Path) -> None:
    """The same bytes under another name; a copy where the two lie on different disks."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
        _settle(target)


def _keep(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    _settle(path)


def _settle(path: Path) -> None:
    """On the disk, not only on its way there, and not to be written again."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
    path.chmod(0o444)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sql(name: str) -> str:
    return statements("bulk.sql")[name]
