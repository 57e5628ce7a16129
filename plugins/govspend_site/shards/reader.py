"""Statements over the lines of an edition that keeps them in shards: the answers of one file.

SQLite attaches ten files at most, cannot search through a view, and sorts all of a UNION ALL where
one index would do. So a statement goes one of three ways:

- In turn. Each shard is a complete database, so a listing (rows of lines, an order, a limit) runs
  on each by itself as it stands, search and all. Only shards that its filters need are opened. In
  the order of months they are opened one after the other, until there are rows enough; in another
  order their rows are merged. Counts and sums are added up.
- In part. What stands in `NAME AS (/* of each file */ …)` is asked of each shard by itself; the
  rest runs on the edition's own file, with all that the shards gave as the table NAME. So does
  `WITH asked AS (…)`, the one row of what was asked, before either.
- Together. Whatever else is asked (a median, a count of different buyers) runs on the edition's own
  file with the shards attached and a temporary view over them in place of each table of lines,
  which SQLite finds first. Of more than ten shards, and of what a search finds, lines are copied
  into temporary tables instead: those that are looked for by words or by one buyer, or for which
  the conditions of its one place of reading hold, else all; and of
  them the columns that are read. That takes longer; a copy has a largest size.

Counts, sums and parts are asked of two shards at a time where the site asks, and of one at a time
in a worker of the lane, which has one processor's worth. What reads no line never comes here, and
opens no shard. Nothing here imports Datasette, so that a
worker of the lane reads lines in the same way.
"""

from __future__ import annotations

import heapq
import re
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import total_ordering
from itertools import chain, islice
from pathlib import Path
from typing import Any

from govspend_site import late
from govspend_site.shards import needed, of_each, reads
from govspend_site.shards import statement as statements
from govspend_site.shards.files import LINES, REFERENCE, VIEWS, Shard, is_in_order
from govspend_site.shards.together import Together

Row = tuple[Any, ...]
Connect = Callable[[Path], sqlite3.Connection]

# Shards that stay open when a statement is done.
_OPEN = 16
_COUNT = re.compile(r"select\s+count\(\*\)\s+from\s+\[?spend(?:_named)?\]?\s", re.IGNORECASE)
_END = re.compile(r"\(SELECT (min|max)\(month\) FROM spend\)", re.IGNORECASE)
# Tables of every SQLite file, which say nothing of lines.
_ANYWHERE = frozenset({"sqlite_master", "sqlite_schema"})


class Rows:
    """The rows of a statement as they come, like a cursor: `description` and `fetchmany`."""

    def __init__(self, description: Any, rows: Iterator[Row]) -> None:
        self.description = description
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def fetchmany(self, size: int) -> list[Row]:
        return list(islice(self._rows, size))


