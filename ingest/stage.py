"""A release becomes columnar files, once: read, renamed and parsed. Carries no rules of its own.

`build/staged/feed_id=<feed>/staged_as=<key>/`, laid out as Hive has it, holds `lines.parquet`,
`facets.parquet` and `names.parquet` (what its lines are counted under and whom they name, once
each), `rejects.parquet`, `notes.parquet` and `summary.json`. The key is a hash of the bytes, of the
feed's settings and of the code that parses, so a folder that is there is right, and one that is not
is made aside and renamed into place.
"""

from __future__ import annotations

import bisect
import contextlib
import gc
import hashlib
import itertools
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from ingest import apart, months, read, reference, rename
from ingest.archive import Receipt
from ingest.blocks import BlockParser
from ingest.errors import IngestError
from ingest.feeds import Feed
from ingest.parse import Conventions, Parser
from ingest.tally import Summary, Tally

if TYPE_CHECKING:
    import pyarrow as pa


SIDE_BY_SIDE = 2
"""processes; more would not stay within the memory that a build may take"""
LARGE = 4_000_000
"""bytes; a file from this size is worth a process of its own"""


@dataclass(frozen=True)
class Staged:
    """A staged release: its receipt, where its files are, and what is in them."""

    receipt: Receipt
    folder: Path
    summary: Summary

    @property
    def period(self) -> str:
        """The newest month, YYYY-MM, by which the release is named."""
        return max(self.summary.months)[:7]

    def batches(self, name: str, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Record batches of `lines`, `facets`, `names`, `rejects` or `notes`."""
        # Imported here: Arrow takes a moment that an idle build saves.
        from ingest import columnar

        yield from columnar.batches(self.folder / f"{name}.parquet", columns)


def stage(
    receipt: Receipt, path: Path, feed: Feed, folder: Path, report: Callable[[int], None]
) -> Staged:
    """The file at `path` staged under `folder`; at once if it was before.

    `report` is told the number of lines read, now and then. Raises ReadError or HeadingError when
    the file is not a table of this feed.
    """
    target = place(receipt, feed, folder)
    if not is_staged(receipt, feed, folder):
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".staging-", dir=target.parent))
        try:
            with _few_collections():
                summary = _write(receipt, path, feed, aside, report)
            (aside / "summary.json").write_text(json.dumps(asdict(summary), indent=1))
            # Another may have been quicker, and its files may be in use: they are the same.
            if not is_staged(receipt, feed, folder):
                shutil.rmtree(target, ignore_errors=True)
                aside.replace(target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    summary = Summary(**json.loads((target / "summary.json").read_text()))
    return Staged(receipt, target, summary)


@contextlib.contextmanager
def _few_collections() -> Iterator[None]:
    """Lets Python look for garbage in cycles once in a while, not for every 700 of our cells.

    There are no cycles here: looking took an eighth of the time.
    """
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def is_staged(receipt: Receipt, feed: Feed, folder: Path) -> bool:
    return (place(receipt, feed, folder) / "summary.json").exists()


def place(receipt: Receipt, feed: Feed, folder: Path) -> Path:
    """The folder of a release. Readers of Parquet take `feed_id` and `staged_as` for columns."""
    return folder / f"feed_id={feed.feed_id}" / f"staged_as={_key(receipt, feed)}"


def forget(folder: Path, used: Collection[Path]) -> None:
    """Removes what is staged under `folder` and not `used`: by other code, or by other settings."""
    for path in {*folder.glob("*/*")} - {*used}:
        if path.is_dir():
            shutil.rmtree(path)


def stage_ahead(
    jobs: Sequence[tuple[Receipt, Path, Feed]], folder: Path, report: Callable[[int], None]
) -> None:
    """Stages the largest of the files that are not staged yet side by side.

    Nothing is told of one that fails: `stage` comes to it again and says why. Small ones are left,
    too, as a process takes longer to start than they take. `report` is told, now and then, how many
    files are still to be done.
    """
    large = [
        job for job in jobs
        if job[0].byte_count >= LARGE and not is_staged(job[0], job[2], folder)
    ]  # fmt: skip
    large.sort(key=lambda job: job[0].byte_count)
    # Forked, so that the memory that all have in common counts once; this process has no threads.
    fork = multiprocessing.get_context("fork")
    running: list[BaseProcess] = []
    while large or running:
        while large and len(running) < SIDE_BY_SIDE:
            arguments = (*large.pop(), folder, os.getpid())
            running.append(fork.Process(target=_stage_quietly, args=arguments, daemon=True))
            running[-1].start()
        wait([process.sentinel for process in running], timeout=1)
        running = [process for process in running if process.is_alive()]
        report(len(large) + len(running))


def _stage_quietly(receipt: Receipt, path: Path, feed: Feed, folder: Path, parent: int) -> None:
    apart.die_with(parent)
    with contextlib.suppress(IngestError, OSError, KeyboardInterrupt):
        stage(receipt, path, feed, folder, lambda _: None)


def _key(receipt: Receipt, feed: Feed) -> str:
    """Hash of everything that decides what staging gives."""
    settings = feed.model_dump(mode="json", exclude={"sources", "limits", "title", "attribution"})
    text = json.dumps([settings, receipt.encoding, _last_month(receipt)], sort_keys=True)
    digest = hashlib.sha256(text.encode())
    digest.update(recipe().encode())
    return f"{receipt.sha256[:16]}-{digest.hexdigest()[:16]}"


def recipe() -> str:
    """sha256 of the code and the reference tables that decide what a line becomes."""
    digest = hashlib.sha256()
    modules = (
        "read", "rename", "parse", "blocks", "tally", "money", "months", "stage", "columnar",
        "reference",
    )  # fmt: skip
    files = [Path(__file__).with_name(f"{name}.py") for name in modules]
    names = ("categories", "lots", "withheld")
    files += [reference.FOLDER / f"{name}.csv" for name in names]
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _last_month(receipt: Receipt) -> str:
    """The month in which the file was published or else fetched; no line can be newer."""
    return (receipt.published_date or receipt.fetched_at)[:7] + "-01"


def _write(
    receipt: Receipt, path: Path, feed: Feed, folder: Path, report: Callable[[int], None]
) -> Summary:
    shape = read.survey(path, receipt.encoding)
    columns, below = rename.rename(receipt.filename, read.rows(path, shape), feed)
    first = itertools.islice(below, read.BLOCK)
    seen = {_month_text(row.cells, columns) for row in first}
    while True:
        # Day and month change places at most once: the same texts settle the same order.
        order = months.settle(sorted(seen), feed.dates.order)
        conventions = Conventions(order, f"{feed.first_month}-01", _last_month(receipt))
        summary = Summary(
            shape.encoding, shape.newline, shape.delimiter, columns.heading_line,
            list(columns.headings), [list(pair) for pair in columns.unknown], order,
        )  # fmt: skip
        parse = Parser(feed, columns, conventions)
        _write_lines(_below(path, shape, columns, seen), parse, summary, folder, report)
        if months.settle(sorted(seen), feed.dates.order) == order:
            return summary


def _below(
    path: Path, shape: read.Shape, columns: rename.Columns, seen: set[str]
) -> Iterator[read.Block]:
    """The blocks below the heading. Every text that stands for a month is added to `seen`."""
    for block in read.blocks(path, shape):
        below = bisect.bisect_right(block.numbers, columns.heading_line)
        if below:
            block = read.Block(block.numbers[below:], block.cells[below:], block.lines[below:])
        if block.cells:
            seen.update({_month_text(cells, columns) for cells in block.cells})
            yield block


def _month_text(cells: list[str], columns: rename.Columns) -> str:
    place = columns.index.get("month", len(cells))
    return cells[place].strip() if place < len(cells) else ""


def _write_lines(
    blocks: Iterator[read.Block], parse: Parser, summary: Summary, folder: Path,
    report: Callable[[int], None],
) -> None:  # fmt: skip
    """The columnar files, and what they come to in `summary`."""
    from ingest.columnar import FACETS, LINES, NAMES, NOTES, REJECTS, Table

    tally = Tally(summary)
    take = BlockParser(parse, tally)
    names = {"supplier": _Names(), "buyer": _Names()}
    with (
        Table(folder / "lines.parquet", LINES) as lines,
        Table(folder / "rejects.parquet", REJECTS) as rejects,
        Table(folder / "notes.parquet", NOTES) as notes,
    ):
        for block in blocks:
            taken = take(block)
            found = taken.lines
            tally.add(found.under, found.amount_pence, found.description)
            for pence, exact in taken.fractions:
                tally.add_fraction(pence, exact)
            for reject in taken.rejects:
                tally.reject(reject.amount)
            summary.blank_count += taken.blank_count
            summary.last_line = block.numbers[-1]
            lines.add(
                found.line_number, _numbers(found.base_id), [one.place for one in found.under],
                names["supplier"].places(found.supplier), names["buyer"].places(found.buyer),
                found.description, found.amount_pence,
            )  # fmt: skip
            rejects.add_rows([
                (*one[:7], one.amount.pence if one.amount else None) for one in taken.rejects
            ])  # fmt: skip
            notes.add_rows(taken.notes)
            report(block.numbers[-1])
    with Table(folder / "facets.parquet", FACETS) as table:
        counted = (one for one in tally.under.values() if one.line_count)
        table.add_rows([(one.place, *one.facets, one.line_count) for one in counted])
    with Table(folder / "names.parquet", NAMES) as table:
        for kind, known in names.items():
            table.add_rows([(kind, *row) for row in known.rows()])
    tally.finish()


def _numbers(ids: Sequence[str]) -> array[int]:
    """16 hexadecimal digits each, as whole numbers of 64 bits, of which half are below nought."""
    numbers = array("q", bytes.fromhex("".join(ids)))
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


class _Names(dict[str, int]):
    """Names in the order in which they were found -> their places in it."""

    def __init__(self) -> None:
        super().__init__()
        self._counts: Counter[int] = Counter()

    def __missing__(self, name: str) -> int:
        place = self[name] = len(self)
        return place

    def places(self, names: Sequence[str]) -> list[int]:
        found = list(map(self.__getitem__, names))
        self._counts.update(found)
        return found

    def rows(self) -> Iterator[tuple[int, str, int]]:
        """(place, name, lines that carry it)"""
        yield from ((place, name, self._counts[place]) for name, place in self.items())
