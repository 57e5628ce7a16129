"""Statements over many lines, which look up names only of the lines that they show.

A search may find a tenth of all lines, and one party may have as many in a month; the view `spend`
gives each the names of its keys. To sort them, SQLite makes whole rows of all; to count them, it
follows every key. So a page is chosen by the number of a row first, and what a search alone finds
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
    is_search = "spend_fts" in sql
    counted = _FOUND.fullmatch(sql) if is_search else None
    if counted:
        return f"select count(*) {counted['found']}"
    if not is_search and not _OF_A_PARTY.search(sql):
        return sql
    found = statement.read(sql)
    if not isinstance(found, statement.Listing) or found.limit is None or not found.order:
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
