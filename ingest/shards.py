"""An edition of very many lines keeps them in files of their own, one for each value of a key.

Each is a whole small database of the same schema: its lines, their search and spans, and the tables
that say what they name. What is added up over all lines stays in the edition's own file.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ingest import load
from ingest.engine import Engine

if TYPE_CHECKING:
    import pyarrow as pa

    from ingest.relate import Keys

REFERENCE = (
    "editions", "feeds", "releases", "frameworks", "lots", "categories", "buyers", "suppliers",
    "buyer_names", "supplier_names", "withheld",
)  # fmt: skip
"""Tables that each has whole."""


def write(edition: Path, folder: Path, engine: Engine, keys: Keys) -> None:
    """The lines of the edition in the making at `edition` in files in `folder`, and their list."""
    # Imported here: an audit asks where lines are, and does without what fills them.
    from ingest import fill

    folder.mkdir(parents=True, exist_ok=True)
    one = functools.partial(_write_one, edition, folder, keys)
    told = {row["shard"]: row for row in engine.split(fill.rows_of(load.LINES), keys.shards, one)}
    # A machine that was lost has left what it had begun.
    for left in list(edition.parent.glob("shard-*")):
        shutil.rmtree(left, ignore_errors=True)
    with closing(load.connect(edition)) as db:
        load.insert(db, "shards", [told[shard] for shard in keys.shards])


def _write_one(
    edition: Path, folder: Path, keys: Keys, shard: str, rows: dict[str, Iterator[pa.RecordBatch]]
) -> dict[str, Any]:
    """The file of a shard, and its row in the list. Made aside: where it is, it is whole."""
    from ingest import fill

    path = folder / f"lines-{shard}.db"
    with tempfile.TemporaryDirectory(prefix="shard-", dir=edition.parent) as aside:
        with closing(load.create(Path(aside) / path.name)) as db:
            db.execute("ATTACH ? AS edition", [str(edition)])
            for table in REFERENCE:
                db.execute(f"INSERT INTO main.{table} SELECT * FROM edition.{table}")  # noqa: S608 - our own names
            db.execute("DETACH edition")
            for name, batches in rows.items():
                fill.insert(db, name, batches, keys)
            load.finish(db, lambda _: None)
        (Path(aside) / path.name).replace(path)
    return _told(path, shard)


def paths(edition: Path, folder: Path) -> list[Path]:
    """The files that hold the lines of `edition`: its shards in `folder`, or itself."""
    with closing(sqlite3.connect(f"{edition.resolve().as_uri()}?mode=ro", uri=True)) as db:
        names = [row[0] for row in db.execute("SELECT shard FROM shards ORDER BY shard")]
    return [folder / f"lines-{name}.db" for name in names] or [edition]


def _told(path: Path, shard: str) -> dict[str, Any]:
    with closing(sqlite3.connect(path)) as db:
        first, last, lines, pence = db.execute(
            "SELECT min(month), max(month), count(*), sum(amount_pence) FROM spend"
        ).fetchone()
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "shard": shard, "first_month": first, "last_month": last, "line_count": lines,
        "amount_pence": pence, "byte_count": path.stat().st_size, "sha256": sha256,
    }  # fmt: skip
