"""A request that brings SQL: all that Datasette runs in its course takes the lane."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from datasette.database import Database, QueryInterrupted, Results

from govspend_site import lane

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
    r"order by (?:\[[^\]]+\]|\w+)(?: desc)?)(?P<limit> limit \d+)$",
    re.DOTALL,
)

_visit: ContextVar[lane.Visit | None] = ContextVar("visit", default=None)


def brings_sql(query_string: str) -> bool:
    """Whether a request has SQL of the visitor among its arguments, read as Datasette reads it."""
    return not SQL_ARGUMENTS.isdisjoint(parse_qs(query_string, keep_blank_values=True))


@contextlib.contextmanager
def visiting(datasette: Any, path: str, query_string: str) -> Iterator[None]:
    """What runs inside runs SQL that a visitor brought: it takes the lane."""
    seconds = _STATEMENTS_WORTH * datasette.setting("sql_time_limit_ms") / 1000
    is_sql = "sql" in parse_qs(query_string, keep_blank_values=True)
    visit = lane.Visit(seconds, is_page="." not in path.rpartition("/")[2], is_sql=is_sql)
    token = _visit.set(visit)
    try:
        yield
    finally:
        _visit.reset(token)


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
            sql = await self._with_key(sql)
        if visit is None or sql in _DATASETTES_OWN:
            return await super().execute(
                sql, params, truncate, custom_time_limit, page_size, log_sql_errors
            )
        milliseconds = min(custom_time_limit or 10**6, self.ds.sql_time_limit_ms)
        seconds = min(milliseconds / 1000, visit.seconds)
        if seconds <= 0:
            raise QueryInterrupted(TimeoutError("interrupted"), sql, params)
        limits = replace(self._limits(visit, truncate, page_size), seconds=seconds)
        return results(await lane.ask(self, sql, params, limits, visit))

    async def _with_key(self, sql: str) -> str:
        """The SQL of a table's first page, sorted like that of its later pages."""
        found = _FIRST_PAGE.match(sql)
        keys = await self.primary_keys(found["table"].strip("[]")) if found else []
        if not found or not keys:
            return sql
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
