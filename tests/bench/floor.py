"""The floor of a build: the finished rows of our own schema into sqlite3, and nothing else.

Every table of the edition with its rows, then its indexes and its search. Reading the rows is not
counted; no more than a batch of them is in memory.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from .run import Figures, Run, median_of

_BATCH = 50_000
_PRAGMAS = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;"


def measure(run: Run) -> Figures:
    target = run.folder / "floor.db"
    found: dict[str, float] = defaultdict(float)

    def once() -> float:
        found.clear()
        for file in run.files:
            target.unlink(missing_ok=True)
            for step, seconds in fill(file, target).items():
                found[step] += seconds
        return sum(found.values())

    took = median_of(run.runs, once)
    target.unlink()
    return {"floor_build_s": took, "floor_spend_s": found["rows of spend_keyed"]}


def fill(edition: Path, target: Path) -> dict[str, float]:
    """Seconds by what was done."""
    source = sqlite3.connect(f"{edition.as_uri()}?mode=ro&immutable=1", uri=True)
    with closing(source), closing(sqlite3.connect(target, isolation_level=None)) as db:
        db.executescript(_PRAGMAS)
        kinds = {row[1]: row[2] for row in source.execute("PRAGMA main.table_list")}
        made = source.execute("SELECT type, name, sql FROM sqlite_master WHERE sql NOTNULL")
        schema = {(kind, name): sql for kind, name, sql in made.fetchall()}
        took: dict[str, float] = {}
        for (kind, name), sql in schema.items():
            if kind == "table" and kinds.get(name) == "table" and not name.startswith("sqlite_"):
                db.execute(sql)
                took[f"rows of {name}"] = _copy(source, db, name)
        took["indexes"] = _run(db, [sql for (kind, _), sql in schema.items() if kind == "index"])
        _run(db, [sql for (kind, _), sql in schema.items() if kind == "view"])
        for (kind, name), sql in schema.items():
            if kind == "table" and kinds.get(name) == "virtual":
                took[name] = _run(db, [sql, *_search(db, name, sql)])
        return took


def _copy(source: sqlite3.Connection, db: sqlite3.Connection, table: str) -> float:
    """Seconds to insert the table's rows."""
    columns = [row[1] for row in source.execute(f"PRAGMA table_info([{table}])")]
    listed, marks = ", ".join(f"[{c}]" for c in columns), ", ".join("?" * len(columns))
    rows = source.execute(f"SELECT {listed} FROM [{table}]")  # noqa: S608 - our own names
    insert = f"INSERT INTO [{table}] ({listed}) VALUES ({marks})"  # noqa: S608
    took = 0.0
    while batch := rows.fetchmany(_BATCH):
        started = time.monotonic()
        db.execute("BEGIN")
        db.executemany(insert, batch)
        db.execute("COMMIT")
        took += time.monotonic() - started
    return took


def _search(db: sqlite3.Connection, name: str, sql: str) -> list[str]:
    """Statements that fill a search table, straight from the table that has the texts."""
    content = re.search(r"content=\[(\w+)\]", sql)
    if not content:
        return []
    there = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    table = next(found for found in (f"{content[1]}_keyed", content[1]) if found in there)
    column = sql.partition("(")[2].partition(",")[0].strip()
    return [f"INSERT INTO [{name}] (rowid, {column}) SELECT rowid, {column} FROM [{table}]"]  # noqa: S608


def _run(db: sqlite3.Connection, statements: list[str]) -> float:
    started = time.monotonic()
    for statement in statements:
        db.execute(statement)
    return time.monotonic() - started
