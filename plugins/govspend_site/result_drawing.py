"""Charts of visitors' own results, each drawn by a process of its own.

Drawing takes a tenth of a second or more, in which nothing else in its process can run, and what
is drawn is a stranger's. So it is done aside, at a lower priority, one at a time, and stopped when
it takes too long. `python -m govspend_site.result_drawing` is that process: a plan as JSON in, the
drawings as JSON out.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import OrderedDict
from dataclasses import asdict
from typing import Any

from markupsafe import Markup

from govspend_site import chart
from govspend_site.result_chart import Plan, Refused

_SECONDS = 10
_KEPT = 32
_MOST_WAITING = 8
_BUSY = "Many charts are being drawn just now. Wait a little and load the page again."
_FAILED = "This chart could not be drawn. Choose other columns or fewer rows."


class _Turn:
    """One drawing at a time; how many wait is counted, so that the next can be sent away."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self.waiting = 0

    async def __aenter__(self) -> None:
        if self.waiting >= _MOST_WAITING:
            raise Refused(_BUSY)
        self.waiting += 1
        try:
            await self._lock.acquire()
        finally:
            self.waiting -= 1

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


_turn = _Turn()
_drawn: OrderedDict[str, list[str]] = OrderedDict()


async def for_page(plan: Plan) -> list[Markup]:
    """The chart at both widths and its data for live-charts.js. Raises Refused."""
    return [Markup(part) for part in await _draw({"plan": asdict(plan)})]


async def as_file(plan: Plan, source: list[str]) -> str:
    """The chart as an SVG file with its title and source. Raises Refused."""
    (svg,) = await _draw({"plan": asdict(plan), "source": source})
    return svg


async def _draw(job: dict[str, Any]) -> list[str]:
    """The parts of a drawing, from the last few drawn where it is among them."""
    text = json.dumps(job)
    if text not in _drawn:
        async with _turn:
            _drawn[text] = await asyncio.to_thread(_aside, text)
    _drawn.move_to_end(text)
    while len(_drawn) > _KEPT:
        _drawn.popitem(last=False)
    return _drawn[text]


def _aside(job: str) -> list[str]:
    command = [sys.executable, "-m", "govspend_site.result_drawing"]
    try:
        done = subprocess.run(
            command, input=job, capture_output=True, text=True, timeout=_SECONDS, check=True
        )
        parts: list[str] = json.loads(done.stdout)
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        raise Refused(_FAILED) from error
    return parts


def drawings(job: dict[str, Any]) -> list[str]:
    """What the process answers to a job."""
    plan = Plan(**job["plan"])
    if "source" in job:
        image = chart.image(plan.name, plan.figures, [plan.title], plan.unit, job["source"])
        return [image]
    return [*chart.both(plan.name, plan.figures, plan.title, plan.text, "result")]


if __name__ == "__main__":
    os.nice(10)
    json.dump(drawings(json.load(sys.stdin)), sys.stdout)
