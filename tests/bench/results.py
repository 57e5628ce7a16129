"""The figures of a run as a table for people, tests/bench/RESULTS.md, and as build/bench.json."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .run import ROOT, Figures

RESULTS = Path(__file__).with_name("RESULTS.md")
JSON = ROOT / "build" / "bench.json"

KEYS = (
    "rows", "build_vs_csvs_to_sqlite", "build_vs_floor", "build_peak_mb", "size_vs_csv",
    "journey_cold_p95_ms", "facets_vs_stock", "warm_vs_bare", "warm_p99_ms", "warm_vs_stock",
    "hostile_p95_ms", "swap_requests", "swap_failed", "swap_mixed", "refresh_unchanged_s",
    "refresh_one_release_s", "start_s",
)  # fmt: skip
"""What bench.json always holds; null is what was not measured."""

_OPENING = """# How fast it is

Written by `make bench ROWS=…`, a section for each number of lines. Everything in a section is from
one run on one machine, so its ratios mean something; seconds of two sections may not compare.
"""
_HEADINGS = "| what | this site | beside it | ratio | to reach |\n|---|---|---|---|---|"


@dataclass(frozen=True)
class Line:
    """A line of the table. `ours`, `beside` and `ratio` are names of figures, '' for none."""

    what: str
    ours: str
    unit: str = ""
    beside: str = ""
    ratio: str = ""
    to_reach: str = ""


LINES = (
    Line("build, all steps, beside csvs-to-sqlite with search and indexes", "build_s", "s",
         "stock_build_s", "build_vs_csvs_to_sqlite", "at most 0.75"),
    Line("the same, beside our finished rows into sqlite3", "build_s", "s", "floor_build_s",
         "build_vs_floor", "at most 1.5"),
    Line("of the floor, the table of spend without indexes", "", "s", "floor_spend_s"),
    Line("build, per line of all releases", "build_us_per_line", "µs", to_reach="flat within 25%"),
    Line("build, most memory", "build_peak_mb", "MB", to_reach="at most 300"),
    Line("database, beside its CSV", "database_mb", "MB", "csv_mb", "size_vs_csv", "at most 2"),
    Line("refresh when nothing changed", "refresh_unchanged_s", "s", to_reach="at most 1"),
    Line("refresh when one release arrives ({refresh_lines} lines)", "refresh_one_release_s", "s",
         to_reach="at most 15"),
    Line("start to first answer", "start_s", "s", to_reach="at most 2"),
    Line("journey of {journey_pages} pages, nothing cached, p95; stock without limits of time",
         "journey_cold_p95_ms", "ms", "stock_cold_p95_ms", to_reach="100 at 260k, 150 at 2.6m"),
    Line("the same, median", "journey_cold_median_ms", "ms", "stock_cold_median_ms"),
    Line("of these the facet and summary pages, p95", "journey_summary_p95_ms", "ms",
         to_reach="the same at 26m"),
    Line("facet and summary pages: stock's time in ours, median of the pages", "",
         ratio="facets_vs_stock", to_reach="at least 20 at 2.6m"),
    Line("the same, the page that gains least", "", ratio="facets_vs_stock_least"),
    Line("pages that failed; of stock as it comes, failed or cut short", "journey_errors", "",
         "stock_failed_pages", to_reach="0"),
    Line("journey warm, one visitor, median", "journey_warm_median_ms", "ms"),
    Line("journey warm, 64 visitors, beside a bare application", "warm_req_s", "req/s",
         "bare_req_s", "warm_vs_bare", "at least 0.6"),
    Line("the same, beside stock", "warm_req_s", "req/s", "stock_req_s", "warm_vs_stock",
         "at least 50"),
    Line("the same, beside stock as it comes", "", "req/s", "stock_default_req_s"),
    Line("the same, p99, beside the bare application", "warm_p99_ms", "ms", "bare_p99_ms",
         to_reach="at most 50"),
    Line("the same, failed", "warm_errors", to_reach="0"),
    Line("pages while 8 clients run the worst SQL, nothing cached, p95", "hostile_p95_ms", "ms",
         to_reach="at most 300"),
    Line("the same from the cache, p95", "hostile_warm_p95_ms", "ms"),
    Line("of {hostile_pages} and more pages in that time, failed", "hostile_errors", to_reach="0"),
    Line("20 editions swapped in under load: requests", "swap_requests", "",
         to_reach="at least 20,000"),
    Line("of these failed", "swap_failed", to_reach="0"),
    Line("of these mixed two editions", "swap_mixed", to_reach="0"),
    Line("all lines as CSV", "export_csv_rows_s", "rows/s", to_reach="at least 100,000"),
    Line("its first byte", "export_csv_first_byte_s", "s", to_reach="at most 1"),
    Line("most memory of the worker that writes it", "export_csv_worker_mb", "MB",
         to_reach="at most 200"),
    Line("all lines as Parquet", "export_parquet_rows_s", "rows/s", to_reach="at least 200,000"),
    Line("its first byte", "export_parquet_first_byte_s", "s", to_reach="at most 1"),
    Line("most memory of the worker that writes it", "export_parquet_worker_mb", "MB",
         to_reach="at most 200"),
)  # fmt: skip


def ratios(figures: Figures) -> Figures:
    """Those of figures that two parts of the bench measured."""
    pairs = {
        "build_vs_csvs_to_sqlite": ("build_s", "stock_build_s"),
        "build_vs_floor": ("build_s", "floor_build_s"),
    }
    found: Figures = {}
    for name, (one, other) in pairs.items():
        ours, theirs = figures.get(one), figures.get(other)
        found[name] = ours / theirs if ours is not None and theirs else None
    return found


def as_json(rows: int, figures: Figures, machine: Mapping[str, object]) -> str:
    whole = {**dict.fromkeys(KEYS), **figures, "rows": rows}
    rounded = {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in whole.items()
    }
    return json.dumps({**rounded, "machine": dict(machine)}, indent=1) + "\n"


def listed(figures: Figures) -> str:
    """What a part of the bench found, for who watches it."""
    return "".join(f"  {name} {_number(value)}\n" for name, value in figures.items()).rstrip()


def table(figures: Figures) -> str:
    """The lines of what was measured."""
    shown = [_shown(line, figures) for line in LINES if _is_measured(line, figures)]
    return "\n".join([_HEADINGS, *shown]) + "\n"


def _is_measured(line: Line, figures: Figures) -> bool:
    names = (line.ours, line.beside, line.ratio)
    return any(name and figures.get(name) is not None for name in names)


def _shown(line: Line, figures: Figures) -> str:
    told = {name: _number(value) for name, value in figures.items()}
    cells = [
        re.sub(r"\{(\w+)\}", lambda found: told.get(found[1], "some"), line.what),
        _with_unit(told.get(line.ours, ""), line.unit),
        _with_unit(told.get(line.beside, ""), line.unit),
        told.get(line.ratio, ""),
        line.to_reach,
    ]
    return f"| {' | '.join(cells)} |"


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}".strip() if text else ""


def _number(value: float | None) -> str:
    """Three digits that count, and whole numbers whole."""
    if value is None:
        return ""
    if float(value).is_integer() or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def section(
    rows: int, figures: Figures, machine: Mapping[str, object], parts: Sequence[str] = ()
) -> str:
    """The part of RESULTS.md for this number of lines, of some `parts` of the bench or of all."""
    alone = f" Of these parts alone: {', '.join(parts)}." if parts else ""
    return f"## {rows:,} lines\n\n{told_of(machine)}{alone}\n\n{table(figures)}"


def told_of(machine: Mapping[str, object]) -> str:
    load, cores = float(str(machine["load_before"])), int(str(machine["cores"]))
    busy = (
        f" **The machine was busy with other work** (a load of {load} on {cores} cores before the "
        "run began), so no figure here is the best that it can be, and only ratios mean anything."
        if load > cores / 4
        else f" The machine was quiet (a load of {load} before the run began)."
    )
    versions = ", ".join(
        f"{name} {machine[name]}"
        for name in machine
        if name not in ("date", "commit", "cpu", "cores", "memory_gb", "load_before")
    )
    return (
        f"{machine['date']}, commit {machine['commit']}, on {cores} cores of {machine['cpu']} "
        f"with {machine['memory_gb']} GB; {versions}.{busy}"
    )


def merged(before: str, rows: int, new: str) -> str:
    """RESULTS.md with the section for `rows` put in or replaced; sections by number of lines."""
    parts = re.split(r"^(?=## )", before, flags=re.MULTILINE)[1:]
    sections = {_rows_of(part): part for part in parts}
    sections[rows] = new
    return "\n".join([_OPENING, *(sections[key].strip() + "\n" for key in sorted(sections))])


def _rows_of(part: str) -> int:
    found = re.match(r"## ([\d,]+) lines\n", part)
    if found is None:
        raise ValueError(f"{RESULTS.name}: no number of lines in '{part.splitlines()[0]}'.")
    return int(found[1].replace(",", ""))


def write(
    rows: int, figures: Figures, machine: Mapping[str, object], parts: Sequence[str] = ()
) -> None:
    before = RESULTS.read_text("utf-8") if RESULTS.exists() else ""
    RESULTS.write_text(merged(before, rows, section(rows, figures, machine, parts)), "utf-8")


def write_json(rows: int, figures: Figures, machine: Mapping[str, object]) -> None:
    JSON.parent.mkdir(exist_ok=True)
    JSON.write_text(as_json(rows, figures, machine), "utf-8")
