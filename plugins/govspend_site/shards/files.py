"""Which files hold the lines of an edition."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import astuple, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

KEYED = ("spend_keyed", "ended_spans")
"""What lines are kept in."""
SPLIT = ("spend", "line_spans", *KEYED)
"""What lines are asked as; an edition from before there were keys has the first two alone."""
LINES = frozenset({*SPLIT, "spend_fts"})
"""What is empty in an edition with shards, and filled in each shard."""
VIEWS = frozenset({"spend_named", "release_lines"})
"""Views over them that each shard has, too, a row of a line each."""
REFERENCE = frozenset({
    "editions", "feeds", "releases", "frameworks", "lots", "categories", "buyers", "suppliers",
    "buyer_names", "supplier_names", "line_categories",
})  # fmt: skip
"""Tables that are the same in each shard as in the edition itself."""


@dataclass(frozen=True)
class Shard:
    """A file of lines: what they have in common, their months, how many they are."""

    name: str
    first_month: str
    last_month: str
    line_count: int
    byte_count: int
    sha256: str
    path: Path

    def told(self) -> list[str | int]:
        """All of it for another process, the path last."""
        return [*astuple(self)[:-1], str(self.path)]

    @classmethod
    def heard(cls, said: Sequence[Any]) -> Shard:
        """What another process told."""
        name, first, last, lines, size, sha256, path = said
        return cls(name, first, last, lines, size, sha256, Path(path))


def of(database: Path) -> tuple[Shard, ...]:
    """The shards of an edition's file, the newest first; none where it holds its lines itself."""
    folder = database.with_suffix("")
    sql = (
        "SELECT shard, first_month, last_month, line_count, byte_count, sha256 FROM shards "
        "ORDER BY last_month DESC, shard DESC"
    )
    try:
        with closing(
            sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)
        ) as connection:
            rows = connection.execute(sql).fetchall()
    except sqlite3.Error:
        # An edition from before there were shards; one that is damaged says so where it is read.
        return ()
    return tuple(
        Shard(name, first, last, lines, size, sha256, folder / f"lines-{name}.db")
        for name, first, last, lines, size, sha256 in rows
    )


def summaries(database: Path) -> frozenset[str]:
    """The tables that are filled in an edition with shards and empty in each of them."""
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '*_fts*'"
    with closing(sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)) as connection:
        names = {row[0] for row in connection.execute(sql)}
    names |= {name.removesuffix("_keyed") for name in names}
    return frozenset(names - LINES - REFERENCE - {"sqlite_stat1"})


def is_in_order(shards: Sequence[Shard]) -> bool:
    """Whether each shard, newest first, is older than the one before it: no month is in two."""
    return all(later.first_month > earlier.last_month for later, earlier in pairwise(shards))
