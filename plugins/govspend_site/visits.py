"""A request that brings SQL: all that Datasette runs in its course takes the lane."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from datasette.database import Database, QueryInterrupted, Results

from govspend_site import lane, late
from govspend_site.shards import files

# Arguments whose value is SQL, on whatever path.
SQL_ARGUMENTS = frozenset({"sql", "_where"})
# What Datasette asks of any database in the course of a page. A visitor's SQL begins with SELECT,
# WITH or EXPLAIN, or Datasette refuses it before it comes here.
_DATASETTES_OWN = frozenset({"PRAGMA schema_version", "PRAGMA database_list;"})
# A whole page may take this many times the limit of one statement.
_STATEMENTS_WORTH = 2
# A page is made in the site's own process: one of 1,000 rows and 50 columns takes it half a second.
# All rows are in the files that the page links to.
_PAGE = lane.Limits(rows=500, cells=6_000)
# What Datasette asks to know all of: facets, counts, what EXPLAIN says.
_WHOLE = lane.Limits(rows=20_000, cells=1_000_000)
# Datasette sorts the first page of a table by one column alone, and the next ones by the key, too:
# lines that are alike in the column would be lost between them, or come twice.
_FIRST_PAGE = re.compile(
    r"(?P<head>select .+? from (?P<table>\[.+?\]|\w+) .*"
    r"order by (?:\[[^\]]+\]|\w+)(?: desc)?)(?P<limit> limit \d+(?: offset \d+)?)$",
    re.DOTALL,
)
# A view has no key that Datasette finds.
_KEYS_OF_VIEWS = {"spend_named": ["spend_id"], "line_spans": ["spend_id", "first_position"]}

_visit: ContextVar[lane.Visit | None] = ContextVar("visit", default=None)


def brings_sql(query_string: str) -> bool:
    """Whether a request has SQL of the visitor among its arguments, read as Datasette reads it."""
    return not SQL_ARGUMENTS.isdisjoint(parse_qs(query_string, keep_blank_values=True))


@contextlib.contextmanager
def visiting(datasette: Any, path: str, query_string: str) -> Iterator[None]:
    """What runs inside runs SQL that a visitor brought: it takes the lane."""
    seconds = _STATEMENTS_WORTH * datasette.setting("sql_time_limit_ms") / 1000
    asked = parse_qs(query_string, keep_blank_values=True)
    is_page = "." not in path.rpartition("/")[2]
    visit = lane.Visit(seconds, is_page, "sql" in asked, shard_of(asked))
    token = _visit.set(visit)
    try:
        yield
    finally:
        _visit.reset(token)


def shard_of(asked: Mapping[str, list[str]]) -> str:
    """The file of lines that a request chooses for its SQL; '' for none.

    A table's page takes what does not begin with _ for a filter.
    """
    return (asked.get("shard") or asked.get("_shard") or [""])[0]


def place_of(database: Any) -> lane.Place | None:
    """Where the SQL of this request's visitor runs; None where no visitor brought any.

    Raises lane.Elsewhere for a file of lines that is not there.
    """
    visit = _visit.get()
    if visit is None:
        return None
    found: lane.Place = database.place(visit.shard)
    return found


@contextlib.contextmanager
def ours() -> Iterator[None]:
    """What runs inside is SQL of the site's own, whoever it is for: it never waits in the lane."""
    token = _visit.set(None)
    try:
        yield
    finally:
        _visit.reset(token)


def is_visited() -> bool:
    """Whether what runs now runs SQL that a visitor brought."""
    return _visit.get() is not None


class VisitedDatabase(Database):  # type: ignore[misc]
    """A database whose visitors' SQL takes the lane."""

    shards: tuple[files.Shard, ...] = ()
    """The files that hold its lines; none where it holds them itself."""

    async def execute(
        self,
        sql: str,
        params: Any = None,
        truncate: bool = False,
        custom_time_limit: int | None = None,
        page_size: int | None = None,
        log_sql_errors: bool = True,
    ) -> Any:
        """As Datasette's own, but for SQL that a visitor brought."""
        visit = _visit.get()
        if truncate and not (visit and visit.is_sql):
            sql = await self.with_key(sql)
        # Of several files each is asked so.
        if not (visit and visit.is_sql) and not self.shards and isinstance(params, Mapping):
            sql = late.of(sql)
        if visit is None or sql in _DATASETTES_OWN:
            return await self.execute_ours(
                sql, params, truncate, custom_time_limit, page_size, log_sql_errors
            )
        milliseconds = min(custom_time_limit or 10**6, self.ds.sql_time_limit_ms)
        seconds = min(milliseconds / 1000, visit.seconds)
        if seconds <= 0:
            raise QueryInterrupted(TimeoutError("interrupted"), sql, params)
        limits = replace(self._limits(visit, truncate, page_size), seconds=seconds)
        place = self.place(visit.shard)
        return results(await lane.ask(self, sql, params, limits, visit, place=place))

    def place(self, shard: str) -> lane.Place:
        """Where a visitor's SQL runs that chose a file of lines, or none."""
        return lane.Place(str(self.path))

    def searched(self, shard: str) -> str:
        """What an answer to a visitor's SQL is from; nothing where there is one file."""
        return ""

    async def reads_lines(self, sql: str, params: Any) -> bool:
        """Whether a statement reads a table that is empty in the database's own file."""
        return False

    async def shard_for(self, sql: str, params: Mapping[str, object]) -> str | None:
        """The file of lines that a visitor must choose for a statement; '' for none."""
        return ""

    async def execute_ours(self, sql: str, params: Any, truncate: bool, *others: Any) -> Any:
        """Runs what is the site's own SQL, or Datasette's, as Datasette does."""
        return await super().execute(sql, params, truncate, *others)

    async def all_rows(self, sql: str, params: Mapping[str, object]) -> list[dict[str, Any]]:
        """The rows of a SELECT of the site's own, however long it takes."""

        def all_of(connection: Any) -> list[dict[str, Any]]:
            return [dict(row) for row in connection.execute(sql, dict(params))]

        found: list[dict[str, Any]] = await self.execute_fn(all_of)
        return found

    async def with_key(self, sql: str) -> str:
        """The SQL of a table's page, sorted so that no two rows are alike in their place."""
        found = _FIRST_PAGE.match(sql)
        if not found:
            return sql
        table = found["table"].strip("[]")
        keys = _KEYS_OF_VIEWS.get(table) or await self.primary_keys(table)
        return found["head"] + "".join(f", [{key}]" for key in keys) + found["limit"]

    def _limits(self, visit: lane.Visit, truncate: bool, page_size: int | None) -> lane.Limits:
        if not truncate:
            return _WHOLE
        if visit.is_page and page_size is None:
            return replace(_PAGE, rows=min(_PAGE.rows, self.ds.max_returned_rows))
        return lane.Limits(
            rows=self.ds.max_returned_rows + (self.ds.max_returned_rows == page_size)
        )


def results(found: lane.Answer) -> Any:
    """An answer as Datasette has it: with rows of sqlite3's own kind."""
    shape = sqlite3.connect(":memory:")
    try:
        names = ", ".join('null as "{}"'.format(n.replace('"', '""')) for n in found.columns)
        cursor = shape.execute(f"select {names or 'null'}")
        rows = [sqlite3.Row(cursor, row) for row in found.rows]
        return Results(rows, found.truncated, cursor.description)
    finally:
        shape.close()
