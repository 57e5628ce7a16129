"""Staged files to tables, keys and full-text search. Cleans nothing."""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ingest import match, reference
from ingest.feeds import Feed
from ingest.releases import Release
from ingest.stage import Staged

SQL = Path(__file__).parent
KEYED = "_keyed"
"""how the name of a table ends that has keys where the view of its name has ids; see schema.sql"""
LINES = frozenset({"spend_keyed", "ended_spans"})
CUBES = frozenset({
    "release_months", "published_categories", "release_sizes", "changes_keyed",
    "pair_months_keyed", "pair_years", "pair_totals", "supplier_months_keyed", "buyer_months_keyed",
    "supplier_years", "buyer_years", "supplier_sizes", "supplier_totals", "buyer_totals",
    "party_months", "usual_deals",
})  # fmt: skip


ALONE, BESIDE = 16_384, 8_192
"""KiB of pages in memory: where SQLite is at work by itself, and where an engine is, too"""


def create(path: Path, cache: int = ALONE) -> sqlite3.Connection:
    """A new database at `path` with every table and view; see `connect`."""
    db = connect(path, cache)
    db.executescript((SQL / "schema.sql").read_text(encoding="utf-8"))
    db.executescript((SQL / "views.sql").read_text(encoding="utf-8"))
    return db


def connect(path: Path, cache: int = ALONE) -> sqlite3.Connection:
    """The database in the making at `path`, tuned for one writer that may start over.

    `cache` is in KiB. A sort takes as much again.
    """
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in pragmas(cache):
        db.execute(pragma)
    return db


def pragmas(cache: int) -> list[str]:
    """What `connect` says of itself, for other ways to the same database."""
    # Nobody reads this file before it is proven, and a build that dies starts again from nothing.
    return [
        "PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA page_size = 4096",
        f"PRAGMA cache_size = -{cache}",
        # An index is sorted by two processors, in three quarters of the time.
        "PRAGMA threads = 1",
    ]  # fmt: skip


