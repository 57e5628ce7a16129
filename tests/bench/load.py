"""The journey by 64 visitors at once, beside a bare application and beside stock."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from . import journey
from .run import Figures, Run, ratio
from .server import Server, datasette, serving, site
from .walk import PATIENT, visit

_CONNECTIONS = 64
_WORKERS = 2
_ROUNDS = 3
_SECONDS = 5
_STOCK_SECONDS = 20
_SCRIPT = Path(__file__).with_name("walk.lua")


@dataclass(frozen=True)
class Load:
    """What wrk saw. `not_200` counts answers of 400 and above, `broken` those that never came."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    not_200: int
    broken: int

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def measure(run: Run) -> Figures:
    if shutil.which("wrk") is None:
        run.say("There is no wrk here, so nothing is put under load: apt-get install wrk")
        return {}
    pages = journey.pages(journey.most(run.edition))
    with site(run.build, workers=_WORKERS) as ours:
        paths = journey.addresses(ours, pages)
        sizes = [len(answer.body) for answer in visit(ours, paths)]
        with bare(run, dict(zip(paths, sizes, strict=True))) as floor:
            # Each process has a cache of its own to fill before it counts.
            wrk(run, ours, paths, _SECONDS)
            rounds = [
                (wrk(run, ours, paths, _SECONDS), wrk(run, floor, paths, _SECONDS))
                for _ in range(_ROUNDS)
            ]
    mine = [one for one, _ in rounds]
    figures: Figures = {
        "warm_req_s": statistics.median(one.per_second for one in mine),
        "warm_p50_ms": statistics.median(one.p50_ms for one in mine),
        "warm_p99_ms": statistics.median(one.p99_ms for one in mine),
        "warm_errors": sum(one.not_200 + one.broken for one in mine),
        "bare_req_s": statistics.median(other.per_second for _, other in rounds),
        "bare_p99_ms": statistics.median(other.p99_ms for _, other in rounds),
        "warm_vs_bare": statistics.median(one.per_second / other.per_second
                                          for one, other in rounds),
        "page_bytes": statistics.mean(sizes),
    }  # fmt: skip
    return {**figures, **_beside(run, pages, figures["warm_req_s"])}


def _beside(run: Run, pages: list[journey.Page], ours: float | None) -> Figures:
    if not run.has_stock:
        return {}
    paths = [page.stock for page in pages]
    found = []
    for settings in ((), PATIENT):
        with datasette(run.stock, *settings) as stock:
            found.append(wrk(run, stock, paths, _STOCK_SECONDS))
    # An answer that its limit of time cut short is no page.
    default, patient = (max(1, one.requests - one.not_200) / one.seconds for one in found)
    return {
        "stock_default_req_s": default,
        "stock_req_s": patient,
        "stock_p99_ms": found[1].p99_ms,
        "warm_vs_stock": ratio(ours, max(default, patient)),
    }


def bare(run: Run, sizes: dict[str, int]) -> AbstractContextManager[Server]:
    """An application that sends bodies of these sizes, in as many processes."""
    file = run.folder / "sizes.json"
    file.write_text(json.dumps(sizes), "utf-8")
    command = [sys.executable, "-m", "tests.bench.bare", str(file), "--workers", str(_WORKERS)]
    return serving(command, {})


def wrk(run: Run, server: Server, paths: list[str], seconds: int) -> Load:
    listed = run.folder / "paths.txt"
    listed.write_text("".join(f"{path}\n" for path in paths), "utf-8")
    done = subprocess.run(
        ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--timeout", "60s",
         "-s", str(_SCRIPT), server.url, "--", str(listed)],
        capture_output=True, text=True, check=True, timeout=seconds + 120,
    )  # fmt: skip
    return read(done.stdout)


def read(output: str) -> Load:
    """What walk.lua says at the end of wrk's own report. Raises ValueError where it did not."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            return Load(**json.loads(line))
    raise ValueError(f"wrk did not say what came of it:\n{output}")
