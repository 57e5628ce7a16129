"""The site runs for years with nobody watching: it publishes under load, tidies up, tells."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import formats
import httpx
import pytest
from conftest import Site, absent, in_a_loop, ingest, serving
from datasette.app import Datasette
from faulty_server import FaultyServer, status
from govspend_site import counting, health
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from ingest import publish
from ingest.workshop import locked

LINES = formats.many()
TOTALS = "select edition_id, (select sum(amount_pence) from spend) from editions"


def operate(folder: Path, step: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return ingest(step, *arguments, "--feeds", folder / "feeds.yml", "--build", folder / "build")


def release(folder: Path, number: int) -> int:
    """Another re-issue, told apart by its newest line; gives its total in pence."""
    lines = [*LINES[:-1], replace(LINES[-1], pounds=str(100 + number / 100))]
    (folder / "b.csv").write_bytes(formats.july_2014(lines))
    return sum(round(float(line.pounds) * 100) for line in lines)


def newest(folder: Path) -> str:
    return (folder / "build" / "govspend.db").readlink().stem.removeprefix("govspend-")


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder whose site stands on one small release; `*.csv` are its releases."""
    (tmp_path / "a.csv").write_bytes(formats.july_2014(LINES))
    formats.declare(tmp_path, gcloud_sales="'*.csv'")
    assert operate(tmp_path, "build").returncode == 0
    return tmp_path


def told(site: Site) -> dict[str, Any]:
    """Metrics as a monitor reads them: name, or name{label}, to value."""
    found: dict[str, Any] = {}
    for family in text_string_to_metric_families(site.get("/-/metrics").text):
        for sample in family.samples:
            labels = ",".join(sample.labels.values())
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@contextmanager
def being_read(site: Site) -> Iterator[list[tuple[Any, ...]]]:
    """Eight visitors read all the while; gives what they saw of editions, and every failure."""
    stop = threading.Event()
    seen: list[tuple[Any, ...]] = []

    def read() -> None:
        while not stop.is_set():
            # A new connection each time, so that all processes get their share.
            for path in ("/", "/govspend/editions.json?_shape=array"):
                try:
                    answer = site.get(path)
                    assert answer.status_code == 200
                except (httpx.HTTPError, AssertionError) as error:
                    seen.append(("failed", path, repr(error)))
            asked = {"sql": TOTALS, "_shape": "arrays"}
            rows = site.get("/govspend.json", params=asked).json().get("rows")
            # SQL of eight visitors at once may be told to come again; that is no failure.
            seen.extend(tuple(row) for row in rows or [])
            # A reader looks at a page for a moment; the build has to run on the same machine.
            time.sleep(0.2)

    readers = [threading.Thread(target=read) for _ in range(8)]
    for reader in readers:
        reader.start()
    try:
        yield seen
    finally:
        stop.set()
        for reader in readers:
            reader.join()


def test_two_processes_take_over_each_edition_and_one_that_dies_is_replaced(
    published: Path,
) -> None:
    """Editions are published under eight readers and a process is killed: nobody notices."""
    allowed: dict[str, int] = {}
    with serving(published / "build", workers=2) as site:
        with being_read(site) as seen:
            for number in range(2):
                pence = release(published, number)
                assert operate(published, "refresh").returncode == 0
                allowed[newest(published)] = pence
                # Kept pages, too, are those of the new edition at once, whichever process answers.
                _all_show(site, newest(published))
        assert [entry for entry in seen if entry[0] == "failed"] == []
        assert len({edition for edition, *_ in seen}) >= 2
        assert all(allowed.get(edition, pence) == pence for edition, pence in seen)
        found = told(site)
        assert found["govspend_edition_swaps_total"] == 4, "two editions, two processes"
        assert found["govspend_page_answers_total{hit}"] > 0
        assert found["govspend_requests_total{home,GET,200}"] > 8
        before = _processes(site)
        os.kill(before.pop(), signal.SIGKILL)
        deadline = time.monotonic() + 30
        while len(_processes(site) - before) < 1 or len(_processes(site)) < 2:
            assert time.monotonic() < deadline, "the process was not replaced"
            time.sleep(0.2)
        _all_show(site, newest(published))
        assert told(site)["govspend_requests_total{home,GET,200}"] > 8, "its counts stay"


def _all_show(site: Site, edition_id: str) -> None:
    """Twelve connections: each of two processes is almost sure to get one of them."""
    for _ in range(12):
        assert edition_id in site.get("/").text
        assert site.get("/-/health").json()["edition_id"] == edition_id


def _processes(site: Site) -> set[int]:
    """Process ids of the workers of a site, from the log of its server."""
    log = (site.build / "site.log").read_text()
    started = [line for line in log.splitlines() if "Started server process" in line]
    found = {int(line.rpartition("[")[2].rstrip("]")) for line in started}
    return {pid for pid in found if Path("/proc", str(pid), "cmdline").exists()
            and Path("/proc", str(pid), "cmdline").read_bytes()}  # fmt: skip


