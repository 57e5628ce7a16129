"""One worker of the lane: a process that runs SQL which nobody vouches for, and may be killed.

`python -m govspend_site.lane_worker SETTINGS` reads tasks on its standard input and answers on its
standard output, each a frame: four bytes of length, then a msgpack list whose first item says what
it is. Nothing here imports Datasette, so that a worker starts in a tenth of a second.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import struct
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgpack

from govspend_site import sql_functions
from govspend_site.shards import files, reads
from govspend_site.shards.reader import Reader, Rows

# Statements and values larger than these are nobody's question. A 1 kB text of nested doublings
# becomes millions of operations, which only the limit on them and the kill stop.
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 50_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 100,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 100_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 500,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
# Only to read: a SELECT, its columns, its functions, WITH RECURSIVE.
_ALLOWED = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
}
_FORBIDDEN_FUNCTIONS = ("load_extension", "fts3_tokenizer", "sqlite_log")
# What describes the schema, and what the search asks. Not database_list: it tells where the file
# lies.
_PRAGMAS = (
    "table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo",
    "foreign_key_list", "function_list", "data_version",
)  # fmt: skip
# Between two looks at the clock, in operations of SQLite's machine.
_OPERATIONS = 2_000
# Rows that go into one frame, and bytes at which it is sent before that.
_BATCH = 500
_FRAME = 1 << 18

Send = Callable[[list[Any]], None]


class TooMuch(Exception):
    """The answer is larger than what is allowed. Its text says so to the visitor."""


class Elsewhere(Exception):
    """A table whose rows are in another file. Its text says where."""


def main() -> None:
    settings = msgpack.unpackb(bytes.fromhex(sys.argv[1]))
    limit_process(settings)
    tasks, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb", buffering=0)

    def send(message: list[Any]) -> None:
        packed = msgpack.packb(message)
        whole = memoryview(struct.pack(">I", len(packed)) + packed)
        # A pipe may take less than it is given.
        while whole:
            whole = whole[answers.write(whole) :]

    while (task := _read(tasks)) is not None:
        # Every frame names its task, so that nothing of one can pass for another's.
        answer(task, settings, lambda message, number=task["number"]: send([number, *message]))  # type: ignore[misc]


def _read(tasks: BinaryIO) -> dict[str, Any] | None:
    """The next task; None when the site has gone."""
    head = tasks.read(4)
    if len(head) < 4:
        return None
    task: dict[str, Any] = msgpack.unpackb(tasks.read(struct.unpack(">I", head)[0]))
    return task


def limit_process(settings: Mapping[str, int]) -> None:
    """What the process may take: memory, files, and processor time only when nobody wants it."""
    for kind, most in (
        (resource.RLIMIT_AS, settings["address_space"]),
        # A sort that is too large for memory spills into a temporary file of at most this.
        (resource.RLIMIT_FSIZE, settings["spill"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    os.nice(10)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def answer(task: Mapping[str, Any], settings: Mapping[str, int], send: Send) -> None:
    """Runs one task. Whatever goes wrong in it is an answer, too."""
    # A site that dies cannot kill its workers: the processor's own clock does.
    used = sum(os.times()[:2])
    soft = int(used + task["seconds"]) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))
    try:
        with contextlib.closing(opened(task, settings)) as source:
            run(source, task, send)
    except (TooMuch, Elsewhere) as error:
        send(["error", type(error).__name__, str(error)])
    except MemoryError:
        send(["error", "OperationalError", "out of memory"])
    except Exception as error:
        send(["error", type(error).__name__, str(error)])


def opened(task: Mapping[str, Any], settings: Mapping[str, int]) -> sqlite3.Connection | Reader:
    """The file, opened so that no SQL can change it or leave it; with its shards, if it has any."""
    deadline = time.monotonic() + task["seconds"]
    connection = connect(Path(task["path"]), task, settings)
    confine(connection)
    refuse(connection, task)
    if not task["shards"]:
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _OPERATIONS)
        return connection
    found = Reader(
        connection,
        Path(task["path"]),
        tuple(map(files.Shard.heard, task["shards"])),
        lambda path: connect(path, task, settings),
        confine,
    )
    found.limit(lambda: time.monotonic() > deadline)
    return found


def connect(path: Path, task: Mapping[str, Any], settings: Mapping[str, int]) -> sqlite3.Connection:
    """A file with what SQL may take and use, not yet confined to reading."""
    way = "mode=ro&immutable=1" if task["immutable"] else "mode=ro"
    connection = sqlite3.connect(f"file:{path}?{way}", uri=True, isolation_level=None)
    connection.execute(f"PRAGMA hard_heap_limit = {settings['heap']}")
    if task["format"] == "rows":
        connection.text_factory = lambda data: str(data, "utf-8", "replace")
    for limit, most in _LIMITS.items():
        connection.setlimit(limit, most)
    sql_functions.register(connection)
    return connection


def confine(connection: sqlite3.Connection) -> None:
    """From now on the connection only reads what it has open."""
    connection.set_authorizer(allowed)


def refuse(connection: sqlite3.Connection, task: Mapping[str, Any]) -> None:
    """Raises Elsewhere where the statement reads a table whose rows are in another file."""
    if not task["without"]:
        return
    read = reads.of(connection, task["sql"], task["parameters"], allowed)
    # What the statement names, before what that is a view of.
    for table in sorted(
        set(read) & set(task["without"]), key=lambda name: (name not in task["sql"], name)
    ):
        raise Elsewhere(task["why"].replace("{table}", table))


def allowed(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """SQLite's question whether a statement may do something."""
    if action == sqlite3.SQLITE_FUNCTION and second in _FORBIDDEN_FUNCTIONS:
        return sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_OK if first in _PRAGMAS else sqlite3.SQLITE_DENY
    if action == sqlite3.SQLITE_UPDATE and first == "sqlite_master":
        # What SQLite asks when it opens a virtual table such as the search; the schema itself
        # cannot be written, neither by SQL nor in this file.
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY


def run(source: sqlite3.Connection | Reader, task: Mapping[str, Any], send: Send) -> None:
    if task["format"] == "rows":
        rows(source.execute(task["sql"], task["parameters"]), task, send)
    else:
        # Imported late: writers bring libraries that a question does not need.
        from govspend_site import writers

        writers.write(source, task, send)


def rows(cursor: sqlite3.Cursor | Rows, task: Mapping[str, Any], send: Send) -> None:
    """The first rows of an answer, in frames, and whether there were more."""
    send(["columns", [column[0] for column in cursor.description or ()]])
    held: list[tuple[Any, ...]] = []
    size = sent = 0
    for count, row in enumerate(cursor):
        if count == task["rows"] or (count and (count + 1) * len(row) > task["cells"]):
            send(["rows", held])
            send(["end", True])
            return
        size += weight(row)
        if size > task["bytes"]:
            raise TooMuch(
                f"The answer is larger than {task['bytes'] // 1_000_000} MB. "
                "Ask for fewer columns, shorter values or fewer rows."
            )
        held.append(row)
        if len(held) == _BATCH or size - sent > _FRAME:
            send(["rows", held])
            held, sent = [], size
    send(["rows", held])
    send(["end", False])


def weight(row: tuple[Any, ...]) -> int:
    """Bytes of a row, nearly."""
    return sum(len(v) if isinstance(v, str | bytes) else 8 for v in row)


if __name__ == "__main__":
    main()
