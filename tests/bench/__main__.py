"""`python -m tests.bench --rows N`: everything that is measured, or `--only` some of it.

A whole run is written to tests/bench/RESULTS.md and build/bench.json; a part is only shown, or with
`--write` put into RESULTS.md, where it says which parts it is of.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from . import build, data, export, floor, hostile, load, machine, results, stock, swap, walk
from .run import ROOT, Figures, Run

PARTS: dict[str, Callable[[Run], Figures]] = {
    "build": build.measure,
    "stock": stock.measure,
    "floor": floor.measure,
    "unchanged": build.refresh_unchanged,
    "arrival": build.refresh_one_release,
    "journey": walk.measure,
    "load": load.measure,
    "hostile": hostile.measure,
    "swap": swap.measure,
    "export": export.measure,
}
# One build of millions of lines is long enough to be told from noise.
_MANY = 1_000_000


@click.command()
@click.option("--rows", default=260_000, show_default=True, help="Lines in the newest releases.")
@click.option("--runs", default=None, type=int, help="Builds of each kind; the median counts.")
@click.option("--only", multiple=True, type=click.Choice(list(PARTS)), help="These parts alone.")
@click.option("--write", is_flag=True, help="Write a part to RESULTS.md, too.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Where lines and builds stay for another run, instead of being removed at the end.",
)
def main(
    rows: int, runs: int | None, only: tuple[str, ...], write: bool, folder: Path | None
) -> None:
    """Measure this site beside the stock tools and the floors, in one run."""
    # Whoever ends the bench ends its servers too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    told = machine.described()
    times = runs or (3 if rows < _MANY else 1)
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "build") as aside:
        place = (folder or Path(aside)).resolve()
        place.mkdir(parents=True, exist_ok=True)
        run = Run(rows, place, times)
        measure(run, only or tuple(PARTS))
    click.echo(results.table(run.figures))
    if not only:
        results.write_json(rows, run.figures, told)
    if write or not only:
        results.write(rows, run.figures, told, only)
        run.say(f"Written to {results.RESULTS.relative_to(ROOT)}.")


def measure(run: Run, wanted: tuple[str, ...]) -> None:
    """Fills `run.figures`, part by part."""
    with run.step("sample"):
        data.make(run)
    for name, part in PARTS.items():
        if name in wanted:
            with run.step(name):
                if name != "build":
                    build.ready(run)
                if name in ("journey", "load"):
                    stock.ready(run)
                found = part(run)
                run.figures |= found
                run.say(results.listed(found))
    run.figures |= results.ratios(run.figures)


if __name__ == "__main__":
    main()
