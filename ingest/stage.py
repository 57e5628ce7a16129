"""A release becomes columnar files, once: read, renamed and parsed. Carries no rules of its own.

`build/staged/<feed>/<key>/` holds `lines.parquet`, `facets.parquet` (what its lines are counted
under, once each), `rejects.parquet`, `notes.parquet` and `summary.json`. The key is a hash of the
bytes, of the feed's settings and of the code that parses, so a folder that is there is right, and
one that is not is made aside and renamed into place.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from ingest import months, read, reference, rename
from ingest.archive import Receipt
from ingest.errors import IngestError
from ingest.feeds import Feed
from ingest.parse import Conventions, Facets, Reject, Spend, parser

if TYPE_CHECKING:
    import pyarrow as pa


SIDE_BY_SIDE = 2
"""processes; more would not stay within the memory that a build may take"""
LARGE = 4_000_000
"""bytes; a file from this size is worth a process of its own"""


@dataclass
class Summary:
    """What one staged release holds. Sums in pence are integers; exact ones are pounds as text."""

    encoding: str
    newline: str
    delimiter: str
    heading_line: int
    headings: list[str]
    unknown_headings: list[list[str | None]]
    date_order: str
    line_count: int = 0
    """lines below the heading that are not blank: loaded and quarantined together"""
    blank_count: int = 0
    loaded_count: int = 0
    quarantined_count: int = 0
    unreadable_count: int = 0
    """quarantined lines whose amount cannot be read; they are in no sum"""
    credit_count: int = 0
    zero_count: int = 0
    undescribed_count: int = 0
    rounded_count: int = 0
    published_amount: str = "0"
    """pounds, exact: the sum of every amount that can be read, loaded or quarantined"""
    loaded_pence: int = 0
    quarantined_pence: int = 0
    quarantined_abs_pence: int = 0
    loaded_abs_pence: int = 0
    rounding_amount: str = "0"
    """pounds, exact: (loaded + quarantined) - published"""
    sme_pence: int = 0
    sized_pence: int = 0
    """sum of the lines whose supplier size is published"""
    months: dict[str, list[int]] = field(default_factory=dict)
    """month -> [lines, pence] of the loaded lines"""


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
        """Record batches of `lines`, `facets`, `rejects` or `notes`. Names come as a dictionary."""
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
    target = folder / feed.feed_id / _key(receipt, feed)
    if not is_staged(receipt, feed, folder):
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".staging-", dir=target.parent))
        try:
            with _few_collections():
                summary = _write(receipt, path, feed, aside, report)
            (aside / "summary.json").write_text(json.dumps(asdict(summary), indent=1))
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
    return (folder / feed.feed_id / _key(receipt, feed) / "summary.json").exists()


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
    if len(large) < 2:
        return
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
    def stop_when_alone(_: int) -> None:
        # Whoever kills the build means this process, too, which holds its lock.
        if os.getppid() != parent:
            sys.exit(1)

    with contextlib.suppress(IngestError, OSError, KeyboardInterrupt):
        stage(receipt, path, feed, folder, stop_when_alone)


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
    modules = ("read", "rename", "parse", "money", "months", "stage", "columnar", "reference")
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
    from ingest.columnar import BATCH, FACETS, LINES, NOTES, REJECTS, Table

    shape = read.survey(path, receipt.encoding)
    columns, conventions = _conventions(receipt, path, feed, shape)
    summary = Summary(
        shape.encoding, shape.newline, shape.delimiter, columns.heading_line,
        list(columns.headings), [list(pair) for pair in columns.unknown], conventions.order,
    )  # fmt: skip
    _, below = rename.rename(receipt.filename, read.rows(path, shape), feed)
    parse = parser(feed, columns, conventions)
    totals = _Totals(summary)
    with (
        Table(folder / "lines.parquet", LINES) as lines,
        Table(folder / "rejects.parquet", REJECTS) as rejects,
        Table(folder / "notes.parquet", NOTES) as notes,
    ):
        for row in below:
            if read.is_blank(row):
                summary.blank_count += 1
                continue
            taken = parse(row)
            if isinstance(taken, Spend):
                number, base_id, facets, supplier, buyer, description, pence, _, noted = taken
                place = totals.add(taken)
                lines.add((number, base_id, place, supplier, buyer, description, pence))
                for note in noted:
                    notes.add(note)
            else:
                totals.reject(taken)
                rejects.add((*taken[:7], taken.amount.pence if taken.amount else None))
            if row.line_number % BATCH == 0:
                report(row.line_number)
    with Table(folder / "facets.parquet", FACETS) as table:
        for place, facets in enumerate(totals.facets):
            table.add((place, *facets))
    totals.finish()
    return summary


def _conventions(
    receipt: Receipt, path: Path, feed: Feed, shape: read.Shape
) -> tuple[rename.Columns, Conventions]:
    """The columns, and what a first pass over the whole month column settles."""
    columns, below = rename.rename(receipt.filename, read.rows(path, shape), feed)
    place = columns.index.get("month")
    texts = (
        set()
        if place is None
        else {row.cells[place].strip() for row in below if place < len(row.cells)}
    )
    order = months.settle(sorted(texts), feed.dates.order)
    return columns, Conventions(order, f"{feed.first_month}-01", _last_month(receipt))


class _Totals:
    """Adds lines up into a Summary: whole pence as integers, fractions of a penny exactly."""

    def __init__(self, summary: Summary) -> None:
        self.summary = summary
        self.facets: dict[Facets, list[int]] = {}
        """what lines are counted under, in the order found -> [place there, lines, pence]"""
        self._whole_pence = 0
        self._fractions = Decimal(0)
        self._rounding = Decimal(0)

    def add(self, line: Spend) -> int:
        """Counts a line that is loaded. Returns the place of its facets."""
        total, pence = self.summary, line.amount_pence
        found = self.facets.get(line.facets)
        if found is None:
            found = self.facets[line.facets] = [len(self.facets), 0, 0]
        found[1] += 1
        found[2] += pence
        if pence > 0:
            total.loaded_abs_pence += pence
        elif pence < 0:
            total.loaded_abs_pence -= pence
            total.credit_count += 1
        else:
            total.zero_count += 1
        if line.description is None:
            total.undescribed_count += 1
        if line.exact is None:
            self._whole_pence += pence
        else:
            self._publish(pence, line.exact)
        return found[0]

    def reject(self, line: Reject) -> None:
        """Counts a line that is quarantined."""
        total = self.summary
        total.quarantined_count += 1
        if line.amount is None:
            total.unreadable_count += 1
            return
        pence, exact = line.amount
        total.quarantined_pence += pence
        total.quarantined_abs_pence += abs(pence)
        if exact is None:
            self._whole_pence += pence
        else:
            self._publish(pence, exact)

    def _publish(self, pence: int, exact: Decimal) -> None:
        """Counts what was published apart from what is loaded: the audit compares two sums."""
        self.summary.rounded_count += 1
        self._fractions += exact
        self._rounding += Decimal(pence).scaleb(-2) - exact

    def finish(self) -> None:
        total = self.summary
        months: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for facets, (_, lines, pence) in self.facets.items():
            total.loaded_count += lines
            total.loaded_pence += pence
            months[facets.month][0] += lines
            months[facets.month][1] += pence
            if facets.supplier_size is not None:
                total.sized_pence += pence
                total.sme_pence += pence if facets.supplier_size == "SME" else 0
        total.line_count = total.loaded_count + total.quarantined_count
        total.rounding_amount = str(self._rounding)
        total.published_amount = str(Decimal(self._whole_pence).scaleb(-2) + self._fractions)
        total.months = dict(sorted(months.items()))
