"""The journey by one visitor: each page in turn, with nothing cached and then from the cache."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from . import journey
from .run import Figures, Run, percentile
from .server import Answer, Client, Server, datasette, site

_WALKS = 5
_STOCK_WALKS = 2
# Stock answers 400 when its own limits of time are up; so that it has an answer to be compared, the
# variant without suggestions may take as long as it needs.
PATIENT = ("suggest_facets=off", "sql_time_limit_ms=60000", "facet_time_limit_ms=60000")

# What it writes where it gave up on a facet.
_CUT = b"facets-timed-out"

Start = Callable[[], AbstractContextManager[Server]]


def measure(run: Run) -> Figures:
    pages = journey.pages(journey.most(run.edition))
    with site(run.build) as server:
        paths = journey.addresses(server, pages)
    starts: list[float] = []
    cold = walks(lambda: site(run.build, is_cached=False), paths, _WALKS, starts)
    visits = [answer for visited in cold for answer in visited]
    summaries = [
        answer for visited in cold
        for page, answer in zip(pages, visited, strict=True) if page.is_summary
    ]  # fmt: skip
    with site(run.build) as server:
        starts.append(server.start_s)
        visit(server, paths)
        warm = visit(server, paths)
    for page, answers in zip(pages, zip(*cold, strict=True), strict=True):
        refused = {answer.status for answer in answers} - {200}
        said = f": {', '.join(map(str, sorted(refused)))}" * bool(refused)
        run.say(f"  {_median(list(answers)):8.1f} ms  {page.name}{said}")
    return {
        "start_s": statistics.median(starts),
        "journey_pages": len(paths),
        "journey_cold_median_ms": _median(visits),
        "journey_cold_p95_ms": percentile([answer.ms for answer in visits], 95),
        "journey_summary_p95_ms": percentile([answer.ms for answer in summaries], 95),
        "journey_warm_median_ms": _median(warm),
        "journey_errors": sum(answer.status != 200 for answer in [*visits, *warm]),
        **_beside(run, pages, cold),
    }


def walks(start: Start, paths: list[str], times: int, starts: list[float]) -> list[list[Answer]]:
    """Each walk in a new server, so that none finds what the one before it left."""
    found = []
    for _ in range(times):
        with start() as server:
            starts.append(server.start_s)
            found.append(visit(server, paths))
    return found


def visit(server: Server, paths: list[str]) -> list[Answer]:
    client = Client(server.port)
    answers = [client.get(path) for path in paths]
    client.close()
    return answers


def _beside(run: Run, pages: list[journey.Page], ours: list[list[Answer]]) -> Figures:
    """The same walk on stock, as it comes and with patience and no suggestions."""
    if not run.has_stock:
        return {}
    paths = [page.stock for page in pages]
    default = _stock(run.stock, paths)
    patient = _stock(run.stock, paths, *PATIENT)
    ratios = [
        _median(list(theirs)) / _median(list(mine))
        for page, mine, theirs in zip(
            pages, zip(*ours, strict=True), zip(*patient, strict=True), strict=True
        )
        if page.is_summary
    ]
    failed = [answer.status != 200 or _CUT in answer.body for answer in default[0]]
    visits = [answer for visited in patient for answer in visited]
    return {
        "stock_failed_pages": sum(failed),
        "stock_default_median_ms": _median([answer for visited in default for answer in visited]),
        "stock_cold_median_ms": _median(visits),
        "stock_cold_p95_ms": percentile([answer.ms for answer in visits], 95),
        "stock_errors": sum(answer.status != 200 for answer in visits),
        "facets_vs_stock": statistics.median(ratios),
        "facets_vs_stock_least": min(ratios),
    }


def _stock(database: Path, paths: list[str], *settings: str) -> list[list[Answer]]:
    return walks(lambda: datasette(database, *settings), paths, _STOCK_WALKS, [])


def _median(answers: list[Answer]) -> float:
    return statistics.median(answer.ms for answer in answers)
