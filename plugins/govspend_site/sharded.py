"""A database whose lines lie in files of their own, the shards; for one without any, as ever.

Whether a statement reads lines is asked of SQLite, once a statement. One that reads none runs on
the edition's own file and opens no shard. Datasette's looks at the schema (columns, keys, search)
do as well: the edition has every table, and those of lines are empty.
"""

from __future__ import annotations

import asyncio
import math
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from datasette.database import QueryInterrupted

from govspend_site import lane, queries, visits
from govspend_site.shards import files
from govspend_site.shards.reader import Reader

# Statements of which it is remembered whether they read lines.
_REMEMBERED = 2_000
# Shards that one statement reads at the same time: a server has two processors or more.
_AT_ONCE = 2
# Shards that a message names.
_NAMED = 24
# What Datasette's page of a row asks of each table that refers to it; cubes know it of lines.
_LINES_OF = re.compile(r"\(select count\(\*\) from \[?spend\]? where \[?(\w+)\]?=:id\)")
_CUBES = dict.fromkeys(
    ("supplier_id", "buyer_id", "supplier_name_id", "buyer_name_id"), "pair_totals"
) | {"release_id": f"({queries.sql('spend_months')})"}


class ShardedDatabase(visits.VisitedDatabase):
    """A published file, with the files of its lines where it has them."""

    def __init__(self, datasette: Any, path: str, is_mutable: bool) -> None:
        super().__init__(datasette, path, is_mutable=is_mutable)
        self.shards = files.of(Path(path))
        self._summaries = files.summaries(Path(path)) if self.shards else frozenset()
        self._threads = threading.local()
        self._reads_lines: dict[str, bool] = {}
        self._readers: list[Reader] = []

    def line_counts(self) -> dict[str, int | None]:
        """Rows of the tables that are empty in the edition's own file, where they are known."""
        if not self.shards:
            return {}
        lines = sum(shard.line_count for shard in self.shards)
        return {"spend": lines, "spend_keyed": lines, "ended_spans": None}

    @property
    def shards_said(self) -> str:
        """How many files there are, to begin a sentence with."""
        count = len(self.shards)
        return f"This edition keeps its lines in {count} file{'' if count == 1 else 's'}"

    def place(self, shard: str) -> lane.Place:
        """Where a visitor's SQL runs: on one file of lines, or on the edition's own without them.

        Raises lane.Elsewhere for a file that is not there.
        """
        names = [found.name for found in self.shards]
        if not names:
            return super().place(shard)
        listed = ", ".join(names[:_NAMED]) + ", …" * (len(names) > _NAMED)
        if not shard:
            why = (
                f"{self.shards_said}, and {{table}} is in those. Choose one, as shard={names[0]} "
                f"(_shard on a table's page): {listed}. Across all lines, ask the Parquet file "
                "with DuckDB."
            )
            return lane.Place(str(self.path), tuple(files.LINES), why)
        found = next((found for found in self.shards if found.name == shard), None)
        if found is None:
            raise lane.Elsewhere(f"{self.shards_said}, and none is “{shard[:80]}”: {listed}.")
        why = f"{self.shards_said}, and {{table}} is in none of them. Ask it without shard={shard}."
        return lane.Place(str(found.path), tuple(self._summaries), why)

    def searched(self, shard: str) -> str:
        """What an answer to a visitor's SQL is from, in words."""
        if not self.shards:
            return ""
        source = f"the lines of {shard}" if shard else "the summaries, which hold no line"
        return f"{self.shards_said}. This answer is from {source}."

    async def shard_for(self, sql: str, params: Mapping[str, object]) -> str | None:
        """The shard to ask a statement of, as a visitor would; '' for none, None where no one file
        has all that it reads."""
        if not self.shards:
            return ""
        read = await self.execute_fn(lambda _: self._reader().reads(sql, params))
        if files.LINES.isdisjoint(read):
            return ""
        return self.shards[0].name if self._summaries.isdisjoint(read) else None

    async def execute_fn(self, fn: Callable[[Any], Any]) -> Any:
        """As Datasette's own, but for the connections: those are this edition's alone."""
        run = asyncio.get_running_loop().run_in_executor
        return await run(self.ds.executor, lambda: fn(self._connection()))

    async def execute_ours(self, sql: str, params: Any, truncate: bool, *others: Any) -> Any:
        """As Datasette's own, but for lines: those are read wherever they lie."""
        sql = counted_by_cubes(sql) if self.shards else sql
        if not await self.reads_lines(sql, params):
            return await super().execute_ours(sql, params, truncate, *others)
        custom_time_limit, page_size, *_ = others
        seconds = min(custom_time_limit or 10**6, self.ds.sql_time_limit_ms) / 1000
        most = self._most(page_size) if truncate else None
        return await self.execute_fn(lambda _: self._read(sql, params, seconds, most))

    async def all_rows(self, sql: str, params: Mapping[str, object]) -> list[dict[str, Any]]:
        """The rows of a SELECT of the site's own, however long it takes."""
        if not await self.reads_lines(sql, params):
            return await super().all_rows(sql, params)
        found = await self.execute_fn(lambda _: self._read(sql, params, math.inf, None))
        return [dict(row) for row in found.rows]

    async def reads_lines(self, sql: str, params: Any) -> bool:
        """Whether a statement reads a table that is empty in the edition's own file."""
        if not self.shards:
            return False
        if sql not in self._reads_lines:
            if len(self._reads_lines) >= _REMEMBERED:
                self._reads_lines.clear()
            read = await self.execute_fn(lambda _: self._reader().reads(sql, params or {}))
            self._reads_lines[sql] = not files.LINES.isdisjoint(read)
        return self._reads_lines[sql]

    def _most(self, page_size: int | None) -> int:
        most: int = self.ds.max_returned_rows
        return most + (most == (page_size or self.ds.page_size))

    def _read(self, sql: str, params: Any, seconds: float, most: int | None) -> Any:
        """Rows of a statement that reads lines, as Datasette has them."""
        reader, deadline = self._reader(), time.monotonic() + seconds
        reader.limit(lambda: time.monotonic() > deadline)
        try:
            found = reader.execute(sql, params or {})
            rows = list(found) if most is None else found.fetchmany(most + 1)
        except sqlite3.OperationalError as error:
            # Lines that had to be copied to be read together, and were too many.
            if error.args in {("interrupted",), ("database or disk is full",)}:
                raise QueryInterrupted(error, sql, params) from None
            if str(error).startswith("unable to open"):
                # No fault of the visitor's, which is what Datasette takes SQLite's errors for.
                raise FileNotFoundError("a file of lines is missing") from error
            raise
        finally:
            reader.limit(None)
        names = [column[0] for column in found.description]
        is_cut = most is not None and len(rows) > most
        return visits.results(lane.Answer(names, rows[:most], is_cut))

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection to the edition's own file."""
        found: sqlite3.Connection | None = getattr(self._threads, "connection", None)
        if found is None:
            found = self.connect()
            self.ds._prepare_connection(found, self.name)
            self._threads.connection = found
        return found

    def _reader(self) -> Reader:
        """This thread's reader of lines."""
        found: Reader | None = getattr(self._threads, "reader", None)
        if found is None:
            path = Path(self.path)
            edition = self._connect(path)
            found = Reader(edition, path, self.shards, self._connect, at_once=_AT_ONCE)
            self._threads.reader = found
            self._readers.append(found)
        return found

    def _connect(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{path}?mode=ro&immutable=1",
            uri=True,
            check_same_thread=False,
            isolation_level=None,
        )
        self.ds._prepare_connection(connection, self.name)
        connection.row_factory = None
        return connection

    def close(self) -> None:
        """Closes every connection, of whatever thread."""
        super().close()
        for reader in self._readers:
            reader.close()


def counted_by_cubes(sql: str) -> str:
    """Datasette's counts of the lines that refer to a row, asked of the cubes of lines."""

    def counted(found: re.Match[str]) -> str:
        cube = _CUBES.get(found[1])
        if cube is None:
            return found[0]
        return f"(SELECT coalesce(sum(line_count), 0) FROM {cube} WHERE {found[1]} = :id)"  # noqa: S608

    return _LINES_OF.sub(counted, sql)
