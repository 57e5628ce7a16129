"""An edition of very many lines keeps them in files of their own, one for each value of a key.

Each is a whole small database of the same schema: its lines, their search and spans, and the tables
that say what they name. What is added up over all lines stays in the edition's own file.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ingest import load
from ingest.engine import Engine

if TYPE_CHECKING:
    from ingest.relate import Keys

REFERENCE = (
    "editions", "feeds", "releases", "frameworks", "lots", "categories", "buyers", "suppliers",
    "buyer_names", "supplier_names", "withheld",
)  # fmt: skip
"""Tables that each has whole."""


def write(edition: Path, folder: Path, engine: Engine, keys: Keys) -> None:
    """The lines of the edition in the making at `edition` in files in `folder`, and their list."""
    folder.mkdir(parents=True, exist_ok=True)
    for shard in keys.shards:
        path = folder / f"lines-{shard}.db"
        with closing(load.create(path)) as db:
            _fill(db, edition, engine, keys, shard)
            load.finish(db, lambda _: None)
    with closing(load.connect(edition)) as db:
        load.insert(db, "shards", [_told(folder / f"lines-{s}.db", s) for s in keys.shards])


def paths(edition: Path, folder: Path) -> list[Path]:
    """The files that hold the lines of `edition`: its shards in `folder`, or itself."""
    with closing(sqlite3.connect(f"{edition.resolve().as_uri()}?mode=ro", uri=True)) as db:
        names = [row[0] for row in db.execute("SELECT shard FROM shards ORDER BY shard")]
    return [folder / f"lines-{name}.db" for name in names] or [edition]


def _fill(db: sqlite3.Connection, edition: Path, engine: Engine, keys: Keys, shard: str) -> None:
    # Imported here: an audit asks where lines are, and does without what fills them.
    from ingest import fill

    db.execute("ATTACH ? AS edition", [str(edition)])
    for table in REFERENCE:
        db.execute(f"INSERT INTO main.{table} SELECT * FROM edition.{table}")  # noqa: S608 - our own names
    db.execute("DETACH edition")
    fill.fill(db, engine, keys, load.LINES, shard)


def _told(path: Path, shard: str) -> dict[str, str | int]:
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
