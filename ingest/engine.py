"""One interface for what runs the SQL between staged lines and tables, wherever it runs.

That SQL knows only typed columns: no casts, no patterns, no functions of text or date, in which
engines differ. What looks inside a cell is Python's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ingest.archive import Receipt
from ingest.errors import DeclarationError, IngestError
from ingest.feeds import Feed

if TYPE_CHECKING:
    import pyarrow as pa

# Three numbers: executors, cores of each, megabytes of each. One: threads of a single process.
_ADDRESS = re.compile(r"local|spark://\S+|local-cluster\[\d+,\d+,\d+\]|local\[\d+\]")
Job = tuple[Receipt, Path, Feed]
"""What is to be staged: the receipt, the file, its feed."""
Failed = dict[tuple[str, str], IngestError]
"""Why files cannot be staged, by feed and sha256."""

PART = 150_000
"""lines that are related at once where an engine divides its work"""
LARGE = 16 * PART
"""lines that are put together at once, so that a part of them is found without reading all"""
_Key = TypeVar("_Key")


Take = Callable[[str, "dict[str, Iterator[pa.RecordBatch]]"], dict[str, Any]]


class Engine(Protocol):
    is_cluster: bool
    """it has the memory of many machines"""

    def stage(self, jobs: Sequence[Job], folder: Path, report: Callable[[int], None]) -> Failed:
        """Stages what is worth it under `folder`, side by side, and gives why some failed.

        A file of which it says nothing and that is not staged is still for `stage.stage` to take.
        `report` is told, now and then, how many files are still to be done.
        """

    def divide(self, column: str, parts: Sequence[str], large: Sequence[str]) -> None:
        """`parts` are conditions on `column`, `{0}` being its table, one for each part of the work.

        In them what follows may be done, in this order, where the SQL says `part of` the column. In
        the few `large` ones a table may be put together so that a part of it is found at once.
        """

    def read(self, name: str, path: Path) -> None:
        """The Parquet file at `path` is the table `name`."""

    def hold(self, name: str, table: pa.Table) -> None:
        """A table from here, small enough for memory."""

    def define(self, name: str, sql: str) -> None:
        """`name` stands for what `sql` gives whenever it is asked."""

    def make(self, name: str, sql: str) -> None:
        """`name` is what `sql` gives now: computed once, on disk where it is large."""

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows that `sql` gives, in its order. Whole numbers come as integers of 64 bits."""

    def split(
        self, rows: Mapping[str, str], shards: Sequence[str], take: Take
    ) -> Iterator[dict[str, Any]]:
        """What `take` gives for each of the `shards`, side by side where there are many machines.

        It is told the shard and, by table, the rows of each SQL that go there, in order. It may be
        called again where a machine was lost, and elsewhere.
        """

    def close(self) -> None:
        """Removes what it kept on disk."""


def require_known(address: str) -> None:
    """Raises DeclarationError where no engine has such an address."""
    if not _ADDRESS.fullmatch(address):
        raise DeclarationError(
            f"ENGINE={address}: no such engine; there are local, spark://HOST:PORT and, to try "
            "that on one machine, local-cluster[2,1,1024]."
        )


def at(address: str, folder: Path) -> Engine:
    """The engine at `address`. It may keep what it needs for a while in `folder`."""
    require_known(address)
    # Imported here: an idle build needs no engine, and most need no Spark.
    if address == "local":
        from ingest.engines.local import LocalEngine

        return LocalEngine(folder)
    from ingest.engines.spark import SparkEngine

    return SparkEngine(address, folder)


def ranges(weights: Mapping[_Key, int], most: int = PART) -> list[tuple[_Key, _Key]]:
    """Ranges of the keys, which come in order, that weigh about `most` each."""
    found: list[tuple[_Key, _Key]] = []
    weight = most
    for key, more in weights.items():
        if weight + more > most or not found:
            found.append((key, key))
            weight = 0
        found[-1] = (found[-1][0], key)
        weight += more
    return found
