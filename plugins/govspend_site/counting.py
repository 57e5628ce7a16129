"""Every request is counted and timed by the kind of its address, of which there are few."""

from __future__ import annotations

import functools
import time
from contextvars import ContextVar
from typing import Any

from govspend_site import metrics, visits

KINDS = ("home", "kept edition", "file", "sql", "data as json", "proof", "server", "static",
         "govspend", "page", "other")  # fmt: skip
_PAGES = frozenset({"firms-like-mine", "suppliers", "buyers", "market", "map", "digest", "releases",
                    "search", "about", "glossary", "data-quality", "accessibility"})  # fmt: skip
_DATA = (".json", ".geojson", ".atom")
_FILES = (".csv", ".tsv", ".xlsx", ".parquet", ".db", ".ndjson", ".jsonl", ".svg", ".png")
_counting: ContextVar[bool] = ContextVar("counting", default=False)
_METHODS = ("GET", "HEAD", "POST", "OPTIONS")


@functools.lru_cache(maxsize=1_000)
def kind(path: str, query: str) -> str:
    """One of KINDS, whatever the address."""
    if visits.brings_sql(query):
        return "sql"
    first = path.strip("/").partition("/")[0]
    if not first:
        return "home"
    found = {"as-of": "kept edition", "-": "server", "static": "static"}.get(first)
    if found:
        return found
    if path.endswith(_DATA):
        return "data as json"
    if path.endswith(_FILES):
        return "file"
    if first in ("proof", "govspend"):
        return first
    return "page" if first in _PAGES else "other"


@functools.cache
def _series(where: str, method: str, status: int) -> tuple[Any, Any]:
    """The counter and the histogram of these labels: looking them up costs as much as counting."""
    return metrics.requests.labels(where, method, str(status)), metrics.seconds.labels(where)


def add(where: str, method: str, status: int, answers: int, seconds: float) -> None:
    """Counts answers that took `seconds` together: each as one that took their mean."""
    answered, took = _series(where, method, status)
    answered.inc(answers)
    mean = seconds / answers
    # Histogram has no way of its own to observe many at once.
    bucket = next(n for n, bound in enumerate(took._upper_bounds) if mean <= bound)
    took._sum.inc(seconds)
    took._buckets[bucket].inc(answers)


def counted(app: Any) -> Any:
    """`app`, whose answers are counted and timed."""

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        # What the site asks itself in the course of an answer is part of that answer.
        if scope["type"] != "http" or _counting.get():
            await app(scope, receive, send)
            return
        token = _counting.set(True)
        status, started = 500, time.perf_counter()

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, sending)
        finally:
            _counting.reset(token)
            where = kind(scope["path"], scope["query_string"].decode("latin-1"))
            method = scope["method"] if scope["method"] in _METHODS else "other"
            answered, took = _series(where, method, status)
            answered.inc()
            took.observe(time.perf_counter() - started)

    return counting
