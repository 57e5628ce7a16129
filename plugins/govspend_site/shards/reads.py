"""What a statement reads: SQLite itself says which tables and columns, also through views."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

_EXPLAINED = re.compile(r"\s*explain\b", re.IGNORECASE)

Reads = Mapping[str, frozenset[str]]


def of(db: sqlite3.Connection, sql: str, given: Any) -> Reads:
    """Table -> its columns that the statement reads, none where it only counts rows.

    Nothing of a statement that is wrong: who runs it learns why. Takes away the connection's
    authorizer.
    """
    found: dict[str, set[str]] = defaultdict(set)

    def noted(action: int, table: str | None, column: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ and table:
            found[table].add(column or "")
        return sqlite3.SQLITE_OK

    if _EXPLAINED.match(sql):
        return {}
    db.set_authorizer(noted)
    try:
        db.execute(f"EXPLAIN {sql}", given)
    except sqlite3.Error:
        return {}
    finally:
        db.set_authorizer(None)
    return {table: frozenset(columns) for table, columns in found.items()}
