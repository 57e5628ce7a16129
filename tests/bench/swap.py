"""Twenty editions published under a site that is being read: no request fails, no page mixes two.

The editions are small samples of different seeds, each built and proven; their amounts differ. A
page names its edition, and must show the very amounts that the page of that edition shows when
nothing else happens. Some are asked for under a fresh address, so that they are made anew.
"""

from __future__ import annotations

import gzip
import re
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from . import data
from .build import refresh
from .run import Figures, Run, percentile, remove
from .server import Answer, Client, Server, site

_SWAPS = 20
_LINES = 1_500
_REQUESTS = 20_000
_CLIENTS = 8
_WORKERS = 2
# Seconds that an edition may stay the newest, on a machine too busy for its share of requests.
_LONGEST = 10
_FRESH_EVERY = 50
_PATHS = (
    "/", "/market", "/digest", "/suppliers", "/buyers", "/govspend/spend?_size=5",
    "/govspend/sme-spend-by-month",
)  # fmt: skip
_EDITION = re.compile(rb"Edition (\d{4}-\d\d-[0-9a-f]{8})")
_AMOUNT = re.compile("(?:£|&pound;|&#163;)[0-9.,]+".encode())

Shown = tuple[bytes, ...]
"""Every amount of a page, in order."""


@dataclass
class Seen:
    """What the readers saw. `known` is (path, edition) -> what that page shows."""

    known: dict[tuple[str, str], Shown]
    requests: int = 0
    failed: int = 0
    mixed: int = 0
    times: list[float] = field(default_factory=list)
    editions: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, path: str, answer: Answer) -> None:
        edition, shown = shows(answer)
        with self.lock:
            self.requests += 1
            self.times.append(answer.ms)
            self.editions.add(edition)
            if answer.status != 200:
                self.failed += 1
            elif self.known.get((path, edition)) != shown:
                self.mixed += 1


def measure(run: Run) -> Figures:
    place = run.folder / "swaps"
    remove(place)
    editions = make(place)
    run.say(f"  {len(editions)} editions are built")
    build = place / "site"
    point(build, editions[0])
    with site(build, workers=_WORKERS) as server:
        seen = Seen(_references(server, build, editions))
        point(build, editions[0])
        run.say("  every page of each is known; now under load")
        _read_through(run, server, build, editions, seen)
    remove(place)
    return {
        "swap_requests": seen.requests,
        "swap_failed": seen.failed,
        "swap_mixed": seen.mixed,
        "swap_editions": len(seen.editions),
        "swap_p99_ms": percentile(seen.times, 99),
    }


def make(place: Path) -> list[Path]:
    """The first edition and those that follow, each built from a sample of its own."""
    (place / "site" / "editions").mkdir(parents=True)

    def one(seed: int) -> Path:
        folder = place / f"sample{seed}"
        data.sample(folder, _LINES, seed)
        refresh(folder / "feeds.yml", folder / "build")
        made = (folder / "build" / "govspend.db").resolve()
        kept = place / "site" / "editions" / made.name
        shutil.move(made, kept)
        remove(folder)
        return kept

    with ThreadPoolExecutor(2) as both:
        return list(both.map(one, range(1, _SWAPS + 2)))


def point(build: Path, edition: Path) -> None:
    """Makes it the newest, as `publish` does: a link takes another's place at once."""
    aside = build / ".next"
    aside.symlink_to(edition.relative_to(build))
    aside.replace(build / "govspend.db")


def shows(answer: Answer) -> tuple[str, Shown]:
    """The edition that a page names ('' for none), and its amounts."""
    body = answer.body
    with suppress(gzip.BadGzipFile):
        body = gzip.decompress(body)
    named = _EDITION.search(body)
    return named[1].decode() if named else "", tuple(_AMOUNT.findall(body))


def _references(server: Server, build: Path, editions: list[Path]) -> dict[tuple[str, str], Shown]:
    """What each page of each edition shows while nobody else reads. Raises where two are alike."""
    client, known = Client(server.port), {}
    for edition in editions:
        point(build, edition)
        # A process looks for a new edition every 20 ms.
        time.sleep(0.1)
        expected = edition.stem.removeprefix("govspend-")
        for path in _PATHS:
            named, known[path, expected] = shows(client.get(path))
            if named != expected:
                raise RuntimeError(f"{path} should name edition {expected}, and names {named!r}.")
    client.close()
    if len(set(known.items())) != len(known) or len(set(known.values())) != len(known):
        raise RuntimeError("Two editions show the same amounts, so a mix could not be told.")
    return known


def _read_through(run: Run, server: Server, build: Path, editions: list[Path], seen: Seen) -> None:
    """Readers at work while one edition after another becomes the newest."""
    over = threading.Event()
    readers = [
        threading.Thread(target=_read, args=(server, seen, over, place), daemon=True)
        for place in range(_CLIENTS)
    ]
    for reader in readers:
        reader.start()
    for number, edition in enumerate(editions[1:], 1):
        point(build, edition)
        until = time.monotonic() + _LONGEST
        while seen.requests < _REQUESTS * number / _SWAPS and time.monotonic() < until:
            time.sleep(0.05)
        if number % 5 == 0:
            run.say(f"  {number} editions, {seen.requests:,} requests")
    over.set()
    for reader in readers:
        reader.join(timeout=60)


def _read(server: Server, seen: Seen, over: threading.Event, place: int) -> None:
    client = Client(server.port)
    while not over.is_set():
        path = _PATHS[place % len(_PATHS)]
        place += 1
        mark = "&" if "?" in path else "?"
        fresh = f"{mark}_fresh={place}-{id(client)}" if place % _FRESH_EVERY == 0 else ""
        seen.add(path, client.get(path + fresh))
    client.close()
