"""What a statement reads: SQLite itself says which tables and columns, also through views.

Its authorizer tells both, and through which view, but not of a table that is only joined USING a
column; what EXPLAIN shows to be opened tells of that, and not of searches, which are virtual.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

_EXPLAINED = re.compile(r"\s*explain\b", re.IGNORECASE)

# A search's own tables of words.
_SHADOW = re.compile(r"^(\w+_fts)_\w+$")

Reads = Mapping[str, frozenset[str]]


Authorizer = Callable[..., int]


def of(db: sqlite3.Connection, sql: str, given: Any, allowed: Authorizer | None = None) -> Reads:
    """Table -> its columns that the statement reads, as far as SQLite tells them.

    Nothing of a statement that is wrong, or that `allowed` forbids: who runs it learns why. Leaves
    `allowed` as the connection's authorizer.
    """
    found: dict[str, set[str]] = defaultdict(set)

    def noted(
        action: int, table: str | None, column: str | None, schema: str | None, view: str | None
    ) -> int:
        if action == sqlite3.SQLITE_READ and table:
            found[_SHADOW.sub(r"\1", table)].add(column or "")
            if view:
                found[view].add("")
        return allowed(action, table, column, schema, view) if allowed else sqlite3.SQLITE_OK

    if _EXPLAINED.match(sql):
        return {}
    db.set_authorizer(noted)
    try:
        steps = db.execute(f"EXPLAIN {sql}", given).fetchall()
    except (sqlite3.Error, sqlite3.Warning):
        return {}
    finally:
        db.set_authorizer(allowed)
    for table in _opened(db, steps):
        found[table].add("")
    return {table: frozenset(columns) for table, columns in found.items()}


def _opened(db: sqlite3.Connection, steps: list[Any]) -> set[str]:
    """The tables of which a prepared statement opens rows or an index."""
    roots = {step[3] for step in steps if step[1] == "OpenRead" and step[4] == 0}
    known = db.execute("SELECT rootpage, tbl_name FROM main.sqlite_master").fetchall()
    return {_SHADOW.sub(r"\1", table) for root, table in known if root in roots}
