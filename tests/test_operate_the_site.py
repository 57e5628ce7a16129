"""The publisher runs the feed for years: whatever a release or build does, the site stays good."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import formats
import httpx
import pytest
from conftest import ROOT, Site, ingest, serving
from faulty_server import (
    Answer,
    FaultyServer,
    body,
    cut_short,
    endless,
    redirect,
    stall,
    status,
)

GOOD = formats.many()


def operate(folder: Path, step: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return ingest(step, *arguments, "--feeds", folder / "feeds.yml", "--build", folder / "build")


def total(folder: Path) -> int:
    """Pence of the edition that the link points at."""
    db = sqlite3.connect(f"file:{folder / 'build' / 'govspend.db'}?mode=ro", uri=True)
    try:
        pence: int = db.execute("SELECT sum(amount_pence) FROM spend").fetchone()[0]
        return pence
    finally:
        db.close()


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder whose site stands on one small release; `*.csv` are its releases."""
    (tmp_path / "a.csv").write_bytes(formats.july_2014(GOOD))
    formats.declare(tmp_path, gcloud_sales="'*.csv'")
    assert operate(tmp_path, "build").returncode == 0
    return tmp_path


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("quarantine", formats.july_2014([*GOOD, *[replace(GOOD[0], pounds="?")] * 5]),
         "5 of 205 lines are quarantined, over 1%"),
        ("value", formats.july_2014([*GOOD, replace(GOOD[0], buyer="", pounds="90000")]),
         "is quarantined, over 1% of the value"),
        ("missing", formats.july_2014([line for line in GOOD if line.month != "2013-02"]),
         "months that the release before had are missing: 2013-02"),
        ("rewritten", formats.july_2014([replace(GOOD[0], pounds="9000"), *GOOD[1:]]),
         "in total, over 10%"),
    ],
)  # fmt: skip
def test_a_doubtful_release_is_held_until_it_is_accepted_and_can_be_withdrawn(
    published: Path, name: str, data: bytes, says: str
) -> None:
    """The site stays as it is, the report gives the reason, and a person has the last word."""
    before = total(published)
    edition = (published / "build" / "govspend.db").readlink()
    (published / "b.csv").write_bytes(data)
    done = operate(published, "build")
    assert done.returncode == 3
    assert "gcloud-sales-2014-02.2 is held." in done.stdout
    assert says in done.stdout
    assert (published / "build" / "govspend.db").readlink() == edition, name
    report = json.loads((published / "build" / "report.json").read_text())
    assert any(says in reason for item in report["releases"] for reason in item["reasons"])

    assert operate(published, "accept", "gcloud-sales-2014-02.2").returncode == 0
    accepted = total(published)
    assert (published / "build" / "govspend.db").readlink() != edition
    assert operate(published, "withdraw", "gcloud-sales-2014-02.2").returncode == 0
    assert total(published) == before
    assert (published / "build" / "govspend.db").readlink() == edition
    assert operate(published, "accept", "gcloud-sales-2014-02.2").returncode == 0
    assert total(published) == accepted


def test_a_release_that_is_not_there_cannot_be_accepted(published: Path) -> None:
    """A slip of the keyboard is told what there is."""
    done = operate(published, "accept", "gcloud-sales-2014-20")
    assert done.returncode == 2
    assert "no such release; there are gcloud-sales-2014-02." in done.stderr
    done = operate(published, "withdraw", "gcloud-sales-2014-02")
    assert done.returncode == 1
    assert "nothing would be left" in done.stderr


@pytest.mark.parametrize(
    "data",
    [b"", b"<!DOCTYPE html><html>Not found</html>", b"PK\x03\x04 workbook", b"a,b\n1,2\n",
     b"Supplier,Customer,Month,Lot,Spend\n", b"Supplier,Customer,Month,Lot,Spend\nA,B,x,4,1\n"],
)  # fmt: skip
def test_a_broken_file_leaves_the_site_as_it_was(published: Path, data: bytes) -> None:
    """A web page, a workbook, other columns, no lines: the report says so, nothing else changes."""
    edition = (published / "build" / "govspend.db").readlink()
    (published / "broken.csv").write_bytes(data)
    done = operate(published, "build")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "broken.csv" in done.stdout
    assert "failed: " in done.stdout
    assert (published / "build" / "govspend.db").readlink() == edition


