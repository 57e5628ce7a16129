"""An edition of very many lines keeps them in files of their own, one for each value of a key.

Each is a whole small database of the same schema: its lines, their search and spans, and the tables
that say what they name. What is added up over all lines stays in the edition's own file.
"""

from __future__ import annotations

import functools
import hashlib
import operator
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
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
    "buyer_names", "supplier_names", "line_categories", "withheld",
)  # fmt: skip
"""Tables that each has whole."""


Told = dict[str, Any]
"""a row of the list of shards"""


def write(edition: Path, folder: Path, engine: Engine, keys: Keys) -> list[Told]:
    """The lines of the edition in the making at `edition`, in files in `folder`.

    Machines of a cluster finish their own files, which are returned. A machine that does all by
    itself leaves that to `finish`, when the engine has given back its memory.
    """
    # Imported here: an audit asks where lines are, and does without what fills them.
    from ingest import fill

    folder.mkdir(parents=True, exist_ok=True)
    take = functools.partial(_write_one, edition, folder, keys, finishing=engine.is_cluster)
    told = list(filter(None, engine.split(fill.rows_of(load.LINES), keys.shards, take)))
    # A machine that was lost has left what it had begun.
    for left in list(edition.parent.glob("shard-*")):
        shutil.rmtree(left, ignore_errors=True)
    return told


def _write_one(
    edition: Path, folder: Path, keys: Keys, shard: str, rows: dict[str, Iterator[pa.RecordBatch]],
    *, finishing: bool,
) -> Told:  # fmt: skip
    """The file of a shard. Made aside: where it is, it is whole."""
    from ingest import fill

    path = folder / _name(shard)
    with tempfile.TemporaryDirectory(prefix="shard-", dir=edition.parent) as aside:
        making = Path(aside) / path.name
        with closing(load.create(making, load.BESIDE)) as db:
            db.execute("ATTACH ? AS edition", [str(edition)])
            for table in REFERENCE:
                db.execute(f"INSERT INTO main.{table} SELECT * FROM edition.{table}")  # noqa: S608 - our own names
        for name, batches in rows.items():
            fill.insert(making, name, batches, keys)
        if finishing:
            with closing(load.connect(making)) as db:
                load.finish(db, lambda _: None)
        making.replace(path)
    return _told(path) if finishing else {}


def finish(edition: Path, folder: Path, told: list[Told], report: Callable[[str], None]) -> None:
    """Indexes and search for the files in `folder` that are not `told` of yet; lists all."""
    known = {row["shard"] for row in told}
    for path in sorted(folder.glob(_name("*"))):
        if _shard(path) not in known:
            with closing(load.connect(path)) as db:
                load.finish(db, lambda text, name=path.name: report(f"{name}: {text}"))  # type: ignore[misc]
            told = [*told, _told(path)]
    with closing(load.connect(edition)) as db:
        load.insert(db, "shards", sorted(told, key=operator.itemgetter("shard")))


def _name(shard: str) -> str:
    return f"lines-{shard}.db"


def _shard(path: Path) -> str:
    return path.stem.removeprefix("lines-")


def paths(edition: Path, folder: Path) -> list[Path]:
    """The files that hold the lines of `edition`: its shards in `folder`, or itself."""
    with closing(sqlite3.connect(f"{edition.resolve().as_uri()}?mode=ro", uri=True)) as db:
        names = [row[0] for row in db.execute("SELECT shard FROM shards ORDER BY shard")]
    return [folder / _name(name) for name in names] or [edition]


def _told(path: Path) -> Told:
    with closing(sqlite3.connect(path)) as db:
        first, last, lines, pence = db.execute(
            "SELECT min(month), max(month), count(*), sum(amount_pence) FROM spend"
        ).fetchone()
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "shard": _shard(path), "first_month": first, "last_month": last, "line_count": lines,
        "amount_pence": pence, "byte_count": path.stat().st_size, "sha256": sha256,
    }  # fmt: skip
