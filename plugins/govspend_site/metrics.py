"""What the site counts of itself, for Prometheus: /-/metrics adds up all processes of the site.

Labels are few and fixed. Nothing of what a visitor wrote becomes one, or each address would be a
series of its own. serve.py says where the processes keep their counts; without it each is alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.registry import REGISTRY, Collector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable of prometheus_client: where processes keep their counts."""

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

requests = Counter(
    "govspend_requests", "Requests answered, by kind of address.", ["kind", "method", "status"]
)
seconds = Histogram(
    "govspend_request_seconds", "Time to the end of an answer.", ["kind"], buckets=_SECONDS
)
page_answers = Counter(
    "govspend_page_answers",
    "Pages of an edition: made, found made (hit), or waited for while another made it (joined).",
    ["how"],
)
page_bytes = Gauge(
    "govspend_page_cache_bytes", "Bytes of pages kept in memory.", multiprocess_mode="livesum"
)
page_count = Gauge(
    "govspend_page_cache_pages", "Pages kept in memory.", multiprocess_mode="livesum"
)
warm = Gauge(
    "govspend_warm", "Processes that have made their usual pages.", multiprocess_mode="livesum"
)
lane_working = Gauge(
    "govspend_lane_working", "Visitors' SQL being run.", ["lane"], multiprocess_mode="livesum"
)
lane_waiting = Gauge(
    "govspend_lane_waiting", "Visitors' SQL waiting.", ["lane"], multiprocess_mode="livesum"
)
lane_refused = Counter("govspend_lane_refused", "Visitors' SQL refused as too many.", ["lane"])
lane_killed = Counter("govspend_lane_killed", "Workers ended in the middle of a task.", ["lane"])
swaps = Counter("govspend_edition_swaps", "Editions taken over, counted by each process.")


class Facts(Collector):
    """Facts that are looked up when they are asked for, as metrics of the one who asks."""

    def __init__(self, found: list[Any]) -> None:
        self._found = found

    def collect(self) -> Iterator[Any]:
        return iter(self._found)


def exposition(facts: list[Any]) -> bytes:
    """All counts of all processes, and `facts`, in the Prometheus text format."""
    registry = CollectorRegistry()
    registry.register(Facts(facts))
    if FOLDER not in os.environ:
        return bytes(generate_latest(REGISTRY) + generate_latest(registry))
    _bury_the_dead(Path(os.environ[FOLDER]))
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return bytes(generate_latest(registry))


def _bury_the_dead(folder: Path) -> None:
    """What a process held at the moment that it died counts no more; what it did, does."""
    for file in folder.glob("gauge_live*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if not Path("/proc", pid).exists():
            multiprocess.mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
