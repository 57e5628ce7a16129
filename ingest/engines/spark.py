"""The same build on Spark: one task a release, so that a thousand releases use a hundred machines.

The master is `spark://HOST:PORT`, or `local-cluster[2,1,1024]` (two executors of one core and 1,024
MB each) to try it on one machine. Every machine must have this package in the same version and see
the build folder under the same path. Nothing is started before there is something to do.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import errors, stage
from ingest.archive import Receipt
from ingest.engine import Failed, Job, Take
from ingest.errors import IngestError
from ingest.feeds import Feed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

QUIET = f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties').as_uri()}"
SETTINGS = {
    "spark.app.name": "govspend",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.extraJavaOptions": QUIET,
    "spark.driver.memory": "768m",
    # A day is a day, whatever the machine's own zone; a sum that does not fit stops the build.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
# A small Java starts sooner and leaves the cores to others: a third of the time of a small build.
_SMALL = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
HERE = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.extraJavaOptions": f"{QUIET} {_SMALL}",
    "spark.executor.extraJavaOptions": _SMALL,
    "spark.sql.shuffle.partitions": "4",
}
"""where the whole cluster is this machine: nothing of it listens to others"""
_SHARD = re.compile(r"/\* (\w+\.shard,) \*/")
BATCH = 20_000
"""rows"""


class EngineError(IngestError):
    """The cluster is not as it must be. The message says what is missing and where."""


class Told(NamedTuple):
    """What a task says of its release."""

    outcome: str
    """staged, failed (no table of its feed), refused (nothing that the release can help), or lost
    (with the machines that tried)"""
    reason: str = ""
    kind: str = ""
    """the name of the error"""

    def error(self) -> IngestError:
        """What was raised there, to be raised here."""
        found: IngestError = getattr(errors, self.kind, IngestError)(self.reason)
        return found


class SparkEngine:
    """The engine on the cluster at `master`. `folder` is its own, and all executors see it."""

    is_cluster = True

    def __init__(self, master: str, folder: Path) -> None:
        self._master = master
        self._folder = folder.resolve()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._count = 0

    @property
    def _session(self) -> SparkSession:
        return _session(self._master)

    def stage(self, jobs: Sequence[Job], folder: Path, report: Callable[[int], None]) -> Failed:
        """Stages what is not staged yet, a task each. `report` is told how many are still to do.

        One that fails tells why, and the others go on; one that was lost is left for this process.
        Raises EngineError where an executor runs other code than this or does not see a file.
        """
        waiting = [job for job in jobs if not stage.is_staged(job[0], job[2], folder)]
        failed: Failed = {}
        if not waiting:
            return failed
        # The largest first, so that no machine is left with one when the others are done.
        waiting.sort(key=lambda job: job[0].byte_count, reverse=True)
        with ThreadPoolExecutor(self._session.sparkContext.defaultParallelism) as pool:
            running = {pool.submit(self._stage, job, folder): job for job in waiting}
            try:
                for done, future in enumerate(as_completed(running), 1):
                    (receipt, _, feed), told = running[future], future.result()
                    if told.outcome == "refused":
                        raise EngineError(f"{self._master}: {told.reason}")
                    if told.outcome == "failed":
                        failed[feed.feed_id, receipt.sha256] = told.error()
                    report(len(waiting) - done)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                self._session.sparkContext.cancelAllJobs()
                raise
        return failed

    def _stage(self, job: Job, folder: Path) -> Told:
        """A Spark job of its own: a release that kills every worker takes no other with it."""
        receipt, path, feed = job
        order = json.dumps(
            [asdict(receipt), str(path), feed.model_dump_json(), str(folder), stage.recipe()]
        )
        told = self._session.createDataFrame([(order,)], "job string").coalesce(1)
        told = told.mapInArrow(_stage_each, "outcome string, reason string, kind string")
        try:
            with _plainly(self._master):
                return Told(*told.collect()[0])
        except EngineError:
            return Told("lost")

    def divide(self, column: str, parts: Sequence[str], large: Sequence[str]) -> None:
        """Nothing: a cluster divides the work itself, and sorts the whole of it."""

    def read(self, name: str, path: Path) -> None:
        """The Parquet file, or folder of such, at `path` is the table `name`."""
        self._session.read.parquet(_address(path)).createOrReplaceTempView(name)

    def hold(self, name: str, table: pa.Table) -> None:
        """A table from here, small enough for memory."""
        path = self._place(f"{name}.parquet")
        pq.write_table(table, path, compression="zstd")
        self.read(name, path)

    def define(self, name: str, sql: str) -> None:
        """`name` stands for what `sql` gives whenever it is asked."""
        self._session.sql(sql).createOrReplaceTempView(name)

    def make(self, name: str, sql: str) -> None:
        """`name` is what `sql` gives now: computed once, as files that outlive an executor."""
        answer = self._session.sql(sql)
        made = self._session.read.schema(answer.schema).parquet(_address(self._written(answer)))
        made.createOrReplaceTempView(name)

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows that `sql` gives, in its order, from files: a part at a time in memory.

        Executors sort a range of the rows each and number their files by it.
        """
        folder = self._written(self._session.sql(sql))
        yield from _stored(folder)
        shutil.rmtree(folder)

    def split(
        self, rows: Mapping[str, str], shards: Sequence[str], take: Take
    ) -> Iterator[dict[str, Any]]:
        """What `take` gives for each of the `shards`: a task each, which is handed its rows sorted.

        Those of the first SQL come straight to it, and those of the others by way of files.
        """
        first, *others = rows
        folders = {name: self._place(name) for name in others}
        for name, folder in folders.items():
            with _plainly(self._master):
                whole = self._session.sql(_by_shard(rows[name]))
                whole.write.partitionBy("shard").parquet(_address(folder))

        def each(
            key: tuple[pa.Scalar, ...], batches: Iterator[pa.RecordBatch]
        ) -> Iterator[pa.RecordBatch]:
            shard = key[0].as_py()
            straight = (_wide(batch.drop_columns(["shard"])) for batch in batches)
            given: dict[str, Iterator[pa.RecordBatch]] = {first: straight}
            given |= {name: _stored(folders[name] / f"shard={shard}") for name in others}
            yield pa.RecordBatch.from_pylist([{"told": json.dumps(take(shard, given))}])

        lines = self._session.sql(_by_shard(rows[first])).groupBy("shard")
        with _plainly(self._master):
            found = lines.applyInArrow(each, "told string").collect()
        yield from (json.loads(row.told) for row in found)

    def _written(self, answer: DataFrame) -> Path:
        """The folder of files that hold it: in order of the rows, where they have one."""
        folder = self._place("rows")
        with _plainly(self._master):
            answer.write.parquet(_address(folder))
        return folder

    def _place(self, name: str) -> Path:
        """A path of its own for something, in a folder that all executors see."""
        self._count += 1
        return self._folder / f"{self._count:04}-{name}"

    def close(self) -> None:
        """Removes what it kept on disk. The cluster stays for the engine that comes next."""
        shutil.rmtree(self._folder, ignore_errors=True)