class Reader:
    """Runs statements over the lines of one edition, for one thread.

    `edition` is the edition's own file, open; `connect` opens any other, ready for use, and
    `confine` makes a connection safe when it is set up. With `at_once` above one, so many shards
    are read at the same time, each by a thread.
    """

    def __init__(
        self,
        edition: sqlite3.Connection,
        path: Path,
        shards: tuple[Shard, ...],
        connect: Connect,
        confine: Callable[[sqlite3.Connection], None] = lambda _: None,
        at_once: int = 1,
    ) -> None:
        self._at_once = at_once
        self._edition, self._path, self.shards = edition, path, shards
        self._connect, self._confine = connect, confine
        self._open: OrderedDict[str, sqlite3.Connection] = OrderedDict()
        self._together = Together(path, shards, connect, confine)
        self._is_over: Callable[[], int] | None = None

    def limit(self, is_over: Callable[[], int] | None) -> None:
        """Ends what runs from now on when `is_over()`, with SQLite's "interrupted"."""
        self._is_over = is_over
        self._together.limit(is_over)
        for connection in (self._edition, *self._open.values()):
            connection.set_progress_handler(is_over, 1_000)

    def reads(self, sql: str, given: Any) -> frozenset[str]:
        """The tables that a statement reads."""
        found = reads.of(self._edition, sql, given)
        self._confine(self._edition)
        return frozenset(found)

    def execute(self, sql: str, given: Any) -> Rows:
        """The rows of a statement. Raises sqlite3.Error."""
        self._trim()
        sql = self._dated(sql)
        read = self.reads(sql, given)
        if LINES.isdisjoint(read):
            cursor = self._edition.execute(sql, given)
            return Rows(cursor.description, iter(cursor))
        parts = of_each.parted(sql)
        if parts:
            return self._parted(parts, given)
        found = _understood(sql, read)
        if found is None or not isinstance(given, Mapping):
            return Rows(*self._together.execute(sql, given))
        # The edition's own table of lines is there, and empty: it says what columns there are.
        description = self._edition.execute(sql, given).description
        if isinstance(found, statements.Sums):
            return Rows(description, iter(self._added_up(sql, found, given)))
        rows = self._listed(found, given)
        return Rows(description, islice(rows, found.offset, _end(found)))

    def _parted(self, parts: of_each.Parted, given: Any) -> Rows:
        part, values = self._asked(parts.part, given)
        columns = [name for name, *_ in self._edition.execute(part, values).description]
        rows = chain.from_iterable(self._from_each(self.shards, part, values))
        return Rows(*self._together.execute_with(parts.name, columns, rows, parts.rest, given))

    def _asked(self, part: str, given: Any) -> tuple[str, Any]:
        """A part and its parameters, with what it was asked with worked out.

        A file of lines has none of the tables that may tell that.
        """
        found = of_each.asked(part)
        if found is None:
            return part, given
        before, asked, after = found
        cursor = self._edition.execute(asked, given)
        names = [name for name, *_ in cursor.description]
        told = dict(zip((f"asked_{name}" for name in names), cursor.fetchone(), strict=True))
        row = ", ".join(f":asked_{name} AS {name}" for name in names)
        return f"{before}SELECT {row}{after}", {**given, **told}

    def in_turn(self, sql: str, given: Any) -> list[Path]:
        """The files that give all rows of a statement, one after the other, as it stands.

        None of them where its rows have to be merged, cut or seen together.
        """
        read = self.reads(sql, given)
        if LINES.isdisjoint(read):
            return [self._path]
        found = _understood(sql, read)
        if not isinstance(found, statements.Listing) or found.offset or found.limit is not None:
            return []
        shards = self._in_order(found, self._needed(found.source, found.conditions, given))
        return [shard.path for shard in shards or ()]

    def _dated(self, sql: str) -> str:
        """The statement with the first and last month of all lines, which their list tells."""
        ends = {
            "min": min((shard.first_month for shard in self.shards), default=""),
            "max": max((shard.last_month for shard in self.shards), default=""),
        }
        return _END.sub(lambda asked: f"'{ends[asked[1].lower()]}'", sql)

    def _listed(self, found: statements.Listing, given: Any) -> Iterator[Row]:
        """The rows of a listing, from its offset's beginning and not cut to its limit."""
        shards = self._needed(found.source, found.conditions, given)
        width = len(found.order)
        if found.finds_one:
            return next(filter(None, (self._of(s, found, given) for s in shards)), iter(()))
        ordered = self._in_order(found, shards)
        if ordered is not None:
            return (_cut(r, width) for s in ordered for r in self._rows(s, found, given))
        parts = [self._rows(shard, found, given) for shard in shards]
        merged = heapq.merge(*parts, key=lambda row: _place(row, found.order))
        return (_cut(row, width) for row in merged)

    def _in_order(
        self, found: statements.Listing, shards: tuple[Shard, ...]
    ) -> tuple[Shard, ...] | None:
        """The shards as their rows come one after the other; None where those are merged."""
        if not found.order:
            return shards
        if found.order[0].column == "month" and is_in_order(self.shards):
            return shards if found.order[0].is_descending else shards[::-1]
        return None

    def _of(self, shard: Shard, found: statements.Listing, given: Any) -> Iterator[Row] | None:
        """The rows of the one line that is asked for, or None where the shard has no such line."""
        rows = [_cut(row, len(found.order)) for row in self._rows(shard, found, given)]
        return iter(rows) if rows else None

    def _rows(self, shard: Shard, found: statements.Listing, given: Any) -> Iterator[Row]:
        cursor = self._shard(shard).execute(late.of(found.in_a_shard()), given)
        # Of a page it is better not to hold the statement: the rows are few.
        return iter(cursor if found.limit is None else cursor.fetchall())

    def _added_up(self, sql: str, found: statements.Sums, given: Any) -> list[Row]:
        if _COUNT.match(sql.strip()):
            count = needed.count(self._edition, found.conditions, given)
            if count is not None:
                return [(count,)]
        sums: dict[Row, list[Any]] = {}
        # Without groups there is one row even of no lines; the edition's own empty table gives it.
        if not found.groups:
            sums[()] = list(self._edition.execute(found.in_a_shard, given).fetchone())
        needed_shards = self._needed(found.source, found.conditions, given)
        for rows in self._from_each(needed_shards, late.of(found.in_a_shard), given):
            for row in rows:
                key, values = row[: found.groups], row[found.groups :]
                sums[key] = list(map(_plus, sums[key], values)) if key in sums else list(values)
        rows = [(*key, *values) for key, values in sums.items()]
        for column, is_descending in reversed(found.order):
            rows.sort(key=lambda row, at=column: _rank(row[at]), reverse=is_descending)  # type: ignore[misc]
        return rows[: found.limit]

    def _from_each(self, shards: Sequence[Shard], sql: str, given: Any) -> Iterator[list[Row]]:
        """All rows that each of the shards gives, some of them asked at a time."""
        opened = [self._shard(shard) for shard in shards]

        def rows(connection: sqlite3.Connection) -> list[Row]:
            return connection.execute(sql, given).fetchall()

        if self._at_once == 1:
            yield from map(rows, opened)
            return
        with ThreadPoolExecutor(self._at_once) as pool:
            # Not all at once: what they give is held until it is taken.
            for begins in range(0, len(opened), 2 * self._at_once):
                yield from pool.map(rows, opened[begins : begins + 2 * self._at_once])

    def _needed(self, source: str, conditions: tuple[str, ...], given: Any) -> tuple[Shard, ...]:
        """Shards that may hold what is asked for, the newest first."""
        if any(name in source for name in ("line_spans", "ended_spans", "release_lines")):
            # Cubes tell of lines as they are now, not of the releases that held them.
            return self.shards
        return needed.shards(self._edition, self.shards, conditions, given)

    def _shard(self, shard: Shard) -> sqlite3.Connection:
        if shard.name not in self._open:
            self._open[shard.name] = self._connect(shard.path)
            self._confine(self._open[shard.name])
            self._open[shard.name].set_progress_handler(self._is_over, 1_000)
        self._open.move_to_end(shard.name)
        return self._open[shard.name]

    def _trim(self) -> None:
        while len(self._open) > _OPEN:
            self._open.popitem(last=False)[1].close()

    @property
    def opened(self) -> list[str]:
        """Names of the shards that are open, the one used last at the end."""
        return [s.name for s in self.shards] if self._together.is_open else list(self._open)

    def close(self) -> None:
        """Closes all that it reads, the edition's own file, too."""
        self._together.close()
        self._edition.close()
        for connection in self._open.values():
            connection.close()


