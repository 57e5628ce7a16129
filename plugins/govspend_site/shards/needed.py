"""Which shards can hold a line that a statement asks for, and how many lines fit: by the cubes.

The cubes of an edition tell every line's month, supplier, buyer, size, framework, lot and sector.
So what a statement asks of those columns is asked of a cube first, and a shard without any such
line is never opened.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from govspend_site.shards.files import Shard

# Not by `queries`, which needs Datasette: a worker of the lane does without it.
_MONTHS = (Path(__file__).parents[1] / "sql" / "spend_months.sql").read_text("utf-8")
_CUBES = {
    "spend_months": (
        "SELECT month, release_id, financial_year, framework, lot, sector, supplier_size, "  # noqa: S608
        f"month AS first, month AS last, line_count AS lines FROM ({_MONTHS})"
    ),
    "supplier_months": (
        "SELECT month, supplier_id, supplier_size, "
        "month AS first, month AS last, line_count AS lines FROM supplier_months"
    ),
    "buyer_months": (
        "SELECT month, buyer_id, supplier_size, "
        "month AS first, month AS last, line_count AS lines FROM buyer_months"
    ),
    "pair_years": (
        "SELECT financial_year, supplier_id, buyer_id, framework, lot, sector, supplier_size, "
        "first_month AS first, last_month AS last, line_count AS lines FROM pair_years"
    ),
    "pair_months": (
        "SELECT month, release_id, supplier_id, buyer_id, supplier_size, "
        "month AS first, month AS last, line_count AS lines FROM pair_months"
    ),
    "pair_totals": (
        "SELECT supplier_id, buyer_id, supplier_size, supplier_name_id, buyer_name_id, "
        "first_month AS first, last_month AS last, line_count AS lines FROM pair_totals"
    ),
}
"""What each cube tells of lines, the smallest first. Nothing but columns that lines have, too."""
# A cube's rows have numbers of their own, and SQLite would take them for those of lines.
_OF_A_LINE = re.compile(r"\b(?:rowid|_rowid_|oid|spend_fts)\b", re.IGNORECASE)
_QUOTED = re.compile(r'"(\w+)"')


def shards(
    db: sqlite3.Connection, all_of_them: tuple[Shard, ...], conditions: Iterable[str], given: Any
) -> tuple[Shard, ...]:
    """Those of the shards, in their order, that can hold a line for which all conditions hold."""
    left = list(map(_in_brackets, conditions))
    found = all_of_them
    for cube in _CUBES:
        known = _known(db, cube, left, given)
        # A larger cube is asked only where it knows of what no smaller one did.
        if known:
            left = [condition for condition in left if condition not in known]
            sql = f"SELECT DISTINCT first, last FROM ({_CUBES[cube]}) AS spend WHERE "  # noqa: S608
            months = db.execute(sql + " AND ".join(known), given).fetchall()
            found = tuple(shard for shard in found if _overlaps(shard, months))
    return found


def count(db: sqlite3.Connection, conditions: Iterable[str], given: Any) -> int | None:
    """How many lines there are for which all conditions hold; None where no cube tells."""
    asked = list(map(_in_brackets, conditions))
    for cube in _CUBES:
        if len(_known(db, cube, asked, given)) == len(asked):
            where = f"WHERE {' AND '.join(asked)}" if asked else ""
            sql = f"SELECT coalesce(sum(lines), 0) FROM ({_CUBES[cube]}) AS spend {where}"  # noqa: S608
            return int(db.execute(sql, given).fetchone()[0])
    return None


def _overlaps(shard: Shard, months: Iterable[tuple[str, str]]) -> bool:
    return any(first <= shard.last_month and last >= shard.first_month for first, last in months)


def _known(db: sqlite3.Connection, cube: str, conditions: Iterable[str], given: Any) -> list[str]:
    """Those of the conditions that are only about columns of the cube: SQLite says so."""
    found = []
    for condition in conditions:
        if _OF_A_LINE.search(condition):
            continue
        sql = f"EXPLAIN SELECT 1 FROM ({_CUBES[cube]}) AS spend WHERE {condition}"  # noqa: S608
        try:
            db.execute(sql, given)
        except sqlite3.Error:
            continue
        found.append(condition)
    return found


def _in_brackets(condition: str) -> str:
    """The condition with names as [name]: SQLite takes an unknown "name" for a text."""
    return _QUOTED.sub(r"[\1]", condition)
