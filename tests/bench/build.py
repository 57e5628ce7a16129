"""Our build with everything in it, the audit too: seconds, memory, size; and a refresh."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from . import data
from .memory import Watch
from .run import ROOT, Figures, Run, median_of, remove, timed

_RELEASE_LINES = 260_000
_GCLOUD = "gcloud-sales"
# Of a sample's lines, those in the newest G-Cloud release.
_GCLOUD_PART = 0.85


def measure(run: Run) -> Figures:
    """Builds several times from nothing; the last build stays for all that is served."""
    seconds, peaks = [], []
    for _ in range(run.runs):
        remove(run.build)
        took, watch = watched(run.sample / "feeds.yml", run.build)
        seconds.append(took)
        # Side by side, what counts is what all have at once.
        peaks.append(max(watch.largest_mb, watch.together_mb))
    report = json.loads((run.build / "report.json").read_text("utf-8"))
    lines = sum(release["line_count"] for release in report["releases"])
    took = sorted(seconds)[len(seconds) // 2]
    size = sum(file.stat().st_size for file in run.files)
    return {
        "build_s": took,
        "build_us_per_line": took / lines * 1e6,
        "build_peak_mb": max(peaks),
        "size_vs_csv": size / data.csv_bytes(run.sample),
        "database_mb": size / 1e6,
        "csv_mb": data.csv_bytes(run.sample) / 1e6,
    }


def ready(run: Run) -> None:
    """A build to serve, where a part of the bench runs by itself."""
    if not (run.build / "govspend.db").exists():
        watched(run.sample / "feeds.yml", run.build)


def watched(feeds: Path, build: Path) -> tuple[float, Watch]:
    """Seconds of a build, and the memory of its processes."""
    command = [sys.executable, "-m", "ingest", "build"]
    with tempfile.TemporaryFile() as said:
        started = time.monotonic()
        process = subprocess.Popen(
            [*command, "--feeds", str(feeds), "--build", str(build)], cwd=ROOT,
            stdout=said, stderr=said,
        )  # fmt: skip
        with Watch(process.pid) as watch:
            status = process.wait()
        took = time.monotonic() - started
        if status not in (0, 3):
            said.seek(0)
            last = said.read().decode("utf-8", "replace")[-2_000:]
            raise RuntimeError(f"The build of {feeds} ended with {status}: {last}")
    return took, watch


def refresh_unchanged(run: Run) -> Figures:
    def again() -> float:
        return timed(lambda: refresh(run.sample / "feeds.yml", run.build))

    return {"refresh_unchanged_s": median_of(3, again)}


def refresh_one_release(run: Run) -> Figures:
    """A published site, and then one more release of 260,000 lines (fewer in a smaller run)."""
    lines = min(run.rows, _RELEASE_LINES)
    place = run.folder / "arrival"
    data.sample(place, round(lines / _GCLOUD_PART))
    declared = yaml.safe_load((place / "feeds.yml").read_text("utf-8"))
    newest = declared["feeds"][_GCLOUD]["sources"].pop()
    _declare(place, declared)
    refresh(place / "feeds.yml", place / "build")
    declared["feeds"][_GCLOUD]["sources"].append(newest)
    _declare(place, declared)
    took = timed(lambda: refresh(place / "feeds.yml", place / "build"))
    remove(place)
    return {"refresh_one_release_s": took, "refresh_lines": lines}


def _declare(place: Path, declared: object) -> None:
    text = yaml.safe_dump(declared, sort_keys=False, allow_unicode=True)
    (place / "feeds.yml").write_text(text, "utf-8")


def refresh(feeds: Path, build: Path) -> None:
    data.ingest("refresh", "--feeds", feeds, "--build", build)
