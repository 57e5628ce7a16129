"""Turns a finished edition into a summary file and a shard of lines for each value of a key.

What the build writes for an edition of many lines, made from one of few for the tests of the site.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parent.parent
REFERENCE = (
    "editions", "feeds", "releases", "frameworks", "lots", "categories", "buyers", "suppliers",
    "buyer_names", "supplier_names", "line_categories",
)  # fmt: skip
SEARCH = (ROOT / "ingest" / "search.sql").read_text("utf-8")


def split_copy(build: Path, target: Path, key: str = "financial_year") -> Path:
    """A build folder like `build`, whose newest edition keeps its lines in shards."""
    newest = (build / "govspend.db").resolve()
    place = target / "editions" / newest.name
    shutil.copytree(newest.with_suffix(""), place.with_suffix(""))
    shutil.copyfile(newest, place)
    split(place, place.with_suffix(""), key)
    (target / "govspend.db").symlink_to(Path("editions") / newest.name)
    return target


def split(database: Path, folder: Path, key: str = "financial_year") -> list[Path]:
    """Splits the lines of `database` into `folder`/lines-KEY.db; the database keeps the rest.

    `key` is SQL over the columns of spend. Gives the shards' files, the first months first.
    """
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        schema = [
            sql
            for (sql,) in db.execute(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '%_fts%' "
                "AND name NOT LIKE 'sqlite_%' ORDER BY type = 'view', type = 'index', rowid"
            )
        ]
        names = [name for (name,) in db.execute(f"SELECT {key} FROM spend GROUP BY 1 ORDER BY 1")]  # noqa: S608
        files = [folder / f"lines-{name}.db" for name in names]
        for name, path in zip(names, files, strict=True):
            _shard(db, path, schema, f"{key} = '{name}'", gone=name == names[0])
            _note(db, name, path)
        for table in ("spend_fts", "ended_spans", "spend_keyed"):
            db.execute(f"DELETE FROM {table}" if table != "spend_fts" else _NO_SEARCH)  # noqa: S608
        db.execute("VACUUM")
        db.execute("ANALYZE")
    return files


_NO_SEARCH = "INSERT INTO spend_fts (spend_fts) VALUES ('delete-all')"


def _shard(db: sqlite3.Connection, path: Path, schema: list[str], chosen: str, gone: bool) -> None:
    """A file of the lines that are chosen; the first also has the spans of lines that are gone."""
    with closing(sqlite3.connect(path, isolation_level=None)) as shard:
        shard.execute("PRAGMA synchronous = OFF")
        for sql in schema:
            shard.execute(sql)
    db.execute("ATTACH ? AS shard", [str(path)])
    kept = [row[1] for row in db.execute("PRAGMA main.table_info(spend_keyed)")]
    columns = ", ".join(kept)
    db.execute("BEGIN")
    for table in REFERENCE:
        db.execute(f"INSERT INTO shard.{table} SELECT * FROM main.{table}")  # noqa: S608
    db.execute(
        f"INSERT INTO shard.spend_keyed ({columns}) SELECT {columns} FROM main.spend_keyed "  # noqa: S608
        f"WHERE rowid IN (SELECT rowid FROM main.spend WHERE {chosen}) ORDER BY rowid"
    )
    ours = "spend_id IN (SELECT spend_id FROM shard.spend_keyed)"
    if gone:
        ours = f"({ours} OR spend_id NOT IN (SELECT spend_id FROM main.spend_keyed))"  # noqa: S608
    db.execute(f"INSERT INTO shard.ended_spans SELECT * FROM main.ended_spans WHERE {ours}")  # noqa: S608
    db.execute("COMMIT")
    db.execute("DETACH shard")
    with closing(sqlite3.connect(path, isolation_level=None)) as shard:
        shard.execute("PRAGMA synchronous = OFF")
        shard.executescript(SEARCH)
        shard.execute("ANALYZE")


def _note(db: sqlite3.Connection, name: str, path: Path) -> None:
    with closing(sqlite3.connect(path)) as shard:
        row = shard.execute(
            "SELECT min(month), max(month), count(*), sum(amount_pence) FROM spend"
        ).fetchone()
    said = path.read_bytes()
    values = [name, *row, len(said), hashlib.sha256(said).hexdigest()]
    db.execute("INSERT INTO shards VALUES (?, ?, ?, ?, ?, ?, ?)", values)
