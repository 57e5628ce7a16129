"""A lane of its own for SQL that visitors bring: worker processes that can be killed.

A statement can take time and memory where nothing inside the same process can stop it (a value of
a gigabyte, a LIKE over a megabyte, a WITH that doubles twenty times before it even starts). So it
runs in a worker with limits on memory, with low priority, and is killed with it when time is up.
The site's own SQL never goes this way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sqlite3
import struct
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgpack
from datasette.database import QueryInterrupted
from datasette.utils import escape_fts

from govspend_site import metrics

# Seconds after a worker's own deadline at which it is killed.
_GRACE = 0.25
_MEGABYTE = 1_000_000
_ESCAPED = re.compile(r"\bescape_fts\(:(\w+)\)")
# A worker's memory is what its limit is about: allocators must not set aside more than they use.
_FRUGAL = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "2"}


class Busy(Exception):
    """So many are waiting that one more would wait for nothing (503)."""

    retry_after = 5


@dataclass(frozen=True)
class Limits:
    """What an answer may be. `cells` bounds rows times columns."""

    seconds: float = 3.0
    rows: int = 1_000
    cells: int = 50_000
    megabytes: int = 8


@dataclass(frozen=True)
class Answer:
    """Columns and rows of a statement. `truncated` says that there were more."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    truncated: bool


@dataclass(frozen=True)
class Place:
    """The file that a statement runs on.

    Of the tables `without` it has no rows: whoever asks one is told `why`, where it is {table}.
    """

    path: str
    without: tuple[str, ...] = ()
    why: str = ""


@dataclass
class Pool:
    """Workers of one kind, started when first wanted and kept.

    `most` of them work at a time and `waiting` tasks may wait; the next is refused.
    `address_space` and `heap` (bytes) bound a worker and what SQLite may take within it.
    """

    most: int
    waiting: int
    address_space: int
    heap: int
    spill: int = 512 * _MEGABYTE
    name: str = "questions"
    idle: deque[Worker] = field(default_factory=deque)
    _working: int = 0
    _queue: deque[asyncio.Future[None]] = field(default_factory=deque)

    @contextlib.asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """A worker for one task. Raises Busy. One that is left unfit is not used again."""
        await self._turn()
        self._tell()
        worker = None
        try:
            worker = await self._fit()
            yield worker
        finally:
            if worker is not None:
                if worker.fit:
                    self.idle.append(worker)
                else:
                    worker.kill()
                    metrics.lane_killed.labels(self.name).inc()
            self._next()
            self._tell()

    async def close(self) -> None:
        """Ends the workers that wait for a task."""
        while self.idle:
            worker = self.idle.pop()
            worker.kill()
            await worker.gone()

    async def _turn(self) -> None:
        if self._working < self.most:
            self._working += 1
            return
        if len(self._queue) >= self.waiting:
            metrics.lane_refused.labels(self.name).inc()
            raise Busy
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        self._tell()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # The turn came as the visitor left: it is somebody else's now.
                self._next()
            else:
                self._queue.remove(turn)
            self._tell()
            raise

    def _tell(self) -> None:
        metrics.lane_working.labels(self.name).set(self._working)
        metrics.lane_waiting.labels(self.name).set(len(self._queue))

    def _next(self) -> None:
        """Hands the turn to who waits longest."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._working -= 1

    async def _fit(self) -> Worker:
        while self.idle:
            worker = self.idle.pop()
            if worker.alive:
                return worker
        settings = {
            "address_space": self.address_space,
            "heap": self.heap,
            "spill": self.spill,
        }
        return await Worker.start(settings)


class Worker:
    """A worker process from the site's side. `fit` while it waits for a task."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._number = 0
        self.fit = True

    @classmethod
    async def start(cls, settings: Mapping[str, int]) -> Worker:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "govspend_site.lane_worker", msgpack.packb(settings).hex(),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            limit=_MEGABYTE, env={**os.environ, **_FRUGAL},
        )  # fmt: skip
        return cls(process)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def gone(self) -> None:
        await self._process.wait()

    async def messages(self, task: Mapping[str, Any], seconds: float) -> AsyncIterator[list[Any]]:
        """Gives the task to the worker, and what it answers, to the end.

        Raises TimeoutError when it took longer, and what went wrong in the worker as here.
        """
        self.fit = False
        deadline = time.monotonic() + seconds + _GRACE
        self._number += 1
        packed = msgpack.packb({**task, "seconds": seconds, "number": self._number})
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(struct.pack(">I", len(packed)) + packed)
        while True:
            left = max(0, deadline - time.monotonic())
            number, *message = await asyncio.wait_for(_frame(stdout), left)
            if number != self._number:
                raise RuntimeError(f"a worker answered task {number} for {self._number}")
            if message[0] == "error":
                self.fit = True
                raise _error(*message[1:])
            if message[0] == "end":
                self.fit = True
                yield message
                return
            yield message


