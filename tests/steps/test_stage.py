"""A release is staged the same alone or beside another, in memory that does not grow."""

from __future__ import annotations

import multiprocessing
import os
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest import columnar, feeds, stage
from ingest.archive import Receipt

FEED = feeds.load(feeds.DEFAULT_FEEDS).feeds["gcloud-sales"]
HEADING = "Framework,Lot,Supplier,Customer,Month,Description,Spend,Sector,SME Status\n"


def job(folder: Path, name: str, lines: int) -> tuple[Receipt, Path, feeds.Feed]:
    """A file of so many lines, no two of one amount, with its receipt."""
    path = folder / f"{name}.csv"
    text = "".join(
        f"G-Cloud 4,4,{name} Ltd,Body {number % 50},2014-0{number % 6 + 1}-01,"
        f'"Work, {number % 90}",{number}.5,Health,SME\n'
        for number in range(lines)
    )
    path.write_text(HEADING + text)
    receipt = Receipt(
        feed_id=FEED.feed_id, url=path.name, filename=path.name, position=0,
        fetched_at="2014-08-01T00:00:00.000000Z", byte_count=path.stat().st_size,
        sha256=name * 64,
    )  # fmt: skip
    return receipt, path, FEED


def staged_files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*")}


def test_side_by_side_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of two processes is done first must not be seen in what they leave."""
    monkeypatch.setattr(stage, "LARGE", 1)
    jobs = [job(tmp_path, name, 300) for name in "abc"]
    stage.stage_ahead(jobs, tmp_path / "together", lambda count: None)
    for receipt, path, feed in jobs:
        assert stage.is_staged(receipt, feed, tmp_path / "together")
        stage.stage(receipt, path, feed, tmp_path / "alone", lambda count: None)
    assert staged_files(tmp_path / "together") == staged_files(tmp_path / "alone")


def test_what_cannot_be_staged_ahead_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pass that follows comes to it again and says what is wrong with it."""
    monkeypatch.setattr(stage, "LARGE", 1)
    good, bad = job(tmp_path, "a", 30), job(tmp_path, "b", 30)
    bad[1].write_bytes(b"%PDF-1.4 is no table")
    stage.stage_ahead([good, bad], tmp_path / "staged", lambda count: None)
    assert stage.is_staged(good[0], FEED, tmp_path / "staged")
    assert not stage.is_staged(bad[0], FEED, tmp_path / "staged")


def test_a_worker_whose_build_was_killed_stops(tmp_path: Path) -> None:
    """It holds the build's lock; nothing half done of it stays."""
    receipt, path, feed = job(tmp_path, "a", 11_000)
    nobody = os.getpid()
    with pytest.raises(SystemExit):
        stage._stage_quietly(receipt, path, feed, tmp_path / "staged", nobody)
    assert staged_files(tmp_path / "staged") == {}


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """A release of any size can be staged: 180,000 lines more would take 120 MB if kept."""
    peaks = []
    for name, lines in (("a", 60_000), ("b", 240_000)):
        process = multiprocessing.get_context("spawn").Process(
            target=stage_and_tell, args=(*job(tmp_path, name, lines), tmp_path)
        )
        process.start()
        process.join()
        assert process.exitcode == 0
        peaks.append(int((tmp_path / f"{name}.peak").read_text()))
    assert peaks[1] - peaks[0] < 40_000, f"kB: {peaks}"


def stage_and_tell(receipt: Receipt, path: Path, feed: feeds.Feed, folder: Path) -> None:
    """In a process of its own: writes the most memory that staging took, in kB."""
    stage.stage(receipt, path, feed, folder / "staged", lambda count: None)
    # Not ru_maxrss, which a process has from the one that started it.
    status = Path("/proc/self/status").read_text()
    path.with_suffix(".peak").write_text(status.partition("VmHWM:")[2].split()[0])


def test_what_was_read_of_a_file_does_not_stay_in_memory(tmp_path: Path) -> None:
    """Arrow's reader keeps what it reads ahead: 22 million lines took 700 MB on their way."""
    schema = pa.schema([("base_id", pa.int64())])
    rng = random.Random(1)
    with pq.ParquetWriter(tmp_path / "lines.parquet", schema, compression="none") as writer:
        for _ in range(50):
            numbers = [rng.getrandbits(62) for _ in range(columnar.BATCH)]
            writer.write_table(pa.table([pa.array(numbers, pa.int64())], schema=schema))
    one, before = 8 * columnar.BATCH, pa.total_allocated_bytes()
    for _ in columnar.batches(tmp_path / "lines.parquet"):
        assert pa.total_allocated_bytes() - before < 10 * one