def stage_reference(staged: Path) -> Path:
    """ingest/reference/*.csv as a database of their own, staged once as releases are."""
    path = staged / "reference" / f"{reference.recipe()}.db"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Of a build that was killed: there is one at a time.
        for left in path.parent.glob(".staging-*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(prefix=".staging-", dir=path.parent) as folder:
            aside = Path(folder) / path.name
            command = [sys.executable, "-m", "ingest.reference_tables", str(aside)]
            subprocess.run(command, check=True)
            aside.replace(path)
    return path


def load_reference(db: sqlite3.Connection, staged: Path) -> None:
    """What `stage_reference` has, into tables of the same names."""
    path = stage_reference(staged)
    db.execute("ATTACH ? AS reference", [str(path)])
    for (name,) in db.execute(
        "SELECT name FROM reference.sqlite_master WHERE type = 'table'"
    ).fetchall():
        columns = [row[1] for row in db.execute(f"PRAGMA reference.table_info([{name}])")]
        listed = ", ".join(f"[{column}]" for column in columns)
        db.execute(f"INSERT INTO [{name}] ({listed}) SELECT {listed} FROM reference.[{name}]")  # noqa: S608 - our own names
    db.execute("DETACH reference")


def load_edition(db: sqlite3.Connection, edition: dict[str, Any], feeds: Iterable[Feed]) -> None:
    insert(db, "editions", [edition])
    columns = (
        "feed_id", "title", "publisher", "licence", "attribution", "provenance", "cadence", "vat",
        "restates_history",
    )  # fmt: skip
    insert(db, "feeds", ({name: getattr(feed, name) for name in columns} for feed in feeds))


def load_names(
    db: sqlite3.Connection, releases: Sequence[Release]
) -> tuple[dict[match.Kind, list[match.Party]], dict[match.Kind, list[match.Name]]]:
    """Every name published in `releases`, matched.

    Returns the parties, for the review lists, and the names in the order of their numbers.
    """
    parties: dict[match.Kind, list[match.Party]] = {}
    names: dict[match.Kind, list[match.Name]] = {}
    for kind, counts in published_names(releases).items():
        parties[kind], names[kind] = match.match(kind, counts)
        known = (
            {f"{kind}_key": key, f"{kind}_id": party.party_id, "name": party.name}
            for key, party in enumerate(parties[kind])
        )
        insert(db, f"{kind}s", known)
        published = (
            {
                "published_name": name.published, f"{kind}_id": name.party_id,
                "own_id": name.own_id, "method": name.method, "evidence": name.evidence,
            }
            for name in names[kind]
        )  # fmt: skip
        insert(db, f"{kind}_names", published)
    return parties, names


def published_names(releases: Sequence[Release]) -> dict[match.Kind, Counter[str]]:
    """kind -> name -> number of lines, over all of `releases`."""
    counts: dict[match.Kind, Counter[str]] = {"supplier": Counter(), "buyer": Counter()}
    for release in releases:
        for batch in release.staged.batches("names"):
            for row in batch.to_pylist():
                counts[row["kind"]][row["name"]] += row["line_count"]
    return counts


def load_categories(db: sqlite3.Connection, names: Sequence[str], rows: Sequence[Any]) -> None:
    """The categories of lines, `rows` of `names`: their place is their key."""
    found = (
        {"categories_key": key, **dict(zip(names, row, strict=True))}
        for key, row in enumerate(rows)
    )
    insert(db, "line_categories", found)


def load_release(
    db: sqlite3.Connection, key: int, release: Release, position: int, *, is_current: bool
) -> None:
    """The release's own row, its quarantined lines and its notes."""
    row = release_row(release, position, is_current=is_current)
    insert(db, "releases", [{"release_key": key, **row}])
    db.execute("BEGIN")
    given = "line_number, quarantine_id, field, value, code, reason, raw, amount_pence"
    _insert(
        db,
        f"INSERT INTO quarantine (release_id, {given}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        release.staged, "rejects", release.release_id,
    )  # fmt: skip
    _insert(
        db, "INSERT INTO cell_notes VALUES (?, ?, ?, ?, ?, ?)", release.staged, "notes",
        release.release_id,
    )  # fmt: skip
    db.execute("COMMIT")


def insert(db: sqlite3.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """Inserts rows, column -> value, that all have the same columns."""
    left = iter(rows)
    for first in left:
        columns, marks = ", ".join(first), ", ".join(f":{column}" for column in first)
        sql = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 - our own names
        db.execute("BEGIN")
        db.executemany(sql, itertools.chain([first], left))
        db.execute("COMMIT")


def empty(db: sqlite3.Connection, tables: Iterable[str]) -> None:
    for table in sorted(tables):
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names


def statements(name: str) -> dict[str, str]:
    """name -> SQL, in order, from a file of SQL in which `-- name: …` opens each."""
    parts = (SQL / name).read_text(encoding="utf-8").split("-- name: ")[1:]
    return {
        part.partition("\n")[0].strip(): part.partition("\n")[2].strip().rstrip(";")
        for part in parts
    }


def _insert(db: sqlite3.Connection, sql: str, staged: Staged, name: str, *before: str) -> None:
    for batch in staged.batches(name):
        columns = [column.to_pylist() for column in batch.columns]
        rows = zip(*([value] * batch.num_rows for value in before), *columns, strict=True)
        db.executemany(sql, rows)


def release_row(release: Release, position: int, *, is_current: bool) -> dict[str, Any]:
    """The row of `releases`: receipt, counts and sums."""
    receipt, summary = asdict(release.staged.receipt), asdict(release.staged.summary)
    from_receipt = (
        "feed_id", "published_date", "fetched_at", "url", "filename", "byte_count", "sha256",
        "etag", "last_modified", "provenance", "tried_on",
    )  # fmt: skip
    from_summary = (
        "encoding", "heading_line", "line_count", "blank_count", "loaded_count",
        "quarantined_count", "unreadable_count", "credit_count", "zero_count",
        "undescribed_count", "rounded_count", "published_amount", "loaded_pence",
        "quarantined_pence", "rounding_amount",
    )  # fmt: skip
    months = list(release.staged.summary.months)
    return {
        "release_id": release.release_id,
        "position": position,
        "newest_month": months[-1],
        "oldest_month": months[0],
        "sequence": release.sequence,
        "is_current": is_current,
        **{name: receipt[name] for name in from_receipt},
        **{name: summary[name] for name in from_summary},
        "line_ends": summary["newline"],
        "headings": json.dumps(summary["headings"], ensure_ascii=False),
        "unknown_headings": json.dumps(summary["unknown_headings"], ensure_ascii=False),
        "accepted_despite": " ".join(release.reasons) or None,
    }


def finish(db: sqlite3.Connection, report: Callable[[str], None]) -> None:
    """Indexes and search, when every row is there; then what the query planner wants to know."""
    # Ids come in no order. Sorted at once they take a third of the time that they take one by one.
    report("index on spend_id")
    db.execute("CREATE UNIQUE INDEX spend_spend_id ON spend_keyed (spend_id)")
    # What has few values is counted by the cubes: an index of it would only make the file larger.
    # Months are in the very order of the table page, newest first and then by id: each page goes on
    # where the one before it ended, and none is sorted. A party's lines of one month are few, and
    # sorted when they are asked for.
    for column, more in (
        ("amount_pence", ""), ("month", " DESC, spend_id"),
        ("supplier_key", ", month DESC"), ("buyer_key", ", month DESC"),
    ):  # fmt: skip
        report(f"index on {column}")
        db.execute(f"CREATE INDEX spend_{column} ON spend_keyed ({column}{more})")
    db.execute("CREATE INDEX release_months_release ON release_months (release_id, month)")
    db.execute("CREATE INDEX release_sizes_release ON release_sizes (release_id, supplier_id)")
    # What each buyer bought in each month and of whom comes in the order of an index: nothing is
    # sorted.
    for cube, of_supplier, of_buyer in (
        ("pair_months_keyed", "supplier_key", "buyer_key, month"),
        ("pair_years", "supplier_id", "buyer_id, supplier_id"),
        ("pair_totals", "supplier_id", "buyer_id, supplier_id"),
    ):
        db.execute(f"CREATE INDEX {cube}_supplier ON {cube} ({of_supplier})")
        db.execute(f"CREATE INDEX {cube}_buyer ON {cube} ({of_buyer})")
    for kind in ("supplier", "buyer"):
        db.execute(f"CREATE INDEX {kind}_months_{kind} ON {kind}_months_keyed ({kind}_key)")
    db.execute("CREATE INDEX supplier_names_supplier ON supplier_names (supplier_id)")
    db.execute("CREATE INDEX buyer_names_buyer ON buyer_names (buyer_id)")
    db.execute("CREATE INDEX quarantine_quarantine_id ON quarantine (quarantine_id)")
    report("full-text search")
    db.executescript((SQL / "search.sql").read_text(encoding="utf-8"))
    db.execute("ANALYZE")
