"""Pages for one visitor while eight others run the worst SQL that they can think of."""

from __future__ import annotations

import multiprocessing
import runpy
import threading
import time
from multiprocessing.synchronize import Event
from typing import Any
from urllib.parse import quote

from . import journey
from .run import ROOT, Figures, Run, percentile
from .server import Answer, Client, Server, site

_CLIENTS = 8
_WORKERS = 2
_SECONDS = 20
_MOST_STATEMENT = 50_000
_CORPUS = ROOT / "tests" / "hostile.py"


def measure(run: Run) -> Figures:
    """Once with nothing cached, so that each page has to be made, and once as a site has it."""
    pages = journey.pages(journey.most(run.edition))
    cold, asked, refused = _attacked(run, pages, is_cached=False)
    warm, _, _ = _attacked(run, pages, is_cached=True)
    times = [answer.ms for answer in cold]
    return {
        "hostile_p95_ms": percentile(times, 95),
        "hostile_median_ms": percentile(times, 50),
        "hostile_warm_p95_ms": percentile([answer.ms for answer in warm], 95),
        "hostile_pages": len(cold),
        "hostile_errors": sum(answer.status != 200 for answer in [*cold, *warm]),
        "hostile_statements": asked,
        "hostile_refused": refused,
    }


def _attacked(
    run: Run, pages: list[journey.Page], *, is_cached: bool
) -> tuple[list[Answer], int, int]:
    """The clean visitor's answers; statements that were sent, and those of them refused as busy."""
    with site(run.build, workers=_WORKERS, is_cached=is_cached) as server:
        paths = journey.addresses(server, pages)
        with Attack(server) as attack:
            time.sleep(1)
            answers = _walk_for(server, paths, _SECONDS)
    return answers, attack.asked, attack.refused


def _walk_for(server: Server, paths: list[str], seconds: float) -> list[Answer]:
    client = Client(server.port)
    found: list[Answer] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found.append(client.get(paths[len(found) % len(paths)]))
    client.close()
    return found


class Attack:
    """Eight clients, in a process of their own so that they do not slow the clean one's clock."""

    def __init__(self, server: Server) -> None:
        context = multiprocessing.get_context("spawn")
        self._over = context.Event()
        self._told: Any = context.Queue()
        self._process = context.Process(
            target=_attack, args=(server.port, worst(), self._over, self._told), daemon=True
        )
        self.asked = self.refused = 0

    def __enter__(self) -> Attack:
        self._process.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self.asked, self.refused = self._told.get(timeout=60)
        self._process.join(timeout=20)


def worst() -> list[str]:
    """Addresses of the corpus' statements that are large, endless or huge before they start."""
    corpus = runpy.run_path(str(_CORPUS))
    statements = [*corpus["ENDLESS"].values(), *corpus["LARGE"].values(), *corpus["HUGE"].values()]
    return [f"/govspend.json?sql={quote(sql)}" for sql in statements if len(sql) < _MOST_STATEMENT]


def _attack(port: int, paths: list[str], over: Event, told: Any) -> None:
    found: list[int] = []

    def one(place: int) -> None:
        client = Client(port, timeout=30)
        while not over.is_set():
            found.append(client.get(paths[place % len(paths)]).status)
            place += _CLIENTS
        client.close()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put((len(found), found.count(503)))
