"""The engine of one machine: processes to stage, DuckDB between rows. It spills to disk."""

from __future__ import annotations

import contextlib
import functools
import itertools
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingest import stage
from ingest.ahead import ahead
from ingest.engine import PART, Failed, Job, Take
from ingest.errors import IngestError

_PART_OF = re.compile(r"/\* (?P<size>large )?part of (?P<table>\w+)\.(?P<column>\w+) \*/")
_SHARD = re.compile(r"/\* (\w+\.shard,) \*/")
_SHARD_OF = re.compile(r"/\* shard of (\w+) \*/")
# What may be known of a row besides: it is one row with it or without.
_BESIDES = re.compile(r"LEFT JOIN .*?(?=\bLEFT JOIN\b|\bWHERE\b)", re.DOTALL)
_T = TypeVar("_T")
MEMORY = 48
"""MB of its own; with Python, libraries and SQLite it takes 246 to relate 2.6 million lines"""
LITTLE = 64_000_000
"""bytes of the engine's files, up to which it stays open"""
BATCH = 10_000
"""rows"""


class LocalEngine:
    """See ingest.engine.Engine."""

    is_cluster = False

    def __init__(self, folder: Path, memory: int = MEMORY) -> None:
        # What a build that was killed may have left.
        shutil.rmtree(folder, ignore_errors=True)
        self._folder = folder
        self._memory = memory
        self._parts: dict[str, Sequence[str]] = {}

    @functools.cached_property
    def _db(self) -> duckdb.DuckDBPyConnection:
        """Opened when the first table is there: its threads must not be forked with staging."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return duckdb.connect(
            str(self._folder / "engine.duckdb"),
            config={
                "memory_limit": f"{self._memory}MB",
                "temp_directory": str(self._folder / "spilled"),
                "threads": 2,
                # What is free goes back at once: there are others who need it.
                "allocator_flush_threshold": "4MB",
                "allocator_bulk_deallocation_flush_threshold": "8MB",
                "allocator_background_threads": True,
                # Order is asked for where it matters.
                "preserve_insertion_order": False,
            },
        )

    def stage(self, jobs: Sequence[Job], folder: Path, report: Callable[[int], None]) -> Failed:
        stage.stage_ahead(jobs, folder, report)
        return {}

    def divide(self, column: str, parts: Sequence[str], large: Sequence[str]) -> None:
        self._parts[column] = parts
        self._parts[f"large {column}"] = large

    def read(self, name: str, path: Path) -> None:
        quoted = str(path).replace("'", "''")
        self._db.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{quoted}')")  # noqa: S608 - our own names

    def hold(self, name: str, table: pa.Table) -> None:
        self.hold_batches(name, table.to_reader())

    def hold_batches(self, name: str, batches: pa.RecordBatchReader) -> None:
        """The same of a table that is too large for memory."""
        # By way of a file: DuckDB reads Arrow's own tables with what loads pandas and 40 MB.
        path = self._folder / f"{name}.parquet"
        self._folder.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(path, batches.schema) as writer:
            for batch in ahead(batches):
                writer.write_batch(batch)
        pa.default_memory_pool().release_unused()
        self.read(name, path)

    def define(self, name: str, sql: str) -> None:
        self._db.execute(f"CREATE VIEW {name} AS {sql}")

    def make(self, name: str, sql: str) -> None:
        first, *others = map(self._whole, self._divided(sql))
        self._with_room(lambda: self._db.execute(f"CREATE TABLE {name} AS {first}"))
        for part in others:
            self._with_room(lambda part=part: self._db.execute(f"INSERT INTO {name} {part}"))  # type: ignore[misc]
        self._rest()

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        return self._batches(self._divided(sql))

    def _batches(self, parts: Iterable[str]) -> Iterator[pa.RecordBatch]:
        for part in parts:
            for batch in self._with_room(lambda part=part: self._begun(part)):  # type: ignore[misc]
                # DuckDB adds whole numbers up in 128 bits.
                columns = [
                    column.cast(pa.int64()) if pa.types.is_decimal(column.type) else column
                    for column in batch.columns
                ]
                yield pa.record_batch(columns, names=batch.schema.names)
        self._rest()

    def _begun(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Its batches, when the first is there: to sort takes the most memory, and comes before."""
        reader = iter(self._db.sql(sql).to_arrow_reader(BATCH))
        return itertools.chain(list(itertools.islice(reader, 1)), reader)

    def _with_room(self, work: Callable[[], _T]) -> _T:
        """What the work gives: with more room where DuckDB, as now and then, fails to spill."""
        try:
            return work()
        except duckdb.OutOfMemoryException:
            self._limit(2 * self._memory)
        try:
            return work()
        except duckdb.OutOfMemoryException as error:
            text = str(error).partition("\n")[0]
            raise IngestError(f"DuckDB needs more than {2 * self._memory} MB: {text}") from error
        finally:
            # Not while an answer that is still to be read holds more; then it stays so for longer.
            with contextlib.suppress(duckdb.OutOfMemoryException):
                self._limit(self._memory)

    def _limit(self, megabytes: int) -> None:
        # A connection of its own: the other one may be in the middle of an answer.
        with self._db.cursor() as db:
            db.execute(f"SET memory_limit = '{megabytes}MB'")

    def split(
        self, rows: Mapping[str, str], shards: Sequence[str], take: Take
    ) -> Iterator[dict[str, Any]]:
        parts = {name: self._by_shard(sql) for name, sql in rows.items()}
        for shard in shards:
            yield take(shard, {name: self._batches(parts[name][shard]) for name in rows})

    def _by_shard(self, sql: str) -> dict[str, list[str]]:
        """shard -> SQL of each part that has rows of it: of large parts, where none has many."""
        found, many = self._parts_with_rows(sql.replace("/* part of", "/* large part of"))
        if many:
            small, _ = self._parts_with_rows(sql)
            found |= {shard: small[shard] for shard in many}
        return found

    def _parts_with_rows(self, sql: str) -> tuple[dict[str, list[str]], set[str]]:
        """The same of the parts that the SQL says; and which shards have many rows in one."""
        found: dict[str, list[str]] = defaultdict(list)
        many = set()
        for part in self._divided(sql):
            for shard, count in self._counts(part):
                found[shard].append(_SHARD_OF.sub(rf"AND \1.shard = '{shard}'", part))
                if count > PART:
                    many.add(shard)
        return found, many

    def _counts(self, part: str) -> list[tuple[str, int]]:
        """(shard, its rows) of one part of the work."""
        shown = _SHARD.sub(r"\1", part).rpartition("ORDER BY ")[0].partition("FROM ")[2]
        by = _SHARD.findall(part)[0].rstrip(",")
        rows = f"SELECT {by} FROM {_BESIDES.sub('', shown)}"  # noqa: S608 - our own
        sql = f"SELECT shard, count(*) FROM ({rows}) GROUP BY shard"  # noqa: S608
        return self._with_room(lambda: self._db.execute(sql).fetchall())

    def _divided(self, sql: str) -> list[str]:
        """The SQL of each part of the work."""
        found = _PART_OF.search(sql)
        column = f"{found['size'] or ''}{found['column']}" if found else ""
        return [
            _PART_OF.sub(lambda match, part=part: "AND " + part.format(match["table"]), sql)  # type: ignore[misc]
            for part in self._parts.get(column, ())
        ] or [sql]

    def _whole(self, sql: str) -> str:
        """The same with sums as integers of 64 bits."""
        columns = self._db.execute(f"DESCRIBE {sql}").fetchall()
        wide = [name for name, kind, *_ in columns if kind == "HUGEINT"]
        if not wide:
            return sql
        shown = ", ".join(f"CAST({name} AS BIGINT) AS {name}" for name in wide)
        return f"SELECT * REPLACE ({shown}) FROM ({sql})"  # noqa: S608

    def _rest(self) -> None:
        """Gives back memory: DuckDB keeps what it knows of what it has seen, Arrow what is free.

        What was made is on disk, and is opened when it is asked for, which takes a moment: where
        little was made, there is nothing to give back.
        """
        if "_db" in self.__dict__ and self._size() > LITTLE:
            self._db.close()
            del self._db
        pa.default_memory_pool().release_unused()

    def _size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self._folder.glob("*.*"))

    def close(self) -> None:
        if "_db" in self.__dict__:
            self._db.close()
            del self._db
        shutil.rmtree(self._folder, ignore_errors=True)
