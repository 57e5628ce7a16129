"""A web server for as long as a block runs, on a port of this machine alone."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .run import BIN, ROOT

HOST = "127.0.0.1"
_LONGEST_START = 300
_PAGE_CACHE = "GOVSPEND_PAGE_CACHE_MB"


@dataclass(frozen=True)
class Server:
    port: int
    pid: int
    start_s: float
    """from starting the command to the first page"""

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


@dataclass(frozen=True)
class Answer:
    status: int
    """0 where none came"""
    body: bytes
    ms: float


class Client:
    """Asks one server for pages over one connection, as a browser does."""

    def __init__(self, port: int, timeout: float = 120) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=timeout)

    def get(self, path: str) -> Answer:
        started = time.perf_counter()
        status, body = 0, b""
        try:
            self._connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
            answer = self._connection.getresponse()
            status, body = answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            status = 0
            self._connection.close()
        return Answer(status, body, (time.perf_counter() - started) * 1000)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def site(build: Path, *, workers: int = 1, is_cached: bool = True) -> Iterator[Server]:
    """The site of a build folder as `make site` starts it, with or without its page cache."""
    command = [sys.executable, "-m", "govspend_site.serve", str(build), "--workers", str(workers)]
    with serving(command, {} if is_cached else {_PAGE_CACHE: "0"}) as server:
        yield server


@contextmanager
def datasette(database: Path, *settings: str) -> Iterator[Server]:
    """Stock Datasette, with the stock plugins that are installed."""
    given = [part for setting in settings for part in ("--setting", *setting.split("="))]
    command = [str(BIN / "datasette"), "serve", str(database), *given]
    with serving(command, {}) as server:
        yield server


@contextmanager
def serving(command: list[str], env: dict[str, str]) -> Iterator[Server]:
    """The server that `command` starts when it is told --port."""
    port = free_port()
    started = time.monotonic()
    process = subprocess.Popen(
        [*command, "--port", str(port)], cwd=ROOT, env={**os.environ, **env},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _wait_for(process, port, started)
        yield Server(port, process.pid, time.monotonic() - started)
    finally:
        _stop(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], port: int, started: float) -> None:
    while time.monotonic() - started < _LONGEST_START:
        if process.poll() is not None:
            break
        client = Client(port)
        answer = client.get("/")
        client.close()
        if answer.status:
            return
        time.sleep(0.01)
    raise RuntimeError(f"The server did not start: {' '.join(map(str, process.args))}")  # type: ignore[arg-type]


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends it and all that it started, which is a session of its own."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=20)
