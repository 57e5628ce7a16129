"""`python -m tests.bench --rows N`: this project's build beside csvs-to-sqlite on the same lines.

Only ratios of one run mean anything on a shared machine. The stock tool gets the newest releases
with the same columns, indexes and search; ours does all that a build does, the audit included.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

ROOT = Path(__file__).parent.parent.parent
NEWEST = ("g-cloud-sales-figures-july2017.csv", "DOS-spend-Dec2017.csv")


@click.command()
@click.option("--rows", default=260_000, show_default=True, help="Lines in the newest releases.")
@click.option("--runs", default=3, show_default=True, help="Runs of each; the median counts.")
def main(rows: int, runs: int) -> None:
    """Time the build of a sample beside csvs-to-sqlite."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _ingest("sample", "--rows", str(rows), "--out", str(place / "sample"))
        stock = [_stock(place, run) for run in range(runs)]
        ours = [_ours(place, run) for run in range(runs)]
        csv_bytes = sum((place / "sample" / name).stat().st_size for name in NEWEST)
        edition = next((place / "build0" / "editions").glob("*.db"))
        size = edition.stat().st_size / csv_bytes
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    a, b = statistics.median(ours), statistics.median(stock)
    click.echo("| rows | our build | csvs-to-sqlite | ratio | database / CSV | largest process |")
    click.echo("|---|---|---|---|---|---|")
    click.echo(f"| {rows:,} | {a:.1f} s | {b:.1f} s | {a / b:.2f} | {size:.1f} | {peak:.0f} MB |")


def _ingest(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "ingest", *arguments], cwd=ROOT, check=True)


def _ours(place: Path, run: int) -> float:
    feeds, build = place / "sample" / "feeds.yml", place / f"build{run}"
    started = time.monotonic()
    _ingest("build", "--feeds", str(feeds), "--build", str(build))
    return time.monotonic() - started


def _stock(place: Path, run: int) -> float:
    tool = Path(sys.executable).parent / "csvs-to-sqlite"
    started = time.monotonic()
    for name, columns in zip(NEWEST, _columns(), strict=True):
        options = [part for column in columns for part in ("-i", column)]
        target = place / f"stock{run}.db"
        search = ["-f", "Product Description"] if name == NEWEST[0] else []
        files = [str(place / "sample" / name), str(target)]
        command = [str(tool), "--just-strings", *search, *options, *files]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


def _columns() -> tuple[tuple[str, ...], ...]:
    """The columns that our build indexes, by the headings of each file."""
    gcloud = ("Return Month", "Framework", "Lot", "Sector", "SME Status", "Supplier Name",
              "Customer Name")  # fmt: skip
    dos = ("Month", "Lot", "Sector", "SME Status", "Supplier Name", "Customer Name")
    return gcloud, dos


if __name__ == "__main__":
    main()
