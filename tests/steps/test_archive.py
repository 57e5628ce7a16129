"""The archive: what goes in comes out, with a receipt, whatever happens in between."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ingest
from ingest.archive import Archive, ArchiveError, Facts, digest

FACTS = Facts(feed_id="sales", url="https://example.org/a.csv", filename="a.csv", position=0)


def facts(**changes: object) -> Facts:
    return Facts(**{**vars(FACTS), **changes})


def put(archive: Archive, content: bytes, given: Facts = FACTS) -> str:
    with archive.spare() as spare:
        spare.write(content)
        spare.flush()
        return archive.add(Path(spare.name), given).sha256


def _same(instant: datetime) -> datetime:
    return instant


def files(root: Path) -> set[Path]:
    return {path.relative_to(root) for path in root.rglob("*") if path.is_file()}


@settings(max_examples=40, deadline=None)
@given(content=st.binary(max_size=300), words=st.text(max_size=20), position=st.integers(0, 9))
def test_what_goes_in_comes_out(content: bytes, words: str, position: int) -> None:
    """Protects the raw bytes from any edit, and a receipt from losing what it was told."""
    with tempfile.TemporaryDirectory() as root:
        given = facts(title=words, etag=words or None, position=position, encoding="cp1252")
        sha256 = put(Archive(Path(root)), content, given)
        again = Archive(Path(root))
        receipt = again.receipts("sales")[0]
        assert again.verify(sha256).read_bytes() == content
        assert {name: getattr(receipt, name) for name in vars(given)} == vars(given)
        assert (receipt.byte_count, receipt.sha256) == (len(content), sha256)


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.integers(-5, 5), min_size=1, max_size=6))
def test_times_strictly_increase_whatever_the_clock_does(steps: list[int]) -> None:
    """Protects the order of releases from a clock that stands still or is set back."""
    instants = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=step) for step in steps]
    with tempfile.TemporaryDirectory() as root:
        for number, instant in enumerate(instants):
            put(Archive(Path(root), clock=partial(_same, instant)), bytes([number]))
        receipts = Archive(Path(root)).receipts("sales")
    times = [receipt.fetched_at for receipt in receipts]
    assert times == sorted(set(times))
    contents = [hashlib.sha256(bytes([number])).hexdigest() for number in range(len(steps))]
    assert [receipt.sha256 for receipt in receipts] == contents
    assert all(len(text) == len("2026-01-01T00:00:00.000000Z") for text in times)


def test_newest_is_by_feed_and_url(tmp_path: Path) -> None:
    """Protects conditional requests: they must send the ETag of the right file."""
    archive = Archive(tmp_path)
    put(archive, b"1", facts(etag="one"))
    put(archive, b"2", facts(etag="two"))
    put(archive, b"3", facts(url="https://example.org/b.csv", etag="three"))
    newest = archive.newest("sales", FACTS.url)
    assert newest is not None and newest.etag == "two"
    assert archive.newest("sales", "https://example.org/c.csv") is None
    assert archive.newest("other", FACTS.url) is None


def test_the_same_again_is_one_receipt(tmp_path: Path) -> None:
    """Protects from two runs recording one fetch twice; but a return to old bytes is news."""
    archive = Archive(tmp_path)
    for content in (b"old", b"old", b"new", b"old"):
        put(archive, content)
    assert [archive.path(receipt.sha256).read_bytes() for receipt in archive.receipts("sales")] == [
        b"old",
        b"new",
        b"old",
    ]
    assert len(list((tmp_path / "objects").iterdir())) == 2


def test_a_file_from_elsewhere_is_copied(tmp_path: Path) -> None:
    """Protects a local source: archiving it must not move it away or make it read-only."""
    source = tmp_path / "mine.csv"
    source.write_bytes(b"a,b\n")
    mode = source.stat().st_mode
    receipt = Archive(tmp_path / "archive").add(source, FACTS)
    assert source.read_bytes() == b"a,b\n" and source.stat().st_mode == mode
    assert Archive(tmp_path / "archive").verify(receipt.sha256).stat().st_mode & 0o777 == 0o444


def test_a_damaged_object_is_named_and_mended_by_fetching_again(tmp_path: Path) -> None:
    """Protects every figure from bytes that changed on the disk after they were fetched."""
    archive = Archive(tmp_path)
    sha256 = put(archive, b"true")
    path = archive.path(sha256)
    path.chmod(0o644)
    path.write_bytes(b"false")
    with pytest.raises(ArchiveError, match=rf"{sha256}: its 5 bytes have the sha256 fcbcf165"):
        archive.verify(sha256)
    put(archive, b"true")
    assert archive.verify(sha256).read_bytes() == b"true"
    path.unlink()
    with pytest.raises(ArchiveError, match="no such file, although a receipt names it"):
        archive.verify(sha256)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"feed_id": "sales"}', "\xff"])
def test_a_damaged_receipt_is_named(tmp_path: Path, text: str) -> None:
    """Protects against a broken receipt silently taking a release away."""
    archive = Archive(tmp_path)
    put(archive, b"1")
    path = next((tmp_path / "receipts" / "sales").iterdir())
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ArchiveError, match=rf"{path.name}: "):
        Archive(tmp_path).receipts("sales")


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", ".hidden", "a\n"])
def test_names_cannot_leave_the_archive(tmp_path: Path, name: str) -> None:
    """Protects the rest of the disk: ids and hashes become file names."""
    archive = Archive(tmp_path / "root")
    with pytest.raises(ArchiveError):
        put(archive, b"", facts(feed_id=name))
    with pytest.raises(ArchiveError):
        archive.path(name)
    with pytest.raises(ArchiveError):
        archive.decide(name, "accept", "a reason")
    assert not (tmp_path / "x").exists()


def test_leftovers_of_the_dead_go_and_files_of_the_living_stay(tmp_path: Path) -> None:
    """Protects a run from another's cleaning, and the disk from what killed runs leave."""
    archive = Archive(tmp_path)
    with archive.spare() as living:
        leftover = tmp_path / "incoming" / "leftover"
        leftover.write_bytes(b"half a fi")
        with Archive(tmp_path).spare():
            assert Path(living.name).exists() and not leftover.exists()
    assert not list((tmp_path / "incoming").iterdir())


