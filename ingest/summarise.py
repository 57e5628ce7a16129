"""Tables to cubes: what each release said by month, and how it differs from the one before."""

from __future__ import annotations

import sqlite3

from ingest import load
from ingest.releases import Release

CUBES = ("release_months", "published_categories", "release_sizes", "changes", "line_spans")
_SQL = "summarise.sql"


def summarise_release(
    db: sqlite3.Connection, release: Release, position: int, before: str | None
) -> None:
    """Adds the release to the cubes.

    `before` is the id of the release that it follows, None for the first; its sums by month,
    supplier and buyer wait in `temp.earlier_pairs` from the call before.
    """
    values = {
        "release_id": release.release_id,
        "feed_id": release.feed_id,
        "position": position,
        "before": before,
    }
    load.hold_lines(db, release)
    db.execute("BEGIN")
    for name, statement in statements().items():
        if before is None and name in ("changes", "extended spans"):
            continue
        db.execute(statement, values)
    db.execute("COMMIT")


def forget(db: sqlite3.Connection) -> None:
    """Empties the cubes, so that they can be made again."""
    for table in CUBES:
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names


def statements() -> dict[str, str]:
    """name -> SQL, in order, from summarise.sql, where `-- name: …` opens each."""
    return load.statements(_SQL)