async def _frame(stdout: asyncio.StreamReader) -> list[Any]:
    try:
        size = struct.unpack(">I", await stdout.readexactly(4))[0]
        message: list[Any] = msgpack.unpackb(await stdout.readexactly(size), strict_map_key=False)
    except asyncio.IncompleteReadError:
        # Its own clock or the system ended it.
        raise _error("OperationalError", "out of memory or time") from None
    return message


def _error(kind: str, text: str) -> Exception:
    """The exception that SQL run here would have raised."""
    if text == "interrupted":
        return TimeoutError(text)
    if kind in ("TooMuch", "Elsewhere"):
        return TooMuch(text) if kind == "TooMuch" else Elsewhere(text)
    found = getattr(sqlite3, kind, None)
    if isinstance(found, type) and issubclass(found, sqlite3.Error | sqlite3.Warning):
        # A warning is that there were two statements, which Datasette takes for a fault of ours.
        return sqlite3.OperationalError(text) if found is sqlite3.Warning else found(text)
    return sqlite3.OperationalError(text)


class TooMuch(sqlite3.OperationalError):
    """An answer larger than it may be."""


class Elsewhere(sqlite3.OperationalError):
    """A table whose rows are in another file than the one that was asked."""


# Two for questions, whose answers a page waits for, and two for files, which take longer.
# A workbook and Parquet need libraries that take 400 MB of addresses before they do anything.
QUESTIONS = Pool(most=2, waiting=8, address_space=300 * _MEGABYTE, heap=128 * _MEGABYTE)
FILES = Pool(most=2, waiting=8, address_space=800 * _MEGABYTE, heap=128 * _MEGABYTE, name="files")


@dataclass
class Visit:
    """A request that brings SQL: what its statements may still take together, waiting aside."""

    seconds: float
    is_page: bool = False
    is_sql: bool = False
    """Whether all of the SQL is the visitor's, and not only a filter of a table's page."""
    shard: str = ""
    """The file of lines that it chose."""


async def ask(
    database: Any,
    sql: str,
    parameters: Any = None,
    limits: Limits | None = None,
    visit: Visit | None = None,
    pool: Pool | None = None,
    place: Place | None = None,
) -> Answer:
    """The answer to a visitor's statement, from a worker; its time is taken from the `visit`.

    It runs on the database's own file, or at the `place`. Raises sqlite3.Error as SQLite says it,
    QueryInterrupted when time ran out, and Busy.
    """
    limits = limits or Limits()
    task = {
        **task_of(database, sql, parameters, place),
        "rows": limits.rows,
        "cells": limits.cells,
        "bytes": limits.megabytes * _MEGABYTE,
    }
    columns: list[str] = []
    rows: list[tuple[Any, ...]] = []
    truncated = False
    async with (pool or QUESTIONS).worker() as worker:
        started = time.monotonic()
        try:
            async for message in worker.messages(task, limits.seconds):
                if message[0] == "columns":
                    columns = message[1]
                elif message[0] == "rows":
                    rows.extend(map(tuple, message[1]))
                else:
                    truncated = message[1]
        except TimeoutError as error:
            raise QueryInterrupted(error, sql, parameters) from None
        finally:
            if visit:
                visit.seconds -= time.monotonic() - started
    return Answer(columns, rows, truncated)


def task_of(
    database: Any, sql: str, parameters: Any = None, place: Place | None = None
) -> dict[str, Any]:
    """What every task says: the file, how it is opened, the statement and its parameters."""
    place = place or Place(str(database.path))
    bound = _bound(parameters)
    # Datasette's own function for search; a worker does without Datasette.
    for name in set(_ESCAPED.findall(sql)) & set(bound):
        bound[name] = escape_fts(str(bound[name]))
    return {
        "path": place.path,
        "without": place.without,
        "why": place.why,
        "immutable": not database.is_mutable,
        "sql": _ESCAPED.sub(r":\1", sql),
        "parameters": bound,
        "format": "rows",
        "shards": [],
        "rows": Limits.rows,
        "cells": Limits.cells,
        "bytes": Limits.megabytes * _MEGABYTE,
    }


def _bound(parameters: Any) -> Any:
    """Parameters as a worker takes them; an odd mapping of Datasette's gives what it has."""
    if parameters is None:
        return {}
    if isinstance(parameters, Mapping):
        return {name: parameters[name] for name in parameters}
    return list(parameters)
