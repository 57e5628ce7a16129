"""One run of the bench: how many lines, where its files are, and the figures found so far."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

Figures = dict[str, float | None]


@dataclass
class Run:
    """`rows` lines in the newest releases; files under `folder`."""

    rows: int
    folder: Path
    runs: int = 3
    """of what is timed whole; the median counts"""
    figures: Figures = field(default_factory=dict)

    @property
    def sample(self) -> Path:
        return self.folder / "sample"

    @property
    def build(self) -> Path:
        return self.folder / "build"

    @property
    def edition(self) -> Path:
        """The database that was built."""
        return (self.build / "govspend.db").resolve()

    @property
    def files(self) -> list[Path]:
        """It, and the files that its lines may be split into."""
        return [self.edition, *sorted(self.edition.with_suffix("").glob("lines-*.db"))]

    @property
    def stock(self) -> Path:
        """The same lines as csvs-to-sqlite loads them."""
        return self.folder / "stock.db"

    @property
    def has_stock(self) -> bool:
        """The stock tools hold all lines in memory: they are not asked for more than 2.6m."""
        return self.rows <= 2_600_000

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.say(f"{name} …")
        started = time.monotonic()
        yield
        self.say(f"{name}: {time.monotonic() - started:.1f} s")


def timed(work: Callable[[], object]) -> float:
    """Seconds that it takes."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def median_of(times: int, work: Callable[[], float]) -> float:
    return statistics.median(work() for _ in range(times))


def percentile(values: Sequence[float], per_cent: float) -> float:
    """The smallest of `values` that at least so many per cent of them do not exceed."""
    ordered = sorted(values)
    place = -(-len(ordered) * per_cent // 100)
    return ordered[max(0, int(place) - 1)]


def ratio(one: float | None, other: float | None) -> float | None:
    """None where either was not measured."""
    return one / other if one is not None and other else None


def remove(folder: Path) -> None:
    """A folder that the bench made, and all in it."""
    shutil.rmtree(folder, ignore_errors=True)