FAULTS: dict[str, tuple[Answer, int, str]] = {
    "unchanged": (status(304), 0, ""),
    "gone": (status(404), 3, "404"),
    "too many requests": (status(429, {"Retry-After": "0"}), 3, "429"),
    "server error": (status(500), 3, "500"),
    "redirect loop": (redirect("/sales.csv"), 3, "redirects in a loop"),
    "stall": (stall(b"ID,Framework"), 3, "was silent"),
    "cut short": (cut_short(b"ID,Framework", 5000), 3, "cut short"),
    "too large": (endless(b"1,2,3\n" * 10_000), 3, "more than the 1 MB"),
    "a page": (body(b"<!DOCTYPE html><html><body>Moved</body></html>"), 3, "web page"),
    "another table": (body(b"Name,Age\nJo,5\n"), 3, "no column for"),
    "far fewer lines": (body(formats.july_2014(GOOD[:20])), 3, "is held"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_of_a_source_leaves_the_last_good_site(tmp_path: Path, name: str) -> None:
    """Whatever the publisher's server does, the site stays and the report says what happened."""
    answer, code, says = FAULTS[name]
    with FaultyServer() as server:
        url = server.on("/sales.csv", body(formats.july_2014(GOOD)), answer)
        text = formats.declare(tmp_path, gcloud_sales="x").read_text()
        text = text.replace("kind: file", "kind: url").replace("path: x", f"url: {url}")
        limits = "    limits: {tries: 2, max_mb: 1, seconds: 4, stall_seconds: 0.5}\n"
        (tmp_path / "feeds.yml").write_text(text + limits)
        assert operate(tmp_path, "build").returncode == 0
        edition = (tmp_path / "build" / "govspend.db").readlink()
        done = operate(tmp_path, "refresh")
    assert done.returncode == code, done.stdout + done.stderr
    assert says in done.stdout
    assert (tmp_path / "build" / "govspend.db").readlink() == edition


def test_a_source_that_stumbles_once_is_no_fault(tmp_path: Path) -> None:
    """500, then the file: taken at the second try. New bytes at the same address: a new release."""
    newer = formats.july_2014([*GOOD, GOOD[-1]])
    with FaultyServer() as server:
        first = body(formats.july_2014(GOOD))
        url = server.on("/sales.csv", status(500), first, body(newer))
        text = formats.declare(tmp_path, gcloud_sales="x").read_text()
        text = text.replace("kind: file", "kind: url").replace("path: x", f"url: {url}")
        (tmp_path / "feeds.yml").write_text(text)
        assert operate(tmp_path, "build").returncode == 0
        before = total(tmp_path)
        assert operate(tmp_path, "refresh").returncode == 0
    assert total(tmp_path) == before + round(float(GOOD[-1].pounds) * 100)


def test_nothing_is_done_twice(published: Path) -> None:
    """A run that finds nothing new publishes nothing and says so."""
    (file,) = (published / "build" / "editions").glob("*.db")
    before = file.stat().st_mtime_ns
    done = operate(published, "refresh")
    assert (done.returncode, "unchanged" in done.stdout) == (0, True)
    assert file.stat().st_mtime_ns == before


def test_offline_the_archive_is_enough(published: Path, tmp_path: Path) -> None:
    """A source that cannot be reached is reported, and the site is built from what there is."""
    text = (published / "feeds.yml").read_text()
    url = "http://127.0.0.1:9/sales.csv"
    text = text.replace("kind: file", "kind: url").replace("path: '*.csv'", f"url: {url}")
    (published / "feeds.yml").write_text(text + "    limits: {tries: 1}\n")
    done = operate(published, "build")
    assert done.returncode == 3
    assert f"failed: gcloud-sales: {url}" in done.stdout
    assert "Edition" in done.stdout


def test_with_nothing_archived_it_says_what_could_not_be_reached(tmp_path: Path) -> None:
    """A newcomer offline is told the reason, and what works without the network."""
    text = formats.declare(tmp_path, gcloud_sales="x.csv").read_text()
    url = "http://127.0.0.1:9/sales.csv"
    text = text.replace("kind: file", "kind: url").replace("path: x.csv", f"url: {url}")
    (tmp_path / "feeds.yml").write_text(text + "    limits: {tries: 1}\n")
    done = operate(tmp_path, "build")
    assert done.returncode == 1
    assert url in done.stderr
    assert "make demo" in done.stderr
    served = subprocess.run(
        ["make", "serve", f"FEEDS={tmp_path / 'feeds.yml'}", f"BUILD={tmp_path / 'build'}",
         f"BIN={Path(sys.executable).parent}", "-o", ".venv/ready"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert served.returncode != 0
    assert "make demo" in served.stderr


def test_a_text_that_is_withheld_is_gone_from_every_edition(published: Path) -> None:
    """A description named a person: the newest edition masks it, those that show it are gone."""
    secret = replace(GOOD[-1], description="Coaching by Jo Bloggs")
    (published / "b.csv").write_bytes(formats.july_2014([*GOOD, secret]))
    assert operate(published, "build").returncode == 0
    editions = published / "build" / "editions"
    assert len(list(editions.glob("*.db"))) == 2
    db = sqlite3.connect(published / "build" / "govspend.db")
    row = "SELECT spend_id FROM spend WHERE description LIKE '%Bloggs%'"
    (spend_id,) = db.execute(row).fetchone()
    db.close()

    project = published / "project"
    shutil.copytree(ROOT / "ingest", project / "ingest")
    with (project / "ingest" / "reference" / "withheld.csv").open("a") as file:
        file.write(f"{spend_id},description,names a person,2026-01-01\n")
    done = ingest(
        "build", "--feeds", published / "feeds.yml", "--build", published / "build",
        project=project,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is taken down: it shows a text that is now withheld" in done.stdout
    left = list(editions.glob("*.db"))
    assert len(left) == 2, "the edition that never held the line stays"
    assert not any(b"Bloggs" in path.read_bytes() for path in left)
    assert total(published) == sum(round(float(line.pounds) * 100) for line in [*GOOD, secret])


def test_two_builds_at_once_are_one_build(published: Path) -> None:
    """A schedule that overlaps itself does no harm: the second says so and leaves."""
    (published / "b.csv").write_bytes(formats.july_2014([*GOOD, GOOD[-1]]))
    first, second = (_start(published) for _ in range(2))
    codes = sorted([first.wait(60), second.wait(60)])
    assert codes in ([0, 0], [0, 1])
    assert total(published) == sum(round(float(line.pounds) * 100) for line in [*GOOD, GOOD[-1]])


def test_a_build_killed_at_any_point_leaves_the_last_good_site(published: Path) -> None:
    """Fifty builds, each killed at another moment: the site answers, the next run completes.

    Each has a new release to publish, so that there is something to be killed in.
    """
    allowed = {total(published)}
    started = time.monotonic()
    _release(published, 0)
    assert _start(published).wait(60) == 0
    whole = time.monotonic() - started
    allowed.add(total(published))
    dice = random.Random(2014)
    died = 0
    with serving(published / "build") as site:
        for number in range(1, 51):
            allowed.add(_release(published, number))
            died += _kill_after(published, dice.uniform(0.05, whole * 1.1))
            assert total(published) in allowed
            assert _sound(published)
            _answers(site, allowed)
        assert died >= 25, "most of them must have been killed before they were done"
        last = _release(published, 51)
        assert operate(published, "build").returncode == 0
        assert total(published) == last
        _answers(site, allowed | {last})
    assert not list((published / "build" / "work").iterdir())


def test_an_edition_that_is_too_old_is_named_and_not_served(
    sample_build: Path, tmp_path: Path
) -> None:
    """Who upgrades is told to build again, and not what SQL failed."""
    source = (sample_build / "govspend.db").resolve()
    copy = tmp_path / source.name
    shutil.copyfile(source, copy)
    with closing(sqlite3.connect(copy)) as db:
        db.execute("DROP TABLE pair_totals")
    (tmp_path / "govspend.db").symlink_to(source.name)
    command = [sys.executable, "-m", "govspend_site.serve", str(tmp_path)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert f"The edition {source.stem} was built by an older version" in done.stderr
    assert "pair_totals" in done.stderr


def test_a_running_site_takes_over_each_new_edition(published: Path) -> None:
    """Six editions are published under eight readers: none fails, none sees two at once."""
    with serving(published / "build") as site:
        stop, faults, seen = threading.Event(), [], set()
        sql = "select edition_id, (select sum(amount_pence) from spend) from editions"
        allowed: dict[str, int] = {}

        def read() -> None:
            with httpx.Client(base_url=site.url, timeout=30) as client:
                while not stop.is_set():
                    page = client.get("/govspend.json", params={"sql": sql, "_shape": "arrays"})
                    home = client.get("/")
                    if (page.status_code, home.status_code) != (200, 200):
                        faults.append((page.status_code, home.status_code))
                        continue
                    seen.add(tuple(page.json()["rows"][0]))

        readers = [threading.Thread(target=read) for _ in range(8)]
        for reader in readers:
            reader.start()
        for number in range(6):
            pence = _release(published, number)
            assert operate(published, "refresh").returncode == 0
            edition = (published / "build" / "govspend.db").readlink().stem
            allowed[edition.removeprefix("govspend-")] = pence
            _answers(site, {pence})
        stop.set()
        for reader in readers:
            reader.join()
    assert not faults
    assert len(seen) >= 6
    assert all(allowed.get(edition, pence) == pence for edition, pence in seen)


def _release(folder: Path, number: int) -> int:
    """Another re-issue, told apart by its newest line; gives its total in pence."""
    lines = [*GOOD[:-1], replace(GOOD[-1], pounds=str(100 + number / 100))]
    (folder / "b.csv").write_bytes(formats.july_2014(lines))
    return sum(round(float(line.pounds) * 100) for line in lines)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ingest", "build", "--feeds", str(folder / "feeds.yml")]
    return subprocess.Popen(
        [*command, "--build", str(folder / "build")], cwd=ROOT, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _kill_after(folder: Path, seconds: float) -> bool:
    """Whether the build was still at work when it was killed."""
    build = _start(folder)
    try:
        build.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(build.pid, signal.SIGKILL)
        build.wait()
        return True
    return False


def _sound(folder: Path) -> bool:
    db = sqlite3.connect(f"file:{folder / 'build' / 'govspend.db'}?mode=ro", uri=True)
    try:
        return bool(db.execute("PRAGMA integrity_check").fetchone() == ("ok",))
    finally:
        db.close()


def _answers(site: Site, allowed: set[int]) -> None:
    """The running site serves a whole edition, one of those that were ever published."""
    assert site.get("/").status_code == 200
    sql = "select sum(amount_pence) from spend"
    found = site.get("/govspend.json", params={"sql": sql, "_shape": "arrayfirst"}).json()[0]
    assert found in allowed
