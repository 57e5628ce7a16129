"""Statements over many lines, which look up names only of the lines that they show.

A search may find a tenth of all lines, and one party may have as many in a month; the view `spend`
gives each the names of its keys. To sort them, SQLite makes whole rows of all; to count them or add
them up, it follows every key, asked for or not. So a page is chosen by the number of a row first,
what is added up is chosen first, too, with the columns that it needs, and what a search alone finds
is counted by the search. The answers are the same.
"""

from __future__ import annotations

import re
from functools import lru_cache

from govspend_site.shards import statement

# Where lines stand alone, or with what may be known of each besides: their numbers tell them apart.
_LINES = re.compile(
    r"FROM \[?spend\]?(?:\s+LEFT JOIN \w+ ON [\w.]+ = [\w.]+)*(?=\s+WHERE\s|$)", re.IGNORECASE
)
_OF_A_PARTY = re.compile(r"(?:spend\.)?[\"\[]?(?:supplier|buyer)_id[\"\]]? = :\w+", re.IGNORECASE)
COLUMNS = (
    "rowid", "spend_id", "release_id", "line_number", "month", "financial_year", "framework", "lot",
    "sector", "supplier_size", "description", "amount_pence", "amount", "supplier_id", "buyer_id",
    "supplier_name_id", "buyer_name_id",
)  # fmt: skip
"""of spend"""
_SPEND = re.compile(r"\bfrom \[?spend\b", re.IGNORECASE)
_SOME = re.compile(r"\[?spend\]?\s+WHERE\s", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_FOUND = re.compile(
    r"select count\(\*\) from \[?spend\]? where rowid in \(select rowid "
    r"(?P<found>from \[?spend_fts\]? where \[?spend_fts\]? match (?:escape_fts\(:\w+\)|:\w+))"
    r"\)\s*",
    re.IGNORECASE,
)


@lru_cache(maxsize=500)
def of(sql: str) -> str:
    """The same statement with its lookups last; `sql` itself where there is nothing to gain.

    Only for parameters by name, which may stand in it twice, and for joins to one row at most.
    """
    counted = _FOUND.fullmatch(sql)
    if counted:
        return f"select count(*) {counted['found']}"
    found = statement.read(sql) if _SPEND.search(sql) else None
    if isinstance(found, statement.Sums):
        return _summed(found) or sql
    is_narrow = "spend_fts" in sql or _OF_A_PARTY.search(sql)
    if found is None or not is_narrow or found.limit is None or not found.order:
        return sql
    lines = _LINES.match(found.source)
    if lines is None:
        return sql
    # In the order of months lines are read until the page is full, but for those of a party.
    if found.order[0].column == "month" and not any(map(_OF_A_PARTY.fullmatch, found.conditions)):
        return sql
    order = f"ORDER BY {found.terms}"
    part = f"LIMIT {found.limit} OFFSET {found.offset}"
    chosen = f"SELECT spend.rowid {found.source} {order} {part}"
    return f"SELECT {found.head} {lines[0]} WHERE spend.rowid IN ({chosen}) {order}"


def _summed(found: statement.Sums) -> str | None:
    """The statement over lines that are chosen first; None where all of them are asked for."""
    if found.order or found.limit is not None or not _SOME.match(found.source):
        return None
    before, _, after = found.in_a_shard.partition(f" FROM {found.source}")
    asked = set(_WORD.findall(f"{before} {after}"))
    columns = [f"spend.{column}" for column in COLUMNS if column in asked] or ["1"]
    # With a limit SQLite reads them by themselves, and then no key that nothing needs.
    lines = f"SELECT {', '.join(columns)} FROM {found.source} LIMIT -1"  # noqa: S608 - ours
    return f"{before} FROM ({lines}) AS spend{after}"