@functools.cache
def _session(master: str) -> SparkSession:
    """One for all engines of this process: it takes ten seconds to start. Ends with the process.

    A process forked from this one may go on with it, as long as this one waits.
    """
    builder = _builder().master(master)
    here = HERE if master.startswith("local") else {}
    # Read as Java starts and as a task is made; a worker would else use the system's Python.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    if here:
        os.environ["SPARK_LOCAL_IP"] = HERE["spark.driver.host"]
    for name, value in (SETTINGS | here).items():
        builder = builder.config(name, value)
    with _plainly(f"{master} could not be started"):
        session = builder.getOrCreate()
    atexit.register(stop)
    return session


def stop() -> None:
    """Ends what this process has started, as its own end does. Stopped already is stopped."""
    import pyspark
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is None:
        return
    application = session.sparkContext.applicationId
    session.stop()
    _session.cache_clear()
    # The workers of a local cluster keep their logs beside Spark's own files.
    home = os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent
    shutil.rmtree(Path(home, "work", application), ignore_errors=True)


@contextmanager
def _plainly(what: str) -> Iterator[None]:
    """Raises EngineError, one line after `what`, for what Spark and Java raise in pages."""
    from py4j.protocol import Py4JError, Py4JJavaError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        told = error.java_exception if isinstance(error, Py4JJavaError) else error
        raise EngineError(f"{what}: {str(told).partition(chr(10))[0]}") from error


def _address(path: Path) -> str:
    """As Spark wants it, which takes a bare path to be on the cluster's own file system."""
    return f"file://{path.resolve()}"


def _stored(folder: Path) -> Iterator[pa.RecordBatch]:
    """The rows of the files that Spark wrote there, in its order."""
    for path in sorted(folder.glob("part-*.parquet")):
        with pq.ParquetFile(path, pre_buffer=False) as file:
            for batch in file.iter_batches(BATCH, use_threads=False):
                yield _wide(batch)


def _by_shard(sql: str) -> str:
    """The same for all shards at once: the rows of each in one place, in their order."""
    told, _, order = _SHARD.sub(r"\1", sql).rpartition("ORDER BY ")
    return f"{told} DISTRIBUTE BY shard SORT BY shard, {order}"


def _wide(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same with whole numbers as integers of 64 bits: Spark counts rows with fewer."""
    kinds = [
        pa.field(field.name, pa.int64() if pa.types.is_integer(field.type) else field.type)
        for field in batch.schema
    ]
    return batch.cast(pa.schema(kinds))


def _builder() -> SparkSession.Builder:
    """Raises EngineError where Spark or its Java is not installed."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise EngineError(
            "Spark is not installed here; `make .venv/ready-spark` does it."
        ) from None
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        raise EngineError("Spark needs Java 17 or newer (Debian: openjdk-17-jre-headless).")
    return SparkSession.builder


def _stage_each(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Runs on an executor: stages each job of `batches` and says how it went."""
    for batch in batches:
        told = [_stage_one(*json.loads(order)) for order in batch.column(0).to_pylist()]
        yield pa.RecordBatch.from_pylist([item._asdict() for item in told])


def _stage_one(receipt: dict[str, object], path: str, feed: str, folder: str, recipe: str) -> Told:
    if stage.recipe() != recipe:
        return Told("refused", f"{Path(stage.__file__).parent} is not the code of this build.")
    if not Path(path).is_file():
        return Told("refused", f"an executor does not see {path}; it must lie where all do.")
    parent = os.getppid()

    def stop_when_alone(_: int) -> None:
        # Spark has given this task to another executor when it lost the one that this belongs to.
        if os.getppid() != parent:
            sys.exit(1)

    try:
        stage.stage(
            Receipt(**receipt), Path(path), Feed.model_validate_json(feed),  # type: ignore[arg-type]
            Path(folder), stop_when_alone,
        )  # fmt: skip
    except IngestError as error:
        return Told("failed", str(error), type(error).__name__)
    return Told("staged")