def test_usual_pages_are_there_before_they_are_asked_for(published: Path) -> None:
    """The first visitor after a start, and after a new edition, does not wait for a page."""
    with serving(published / "build", warm=True) as site:
        url = f"http://localhost:{site.url.rpartition(':')[2]}"
        _wait_until_warm(site)
        made = told(site)["govspend_page_answers_total{made}"]
        assert httpx.get(f"{url}/market", timeout=30).status_code == 200
        assert httpx.get(f"{url}/suppliers?q=b", timeout=30).status_code == 200
        assert told(site)["govspend_page_answers_total{made}"] == made + 1
        assert httpx.get(f"{url}/suppliers?q=b", timeout=30).status_code == 200
        release(published, 1)
        assert operate(published, "refresh").returncode == 0
        deadline = time.monotonic() + 30
        while told(site)["govspend_page_answers_total{made}"] < 2 * made:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        _wait_until_warm(site)
        made = told(site)["govspend_page_answers_total{made}"]
        for path in ("/", "/market", "/suppliers?q=b"):
            assert newest(published) in httpx.get(url + path, timeout=30).text
        assert told(site)["govspend_page_answers_total{made}"] == made
        assert "could not be made ready" not in (site.build / "site.log").read_text()


def _wait_until_warm(site: Site) -> None:
    deadline = time.monotonic() + 60
    while told(site).get("govspend_warm") != 1:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_health_tells_what_is_served_and_how_the_last_attempt_went(published: Path) -> None:
    """A source breaks under a schedule: exit code 3, the site unchanged, and a monitor knows."""
    with serving(published / "build") as site, FaultyServer() as server:
        good = site.get("/-/health")
        assert (good.status_code, good.headers["cache-control"]) == (200, "no-store")
        said = good.json()
        assert said["ok"] is True
        assert said["edition_id"] == newest(published)
        assert said["newest_month"] == "2014-02"
        assert 0 <= said["age_seconds"] < 600
        assert said["free_disk_bytes"] > 0
        assert said["refreshing"] is False
        assert said["last_attempt"]["outcome"] == "published"

        url = server.on("/sales.csv", status(500))
        text = (published / "feeds.yml").read_text()
        text = text.replace("kind: file", "kind: url").replace("path: '*.csv'", f"url: {url}")
        (published / "feeds.yml").write_text(text + "    limits: {tries: 1}\n")
        assert operate(published, "refresh").returncode == 3
        report = json.loads((published / "build" / "report.json").read_text())
        assert url in report["failures"][0]
        after = site.get("/-/health").json()
        assert after["edition_id"] == said["edition_id"]
        assert after["last_attempt"]["outcome"] == "unchanged"
        assert after["last_attempt"]["failure_count"] == 1
        assert told(site)["govspend_last_attempt_failures"] == 1

        with (published / "build" / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert site.get("/-/health").json()["refreshing"] is True
            assert told(site)["govspend_refreshing"] == 1
        for path in ("/-/health", "/-/metrics"):
            text = site.get(path).text
            assert str(published) not in text
            assert url not in text


def test_asking_for_health_never_stops_a_build(tmp_path: Path) -> None:
    """A monitor that asks as a build begins does not make it think that another is at work."""
    with locked(tmp_path):
        assert health.is_locked(tmp_path / "lock") is True
    with ThreadPoolExecutor(1) as monitor:
        stop = threading.Event()

        def ask() -> None:
            while not stop.is_set():
                health.is_locked(tmp_path / "lock")

        monitor.submit(ask)
        try:
            for _ in range(200):
                with locked(tmp_path):
                    pass
        finally:
            stop.set()


def test_a_site_that_cannot_serve_says_so(tmp_path: Path) -> None:
    """A damaged file: 503, so that a balancer or a pager knows."""
    (tmp_path / "govspend.db").write_bytes(b"SQLite format 3\x00" + b"damaged" * 600)

    async def asked() -> Any:
        site = Datasette([], immutables=[str(tmp_path / "govspend.db")])
        site._startup_invoked = True
        return await health.health(site)

    assert in_a_loop(asked()).ok is False
    found = health.last_attempt(tmp_path / "report.json")
    assert found is None
    (tmp_path / "report.json").write_text('{"outcome": "published"')
    assert health.last_attempt(tmp_path / "report.json") is None


def test_metrics_are_read_by_a_monitor_and_have_few_series(sample_site: Site) -> None:
    """Every family has a type and help; nothing of what a visitor wrote becomes a label."""
    for path in ("/secret-path", "/govspend?sql=select+'secret'", "/suppliers?q=secret"):
        sample_site.get(path)
    answer = sample_site.get("/-/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "secret" not in answer.text
    families = list(text_string_to_metric_families(answer.text))
    assert all(family.documentation and family.type != "unknown" for family in families)
    names = {family.name for family in families}
    assert names >= {
        "govspend_requests", "govspend_request_seconds", "govspend_page_answers",
        "govspend_page_cache_bytes", "govspend_lane_working", "govspend_lane_waiting",
        "govspend_edition_info", "govspend_edition_age_seconds", "govspend_edition_swaps",
        "govspend_last_attempt", "govspend_last_attempt_timestamp_seconds", "govspend_up",
    }  # fmt: skip
    by_kind = {s.labels["kind"] for f in families for s in f.samples if "kind" in s.labels}
    assert by_kind <= set(counting.KINDS)
    if tool := shutil.which("promtool"):
        subprocess.run([tool, "check", "metrics"], input=answer.content, check=True, timeout=30)


@given(st.text(), st.text())
def test_any_address_is_of_a_known_kind(path: str, query: str) -> None:
    """However hostile, a request adds to a series that there is."""
    assert counting.kind(f"/{path}", query) in counting.KINDS


def test_as_many_editions_stay_as_the_setting_says(published: Path) -> None:
    """The oldest go; never the newest, never one that somebody reads, and none by default."""
    editions = [newest(published)]
    for number in range(3):
        release(published, number)
        assert operate(published, "refresh").returncode == 0
        editions.append(newest(published))
    assert len(set(editions)) == 4
    with serving(published / "build") as site:
        assert _listed(site, editions) == editions
        file = publish.edition_path(published / "build", editions[0])
        with file.open() as read:
            fcntl.flock(read, fcntl.LOCK_SH)
            done = operate(published, "refresh", "--keep", "2")
        assert done.returncode == 0
        assert f"Edition {editions[1]} is removed" in done.stdout
        assert _listed(site, editions) == [editions[0], *editions[2:]]
        assert operate(published, "refresh", "--keep", "1").returncode == 0
        assert _listed(site, editions) == editions[3:]
        assert site.get("/").status_code == 200
        assert site.get(f"/as-of/{editions[0]}/").status_code == 404
    left = sorted(path.name for path in (published / "build" / "editions").iterdir())
    assert left == [f"govspend-{editions[3]}{ending}" for ending in ("", ".db", ".json")]


def _listed(site: Site, editions: list[str]) -> list[str]:
    text = site.get("/as-of/").text
    return [edition for edition in editions if edition in text]


def test_a_request_holds_the_edition_that_it_reads(published: Path) -> None:
    """A visitor who downloads an old edition gets all of it, whatever is tidied up meanwhile."""
    old = newest(published)
    release(published, 1)
    assert operate(published, "refresh").returncode == 0
    file = publish.edition_path(published / "build", old)
    with serving(published / "build") as site:
        url = f"{site.url}/as-of/{old}/govspend.db"
        with httpx.stream("GET", url, timeout=30) as answer:
            chunks = answer.iter_raw(4096)
            first = next(chunks)
            # Where all of it is in the system's buffers by now there is nothing left to hold.
            publish.retire(published / "build", 1)
            assert len(first + b"".join(chunks)) == int(answer.headers["content-length"])
        # The server notices a moment later than the reader that all is sent.
        deadline = time.monotonic() + 20
        while file.exists():
            assert time.monotonic() < deadline, "the file is held though nobody reads it"
            publish.retire(published / "build", 1)
            time.sleep(0.1)


def test_the_schedule_is_what_systemd_and_cron_take(published: Path) -> None:
    """The units name what is there, systemd finds no fault in them, and cron's line runs."""
    out = published / "units"
    cluster = "local-cluster[2,1,1024]"
    done = operate(published, "schedule", "--keep", "24", "--engine", cluster, "--out", str(out))
    assert done.returncode == 0, done.stderr
    names = {"govspend.service", "govspend-refresh.service", "govspend-refresh.timer"}
    assert {path.name for path in out.iterdir()} == names
    refresh = (out / "govspend-refresh.service").read_text()
    assert f"--build {published / 'build'} --keep 24 --engine {cluster}\n" in refresh
    if shutil.which("systemd-analyze") is None:
        absent("systemd-analyze (Debian's package systemd)")
    command = ["systemd-analyze", "verify", *map(str, sorted(out.iterdir()))]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")

    line = operate(published, "schedule").stdout.splitlines()[-1]
    cron = line.split(maxsplit=5)[5]
    ran = subprocess.run(cron, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (0, ""), "cron writes to nobody where all is well"
    assert "unchanged" in (published / "build" / "refresh.log").read_text()


def test_a_publisher_who_builds_on_a_cluster_is_scheduled_there(published: Path) -> None:
    """The cron line would else build on one machine what takes many, or never end."""
    cron = operate(published, "schedule", "--engine", "spark://a.example:7077").stdout
    assert cron.splitlines()[-1].count("--engine spark://a.example:7077 >") == 1
    line = operate(published, "schedule", "--engine", "local[2]").stdout.splitlines()[-1]
    assert "'local[2]'" in line, "a shell must not look for such a file"
    for odd, says in (("spark:/a", "no such engine"), ("spark://$(x)", "no address that a unit")):
        refused = operate(published, "schedule", "--engine", odd)
        assert says in refused.stderr


def test_a_schedule_refuses_a_path_that_a_unit_cannot_name(published: Path) -> None:
    """Better a sentence now than a unit that runs something else."""
    done = ingest("schedule", "--feeds", published / "feeds.yml", "--build", published / "a b")
    assert done.returncode == 1
    assert "a unit cannot name a path with ' '" in done.stderr
