"""Tables to cubes: what each release said by month, how it differs from the one before, who buys.

Each release is summarised while its lines are at hand; spend once, when every release is loaded.
"""

from __future__ import annotations

import sqlite3

from ingest import load
from ingest.releases import Release

CUBES = (
    "release_months", "published_categories", "release_sizes", "changes", "line_spans",
    "pair_months", "pair_years", "pair_totals", "party_months", "usual_deals",
)  # fmt: skip
_OF_A_RELEASE = "summarise.sql"
_OF_SPEND = "cubes.sql"


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
    for name, statement in load.statements(_OF_A_RELEASE).items():
        if before is None and name in ("changes", "extended spans"):
            continue
        db.execute(statement, values)
    db.execute("COMMIT")


def summarise_spend(db: sqlite3.Connection) -> None:
    """Makes the cubes of the lines of `spend`, when every release is loaded."""
    db.execute("BEGIN")
    for statement in load.statements(_OF_SPEND).values():
        db.execute(statement)
    db.execute("COMMIT")


def forget(db: sqlite3.Connection) -> None:
    """Empties the cubes, so that they can be made again."""
    for table in CUBES:
        db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
