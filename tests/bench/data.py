"""The lines to measure with: invented, in the published formats, by the sample generator."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from .run import ROOT, Run

NEWEST = ("g-cloud-sales-figures-july2017.csv", "DOS-spend-Dec2017.csv")
"""The files whose lines become the table of spend."""


# From here on lines are kept in files of their own, as the README advises.
_MANY = 10_000_000


def make(run: Run) -> None:
    if not run.sample.exists():
        sample(run.sample, run.rows)
        if run.rows > _MANY:
            with (run.sample / "feeds.yml").open("a") as file:
                file.write("shards: month\n")


def sample(folder: Path, rows: int, seed: int = 1) -> None:
    ingest("sample", "--rows", str(rows), "--seed", str(seed), "--out", str(folder))


def csv_bytes(folder: Path) -> int:
    return sum((folder / name).stat().st_size for name in NEWEST)


def ingest(*arguments: str | Path) -> None:
    """`python -m ingest …`, quietly. Raises CalledProcessError, which names the command."""
    command = [sys.executable, "-m", "ingest", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    # 3 says that something wants a look, not that it went wrong.
    if done.returncode not in (0, 3):
        print(done.stdout, done.stderr, file=sys.stderr)
        done.check_returncode()
