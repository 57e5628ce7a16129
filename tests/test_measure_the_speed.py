"""What `make bench` works out of its measurements is right, and no section of results is lost."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bench import floor, journey, load, results, swap
from bench.memory import Watch
from bench.run import Figures, percentile
from bench.server import Answer, Server
from faulty_server import FaultyServer, status
from hypothesis import given
from hypothesis import strategies as st

MACHINE = {"date": "2017-07-28", "commit": "abc", "cpu": "one", "cores": 2, "memory_gb": 8,
           "load_before": 0.1, "python": "3.11"}  # fmt: skip
WRK = """Running 5s test @ http://127.0.0.1:8001
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     9.19ms    3.86ms  44.98ms   77.33%
  6843 requests in 5.00s, 60.42MB read
Requests/sec:   1368.60

{"requests": 6843, "seconds": 5.000123, "p50_ms": 8.5, "p99_ms": 21.25, "not_200": 3, "broken": 1}
"""


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([50, 95, 99, 100]))
def test_a_percentile_is_a_value_that_so_many_do_not_exceed(values: list[float], p: int) -> None:
    """A p95 that leaves out the slow pages would hide what it is there to show."""
    found = percentile(values, p)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * p / 100
    assert sum(value < found for value in values) < len(values) * p / 100


def test_what_wrk_says_is_read_and_silence_is_no_figure() -> None:
    """A load that did not run must not count as one with no errors."""
    found = load.read(WRK)
    assert found == load.Load(6843, 5.000123, 8.5, 21.25, 3, 1)
    assert round(found.per_second) == 1369
    with pytest.raises(ValueError, match="unable to connect"):
        load.read("unable to connect to 127.0.0.1:1 Connection refused")


def test_each_number_of_lines_has_one_section_and_the_others_stay() -> None:
    """A run at one size replaces its own section alone."""
    whole = ""
    for rows in (2_600_000, 260_000, 2_600_000):
        figures: Figures = {"build_s": rows / 1e6, "stock_build_s": 10.0}
        whole = results.merged(whole, rows, results.section(rows, figures, MACHINE))
    parts = [line for line in whole.splitlines() if line.startswith("## ")]
    assert parts == ["## 260,000 lines", "## 2,600,000 lines"]
    assert "| 0.26 s | 10 s |" in whole
    assert "| 2.60 s | 10 s |" in whole
    assert whole.count("# How fast it is") == 1


def test_the_section_says_when_the_machine_was_busy() -> None:
    """Seconds from a busy machine must not be quoted as the site's."""
    assert "machine was quiet" in results.section(1, {}, MACHINE)
    assert "parts alone: build, swap" in results.section(1, {}, MACHINE, ["build", "swap"])
    assert "busy with other work" in results.section(1, {}, {**MACHINE, "load_before": 5.0})


def test_the_file_for_programs_has_every_key_and_null_for_what_was_not_measured() -> None:
    """Who reads bench.json can rely on its names."""
    found = json.loads(results.as_json(260_000, {"build_peak_mb": 123.4567}, MACHINE))
    assert set(results.KEYS) <= set(found)
    assert found["rows"] == 260_000
    assert found["build_peak_mb"] == 123.457
    assert found["warm_vs_bare"] is None
    named = {name for line in results.LINES for name in (line.ours, line.beside, line.ratio)}
    assert set(results.KEYS) - {"rows"} <= named


def test_a_page_of_two_editions_is_seen_as_mixed_and_a_fault_as_failed() -> None:
    """The count of mixed pages could otherwise be nought for want of looking."""
    body = b"<p>Sales of &#163;12.50 and \xc2\xa31,000</p><p>Edition 2017-12-1ad435b6, a sample</p>"
    amounts = (b"&#163;12.50", "£1,000".encode())
    assert swap.shows(Answer(200, gzip.compress(body), 1)) == ("2017-12-1ad435b6", amounts)
    seen = swap.Seen({("/", "2017-12-1ad435b6"): amounts})
    seen.add("/", Answer(200, body, 1))
    assert (seen.requests, seen.failed, seen.mixed) == (1, 0, 0)
    seen.add("/", Answer(200, body.replace(b"12.50", b"12.51"), 1))
    seen.add("/", Answer(200, body.replace(b"1ad435b6", b"00000000"), 1))
    seen.add("/", Answer(0, b"", 1))
    assert (seen.requests, seen.failed, seen.mixed) == (4, 1, 2)


def test_a_page_that_is_refused_is_an_error_and_one_that_is_not_there_ends_the_journey() -> None:
    """One slow page must not cost the figures of all others, nor a missing one pass for quick."""
    refused = journey.Page("search", ("/search",), "/stock")
    missing = journey.Page("digest", ("/digest", "/digest.json"), "/stock")
    with FaultyServer() as faulty:
        faulty.on("/search", status(503))
        for path in missing.paths:
            faulty.on(path, status(404))
        server = Server(urlsplit(faulty.site).port or 0, 0, 0)
        assert journey.addresses(server, [refused]) == ["/search"]
        with pytest.raises(LookupError, match="digest"):
            journey.addresses(server, [refused, missing])


def test_the_journey_is_24_pages_of_the_site(sample_build: Path) -> None:
    """A journey that lost its hard pages would be a fast one."""
    pages = journey.pages(journey.most((sample_build / "govspend.db").resolve()))
    assert len(pages) == 24
    assert len({page.paths for page in pages}) == 24
    assert sum(page.is_summary for page in pages) >= 20


def test_the_floor_holds_all_that_the_edition_holds(sample_build: Path, tmp_path: Path) -> None:
    """A floor that left out a table, an index or the search would be too low to compare with."""
    edition, target = (sample_build / "govspend.db").resolve(), tmp_path / "floor.db"
    took = floor.fill(edition, target)
    assert all(seconds >= 0 for seconds in took.values())
    found = [_inventory(path) for path in (edition, target)]
    assert found[0] == found[1]
    assert found[0]["spend_keyed"] > 2_900
    assert found[0]["lines about hosting"] > 0


def _inventory(path: Path) -> dict[str, int]:
    """Rows of each table; 1 for each index; lines that a search finds."""
    db = sqlite3.connect(path)
    kinds = db.execute("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'index')")
    ours = [(kind, name) for kind, name in kinds if not name.startswith("sqlite_")]
    found = {
        name: 1 if kind == "index" else db.execute(f"SELECT count(*) FROM [{name}]").fetchone()[0]  # noqa: S608
        for kind, name in ours
        if not name.endswith(("_data", "_idx"))
    }
    search = "SELECT count(*) FROM spend_fts WHERE spend_fts MATCH 'hosting'"
    found["lines about hosting"] = db.execute(search).fetchone()[0]
    db.close()
    return found


def test_memory_is_that_of_the_whole_tree_at_its_highest() -> None:
    """Work handed to children is work of the build, that of two at once as much as both have."""
    take = "import time; x = b'x' * 80_000_000; time.sleep(2)"
    parent = (
        "import subprocess, sys\n"
        f"both = [subprocess.Popen([sys.executable, '-c', {take!r}]) for _ in range(2)]\n"
        "sys.exit(max(one.wait() for one in both))"
    )
    process = subprocess.Popen([sys.executable, "-c", parent])
    with Watch(process.pid) as watch:
        assert process.wait(timeout=60) == 0
    assert 80 < watch.largest_mb < 120
    # What the three share with other processes of Python counts in part only.
    assert 160 < watch.together_mb < 3 * watch.largest_mb
    assert os.getpid() not in watch.peaks
