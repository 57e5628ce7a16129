"""How the site is: what it serves, how old that is, and how the last attempt at a new one went.

Told to anybody who asks, so it names no folder of the machine and repeats no message that might.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import shutil
import sqlite3
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily

from govspend_site import edition, live

# A site that takes longer for one row cannot serve.
_PATIENCE = 5.0
OUTCOMES = ("published", "unchanged", "failed")


@dataclass(frozen=True)
class Attempt:
    """The last build or refresh, whatever came of it. Times are UTC instants."""

    started_at: str
    finished_at: str
    outcome: str
    failure_count: int
    """sources that could not be had and files that are no release"""
    held_count: int
    """releases that want a look"""


@dataclass(frozen=True)
class Health:
    """`ok` says whether the site can serve its edition."""

    ok: bool
    edition_id: str | None
    newest_month: str | None
    published_at: str | None = None
    age_seconds: int | None = None
    last_attempt: Attempt | None = None
    refreshing: bool | None = None
    free_disk_bytes: int | None = None


async def health(datasette: Any) -> Health:
    """How the site is now. Nothing that is wrong raises."""
    shelf = live.shelf_of(datasette)
    served = await _served(datasette)
    if shelf is None:
        # A plain file, which no publisher replaces.
        edition_id, month = (served.edition_id, served.newest_month[:7]) if served else (None, None)
        return Health(served is not None, edition_id, month)
    return await asyncio.to_thread(_of_a_shelf, shelf, served)


async def _served(datasette: Any) -> edition.Edition | None:
    try:
        return await asyncio.wait_for(edition.read(datasette), _PATIENCE)
    except (sqlite3.Error, OSError, TimeoutError):
        return None


def _of_a_shelf(shelf: live.Shelf, served: edition.Edition | None) -> Health:
    published = _published(shelf)
    return Health(
        ok=served is not None,
        edition_id=shelf.current.edition_id,
        newest_month=served.newest_month[:7] if served else None,
        published_at=published.strftime("%Y-%m-%dT%H:%M:%SZ") if published else None,
        age_seconds=round((datetime.now(UTC) - published).total_seconds()) if published else None,
        last_attempt=last_attempt(shelf.build / "report.json"),
        refreshing=is_locked(shelf.build / "lock"),
        free_disk_bytes=shutil.disk_usage(shelf.build).free if shelf.build.exists() else None,
    )


def _published(shelf: live.Shelf) -> datetime | None:
    try:
        return datetime.fromtimestamp(Path(shelf.current.path).stat().st_mtime, UTC)
    except OSError:
        return None


def last_attempt(report: Path) -> Attempt | None:
    """What build/report.json says; None before the first one, or where it cannot be read."""
    try:
        said = json.loads(report.read_text("utf-8"))
        return Attempt(
            said["started_at"], said["finished_at"], said["outcome"],
            len(said.get("failures", [])),
            sum(release["state"] == "held" for release in said.get("releases", [])),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_locked(lock: Path) -> bool | None:
    """Whether a build is at work. Its lock is shared for a moment, for which a build waits."""
    try:
        with lock.open() as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return None
    return False


def as_json(found: Health) -> dict[str, Any]:
    return asdict(found)


def facts(found: Health) -> list[Any]:
    """The same as metrics."""
    made: list[Any] = [_gauge("govspend_up", "Whether the edition can be served.", found.ok)]
    told = {"edition": found.edition_id, "newest_month": found.newest_month}
    known = {name: value for name, value in told.items() if value}
    made.append(InfoMetricFamily("govspend_edition", "The edition being served.", known))
    for name, text, value in (
        ("govspend_edition_age_seconds", "Time since it was published.", found.age_seconds),
        ("govspend_refreshing", "Whether a build is at work.", found.refreshing),
        ("govspend_free_disk_bytes", "Room where editions are kept.", found.free_disk_bytes),
    ):
        if value is not None:
            made.append(_gauge(name, text, value))
    return made + (_of_attempt(found.last_attempt) if found.last_attempt else [])


def _of_attempt(attempt: Attempt) -> list[Any]:
    outcome = GaugeMetricFamily(
        "govspend_last_attempt", "How the last build or refresh went.", labels=["outcome"]
    )
    for name in OUTCOMES:
        outcome.add_metric([name], float(attempt.outcome == name))
    finished = datetime.fromisoformat(attempt.finished_at).timestamp()
    return [
        outcome,
        _gauge("govspend_last_attempt_timestamp_seconds", "When that was.", finished),
        _gauge("govspend_last_attempt_failures", "Sources that failed.", attempt.failure_count),
        _gauge("govspend_last_attempt_held", "Releases that were held.", attempt.held_count),
    ]


def _gauge(name: str, text: str, value: float) -> Any:
    return GaugeMetricFamily(name, text, value=float(value))
