"""What the tests stand on: real builds, real sites on real ports, a real browser.

What is absent is skipped with one line; under CI nothing is, so there it fails.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import settings

# A property holds or does not; how long one example takes on a busy machine says nothing.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"
REAL_FEEDS = ROOT / "tests" / "feeds.real.yml"
BIN = Path(sys.executable).parent
CHROMIUM = shutil.which("chromium")
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


T = TypeVar("T")


@dataclass(frozen=True)
class Site:
    """A running site."""

    url: str
    build: Path

    @property
    def db(self) -> Path:
        """The database that it was started on."""
        return self.build / "govspend.db"

    def get(self, path: str, **options: Any) -> httpx.Response:
        return httpx.get(self.url + path, timeout=30, **options)


def absent(what: str) -> None:
    """Skips the test for want of `what`; under CI that is a failure."""
    if os.environ.get("CI"):
        pytest.fail(f"under CI nothing is skipped, but there is no {what}", pytrace=False)
    pytest.skip(f"there is no {what}")


def ingest(*arguments: str | Path, project: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """`python -m ingest …` as a person runs it in `project`; its output is in the result."""
    command = [sys.executable, "-m", "ingest", *map(str, arguments)]
    return subprocess.run(
        command, cwd=project, capture_output=True, text=True, timeout=600, check=False
    )


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives, from an event loop of its own: a browser's tests leave theirs running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(build: Path, workers: int = 1, *, warm: bool = False) -> Iterator[Site]:
    """The site of `build`, started as `make serve` starts it.

    Unless `warm`, it makes no page before it is asked for: most tests ask for one or two.
    """
    port = free_port()
    command = ["make", "--no-print-directory", "site", f"BIN={BIN}", f"BUILD={build}"]
    command += [f"WORKERS={workers}", f"NO_WARM={'' if warm else 1}"]
    log = build / "site.log"
    with log.open("w") as output:
        command.append(f"PORT={port}")
        server = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
        try:
            site = Site(f"http://127.0.0.1:{port}", build)
            _wait_until_up(site, server, log)
            yield site
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_until_up(site: Site, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(150):
        if server.poll() is not None:
            break
        try:
            site.get("/-/versions.json")
            return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"the site did not start:\n{log.read_text()}", pytrace=False)


@pytest.fixture(scope="session")
def real_files() -> Path:
    """The folder of the published files."""
    if not (SHARED / "gcloud").is_dir():
        absent(f"folder of real files at {SHARED.relative_to(ROOT.parent)} beside the project")
    return SHARED


@pytest.fixture(scope="session")
def real_build(real_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder with the edition of the two real releases."""
    build = tmp_path_factory.mktemp("real")
    done = ingest("build", "--feeds", REAL_FEEDS, "--build", build)
    assert done.returncode == 0, done.stderr + done.stdout
    return build


@pytest.fixture(scope="session")
def real_site(real_build: Path) -> Iterator[Site]:
    with serving(real_build) as site:
        yield site


@pytest.fixture(scope="session")
def sample_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder with the edition of a small illustrative sample."""
    build = tmp_path_factory.mktemp("sample")
    ingest("sample", "--rows", "3000", "--seed", "7", "--out", build / "source")
    done = ingest("build", "--feeds", build / "source" / "feeds.yml", "--build", build)
    assert done.returncode == 0, done.stderr + done.stdout
    return build


@pytest.fixture(scope="session")
def sample_site(sample_build: Path) -> Iterator[Site]:
    with serving(sample_build) as site:
        yield site


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, headless, driven by Playwright."""
    if CHROMIUM is None:
        absent("chromium (Debian's package of that name)")
    from playwright.sync_api import expect, sync_playwright

    # What is expected of a page may come late on a machine that is busy with the other tests.
    expect.set_options(timeout=30_000)

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A new page in a context of its own, 1280 pixels wide."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()