def _understood(sql: str, read: frozenset[str]) -> statements.Listing | statements.Sums | None:
    """What a statement that reads these tables asks of each shard by itself; None for none."""
    return statements.read(sql) if read <= LINES | VIEWS | REFERENCE | _ANYWHERE else None


def _end(found: statements.Listing) -> int | None:
    return None if found.limit is None else found.offset + found.limit


def _cut(row: Row, width: int) -> Row:
    """A row without what it is ordered by."""
    return row[: len(row) - width]


def _place(row: Row, order: tuple[statements.Order, ...]) -> list[Any]:
    """Where a row comes among others, by its last values."""
    values = row[len(row) - len(order) :]
    return [
        _Turned(_rank(v)) if o.is_descending else _rank(v)
        for v, o in zip(values, order, strict=True)
    ]


def _rank(value: Any) -> tuple[int, Any]:
    """A value as SQLite orders it: unknown, numbers, texts, bytes."""
    if value is None:
        return 0, 0
    return (
        (2, value)
        if isinstance(value, str)
        else (1, value)
        if not isinstance(value, bytes)
        else (3, value)
    )


@total_ordering
class _Turned:
    """A value in descending order."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Turned) and bool(self.value == other.value)

    def __lt__(self, other: _Turned) -> bool:
        return bool(other.value < self.value)

    __hash__ = None  # type: ignore[assignment]


def _plus(first: Any, second: Any) -> Any:
    """Two sums together; one of nothing is unknown."""
    if first is None or second is None:
        return second if first is None else first
    return first + second