ADD_FOR_EVER = """
import sys
from pathlib import Path
from ingest.archive import Archive, Facts
archive, number = Archive(Path(sys.argv[1])), 0
while True:
    number += 1
    facts = Facts(feed_id="sales", url=sys.argv[2], filename="a.csv", position=0)
    with archive.spare() as spare:
        spare.write(f"{sys.argv[2]} {number} ".encode() * 20_000)
        spare.flush()
        archive.add(Path(spare.name), facts)
    print(number, flush=True)
"""


def test_kill_9_leaves_nothing_or_whole_files(tmp_path: Path) -> None:
    """Protects the archive from crashes: two processes add at once and die at any moment."""
    for round_number in range(3):
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", ADD_FOR_EVER, str(tmp_path), f"{round_number}-{number}"],
                stdout=subprocess.PIPE,
                cwd=Path(ingest.__file__).parents[1],
            )
            for number in range(2)
        ]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == b"1\n"
        time.sleep(0.05 + 0.037 * round_number)
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
            process.communicate()
        archive = Archive(tmp_path)
        receipts = archive.receipts("sales")
        assert len(receipts) >= 2 * (round_number + 1)
        assert len({receipt.fetched_at for receipt in receipts}) == len(receipts)
        for receipt in receipts:
            assert archive.verify(receipt.sha256).stat().st_size == receipt.byte_count
        for path in (tmp_path / "objects").iterdir():
            assert digest(path)[0] == path.name
    with archive.spare():
        assert len(list((tmp_path / "incoming").iterdir())) == 1


def test_threads_may_share_an_archive(tmp_path: Path) -> None:
    """Protects times from being given twice when files come side by side."""
    archive = Archive(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: put(archive, bytes([number])), range(20)))
    assert len({receipt.fetched_at for receipt in archive.receipts("sales")}) == 20


def test_the_last_decision_counts_and_all_are_kept(tmp_path: Path) -> None:
    """Protects the record of who let a release in or out, when and why."""
    instant = datetime(2026, 1, 1, tzinfo=UTC)
    archive = Archive(tmp_path, clock=lambda: instant)
    archive.decide("sales-2014-06", "withdraw", "Totals are wrong.", who="ann")
    archive.decide("sales-2014-07", "accept", "Checked by hand — £5.6m.")
    archive.decide("sales-2014-06", "accept", "Mended by the publisher.", who="ben")
    again = Archive(tmp_path)
    assert again.decisions() == {"sales-2014-06": "accept", "sales-2014-07": "accept"}
    assert [(entry.verb, entry.who) for entry in again.decision_log()][::2] == [
        ("withdraw", "ann"),
        ("accept", "ben"),
    ]
    assert Path("decisions/20260101T000000.000000Z-withdraw-sales-2014-06.json") in files(tmp_path)


def test_a_decision_needs_a_reason_and_a_known_verb(tmp_path: Path) -> None:
    """Protects later readers from decisions that nobody can explain."""
    archive = Archive(tmp_path)
    with pytest.raises(ArchiveError, match="needs a reason"):
        archive.decide("sales-2014-06", "accept", "  ")
    with pytest.raises(ArchiveError, match="accept or withdraw is expected"):
        archive.decide("sales-2014-06", "delete", "Why not.")  # type: ignore[arg-type]
    assert archive.decisions() == {}
