"""`python -m ingest.reference_tables FILE`: ingest/reference/*.csv as tables of a new database.

A process of its own, because pandas comes with these libraries: half a second, and 100 MB that
would stay for the whole build.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import sqlite_utils
from csvs_to_sqlite.cli import cli as csvs_to_sqlite

from ingest import reference

TABLES = ("frameworks", "lots", "withheld", "published_totals")


def write(path: Path) -> None:
    """Makes the database at `path`, by way of csvs-to-sqlite.

    That makes NULL of NA, None and the like, so `categories`, which holds those very words as
    published, goes its own way; a test sees to it that the others never hold them.
    """
    paths = [str(reference.FOLDER / f"{name}.csv") for name in TABLES]
    # csvs-to-sqlite reports with print, which is not this project's report.
    with contextlib.redirect_stdout(io.StringIO()):
        # --just-strings keeps 00123 and 2012-02 as they are written.
        csvs_to_sqlite.main(["--just-strings", *paths, str(path)], standalone_mode=False)
    sqlite_utils.Database(path).table("categories").insert_all(
        {**row, "name": row["name"] or None} for row in reference.rows("categories")
    )


if __name__ == "__main__":
    write(Path(sys.argv[1]))
