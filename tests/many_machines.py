"""Two instances behind nginx, as the README's section says: its own commands, on free ports."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from bench import swap
from bench.server import Answer, Client
from conftest import BIN, ROOT, free_port

HEADING = "## Serving on many machines"
SECTION = (ROOT / "README.md").read_text("utf-8").partition(HEADING)[2].partition("\n## ")[0]
COMMANDS = SECTION.partition("```sh\n")[2].partition("```")[0].splitlines()
COPY = [command for command in COMMANDS if command.startswith("rsync")]
# From there on a proxy is believed by the second instance alone.
ELSEWHERE = "127.0.0.2"


@dataclass
class Fleet:
    """Two instances and their nginx. What nginx serves is at `url`."""

    place: Path
    ports: dict[str, int] = field(
        default_factory=lambda: {name: free_port() for name in ("8000", "8001", "8002")}
    )
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    """pages as nginx kept them when it had just started"""
    kept_at: float = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['8000']}"

    @property
    def builds(self) -> list[Path]:
        return [self.place / "build", self.place / "second"]

    # There is no TLS on loopback, and reading certificates takes longer than a page.
    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(self.url + path, headers=headers, timeout=30, verify=False)

    def direct(self, number: int, path: str) -> httpx.Response:
        """The answer of one instance, as to nginx."""
        asked = {"host": f"localhost:{self.ports['8000']}", "accept-encoding": "gzip"}
        url = f"http://127.0.0.1:{self.ports[f'800{number}']}{path}"
        return httpx.get(url, headers=asked, timeout=30, verify=False)

    def both(self, path: str) -> list[httpx.Response]:
        """The answers of both instances, asked at the same time."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda number: self.direct(number, path), (1, 2)))

    def command(self, line: str) -> str:
        """A line of the README with the places and ports of this test."""
        line = re.sub(r"\b800[012]\b", lambda port: str(self.ports[port[0]]), line)
        line = line.replace("../second", str(self.builds[1])).replace(" build/", " ./build/")
        if not line.startswith("make"):
            return line.replace("./build", str(self.builds[0]))
        given = "" if "BUILD=" in line else f" BUILD={self.builds[0]}"
        trusted = f" PROXY={ELSEWHERE}" if "BUILD=" in line else ""
        make, _, into = line.replace("> ./build", f"> {self.builds[0]}").partition(" >")
        quiet = f" BIN={shlex.quote(str(BIN))} -o .venv/ready NO_WARM=1 --no-print-directory"
        return f"{make}{given}{trusted}{quiet}" + (f" >{into}" if into else "")

    def run(self, line: str) -> None:
        """Runs one that ends. Raises where it does not end well."""
        done = subprocess.run(
            self.command(line), shell=True, cwd=ROOT, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"

    def start(self, line: str) -> None:
        """Starts one that serves, in a session of its own so that all of it can be killed."""
        with self.log(line).open("ab") as log:
            self.running[line] = subprocess.Popen(
                self.command(line), shell=True, cwd=ROOT, start_new_session=True,
                stdout=log, stderr=log,
            )  # fmt: skip

    def log(self, line: str) -> Path:
        return self.place / f"{re.sub('[^a-z0-9]+', '-', line)[:40]}.log"

    def end(self, line: str, how: signal.Signals = signal.SIGKILL) -> None:
        process = self.running.pop(line)
        os.killpg(process.pid, how)
        process.wait(timeout=20)

    def wait_for(self, number: int) -> None:
        """Until an instance (1, 2) or nginx (0) answers."""
        url = f"http://127.0.0.1:{self.ports[f'800{number}']}/-/health"
        deadline = time.monotonic() + 30
        while True:
            try:
                if httpx.get(url, timeout=5, verify=False).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, [
                log.read_text() for log in self.place.glob("*.log")
            ]
            time.sleep(0.05)


@contextmanager
def running(place: Path) -> Iterator[Fleet]:
    """The section of the README from its first command to its last. `place` holds build/."""
    fleet = Fleet(place)
    try:
        for line in COMMANDS:
            if serves(line):
                fleet.start(line)
            else:
                fleet.run(line)
        for number in range(3):
            fleet.wait_for(number)
        yield fleet
    finally:
        for line in list(fleet.running):
            fleet.end(line, signal.SIGTERM)


def serves(line: str) -> bool:
    return line.startswith(("make site", "nginx "))


@dataclass
class Readers:
    """What 64 visitors saw of pages, and `every` so many times of an address never asked before."""

    port: int
    paths: tuple[str, ...]
    fresh: str
    every: int
    answers: int = 0
    failed: list[tuple[str, Answer]] = field(default_factory=list)
    seen: dict[tuple[str, str], set[swap.Shown]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def editions(self) -> set[str]:
        return {edition for _, edition in self.seen}

    def read(self, place: int) -> None:
        client = Client(self.port, timeout=30)
        while not self._over.is_set():
            place += 1
            path = asked = self.paths[place % len(self.paths)]
            if place % self.every == 0:
                # nginx has no copy of it, so an instance must answer.
                path, asked = self.fresh, f"{self.fresh}?_fresh={place}-{id(client)}"
            answer = client.get(asked)
            edition, shown = swap.shows(answer)
            with self._lock:
                self.answers += 1
                if answer.status != 200:
                    self.failed.append((asked, answer))
                elif edition:
                    self.seen.setdefault((path, edition), set()).add(shown)
        client.close()

    def answered(self, more: int, longest: float = 60) -> None:
        """Waits until so many more answers have come."""
        wanted, deadline = self.answers + more, time.monotonic() + longest
        while self.answers < wanted:
            assert time.monotonic() < deadline, f"{self.answers} of {wanted} answers came"
            time.sleep(0.02)


@contextmanager
def reading(fleet: Fleet, paths: tuple[str, ...], fresh: str, every: int) -> Iterator[Readers]:
    """64 visitors for as long as the block runs."""
    readers = Readers(fleet.ports["8000"], paths, fresh, every)
    threads = [
        threading.Thread(target=readers.read, args=(place,), daemon=True) for place in range(64)
    ]
    for thread in threads:
        thread.start()
    try:
        yield readers
    finally:
        readers._over.set()
        for thread in threads:
            thread.join(timeout=60)
