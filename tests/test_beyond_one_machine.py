"""A publisher with more than one machine can take builds the same on Spark, to the byte.

The cluster here is Spark's own for trying things out: a master and two executors, each a process.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import formats
import pyarrow as pa
import pytest
from conftest import REAL_FEEDS, absent, ingest

from ingest import build as building
from ingest import feeds, read, stage
from ingest.archive import Archive
from ingest.engine import Job
from ingest.engines.local import LocalEngine
from ingest.engines.spark import EngineError, SparkEngine, stop
from ingest.errors import HeadingError
from ingest.plan import plan
from ingest.progress import Progress
from ingest.workshop import Workshop, locked

CLUSTER = "local-cluster[2,1,1024]"
NUMBERED = """
SELECT text, amount_pence, row_number() OVER (PARTITION BY text ORDER BY line_number) AS place
FROM lines
"""
ROWS = """
SELECT numbered.text, numbered.place, numbered.amount_pence, sums.pence
FROM numbered JOIN sums ON sums.text IS NOT DISTINCT FROM numbered.text
ORDER BY numbered.text NULLS FIRST, numbered.place
"""
SPLIT = {
    "lines": """
SELECT /* under.shard, */ lines.amount_pence
FROM lines JOIN under ON under.under_key = lines.under_key
WHERE 1 = 1 /* shard of under */
ORDER BY lines.amount_pence
""",
    "sums": """
SELECT /* chosen.shard, */ under_key, sum(amount_pence) AS amount_pence
FROM (
    SELECT under.shard, lines.under_key, lines.amount_pence
    FROM lines JOIN under ON under.under_key = lines.under_key
) AS chosen
WHERE 1 = 1 /* shard of chosen */
GROUP BY /* chosen.shard, */ under_key
ORDER BY under_key
""",
}
EXECUTOR = "CoarseGrainedExecutorBackend"


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    """An engine on two executors; it starts with its first task, which takes some seconds."""
    if importlib.util.find_spec("pyspark") is None:
        absent("pyspark (make .venv/ready-spark)")
    if shutil.which("java") is None:
        absent("Java (Debian's openjdk-17-jre-headless)")
    engine = SparkEngine(CLUSTER, tmp_path_factory.mktemp("engine") / "spark")
    yield engine
    engine.close()
    stop()


def archived(declaration: Path, build: Path) -> list[Job]:
    """Fetches what is declared and gives a job for each file."""
    done = ingest("fetch", "--feeds", declaration, "--build", build)
    assert done.returncode == 0, done.stderr
    archive = Archive(build / "archive")
    return [
        (receipt, archive.path(receipt.sha256), feed)
        for feed in feeds.load(declaration).feeds.values()
        for receipt in archive.receipts(feed.feed_id)
    ]


def staged_files(folder: Path) -> dict[str, bytes]:
    """What can be read from there; a killed process leaves some that nobody ever reads."""
    files = (path for path in folder.rglob("*.*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if not path.parent.name.startswith(".staging-")
    }


def staged_here(jobs: list[Job], folder: Path) -> dict[str, bytes]:
    """What staging one after the other in this process leaves."""
    for receipt, path, feed in jobs:
        stage.stage(receipt, path, feed, folder, lambda count: None)
    return staged_files(folder)


def test_releases_staged_by_executors_are_the_same_bytes(
    spark: SparkEngine, tmp_path: Path, real_files: Path
) -> None:
    """Both the published files and every format that was ever published, a task each."""
    for name, written in formats.GCLOUD.items():
        (tmp_path / f"{name}.csv").write_bytes(written(formats.LINES))
    formats.declare(tmp_path, gcloud_sales="./*.csv")
    jobs = archived(tmp_path / "feeds.yml", tmp_path / "made")
    jobs += archived(REAL_FEEDS, tmp_path / "published")
    told: list[int] = []
    spark.stage(jobs, tmp_path / "spark", told.append)
    assert told == list(reversed(range(len(jobs)))), "how many are still to do"
    assert staged_files(tmp_path / "spark") == staged_here(jobs, tmp_path / "here")


def test_a_release_that_fails_is_left_with_its_reason_and_the_others_go_on(
    spark: SparkEngine, tmp_path: Path
) -> None:
    """A release without amounts must not cost the good one beside it."""
    good_one = formats.december_2017(formats.LINES)
    (tmp_path / "good.csv").write_bytes(good_one)
    (tmp_path / "bad.csv").write_bytes(good_one.replace(b"Spend", b"Spned"))
    formats.declare(tmp_path, gcloud_sales="good.csv", dos_sales="bad.csv")
    good, bad = archived(tmp_path / "feeds.yml", tmp_path / "build")
    failed = spark.stage([good, bad], tmp_path / "spark", lambda count: None)
    assert stage.is_staged(good[0], good[2], tmp_path / "spark")
    with pytest.raises(HeadingError, match=r"bad\.csv line 1: no column for amount") as here:
        stage.stage(*bad, tmp_path / "here", lambda count: None)
    ((feed_and_file, there),) = failed.items()
    assert feed_and_file == ("dos-sales", bad[0].sha256)
    assert (type(there), str(there)) == (here.type, str(here.value))
    assert staged_files(tmp_path / "spark") == staged_here([good], tmp_path / "here")


def test_an_executor_that_cannot_see_the_archive_stops_the_build(
    spark: SparkEngine, tmp_path: Path
) -> None:
    """Or one machine would quietly do the work of all."""
    (tmp_path / "good.csv").write_bytes(formats.december_2017(formats.LINES))
    formats.declare(tmp_path, gcloud_sales="good.csv")
    ((receipt, _, feed),) = archived(tmp_path / "feeds.yml", tmp_path / "build")
    elsewhere = tmp_path / "elsewhere"
    with pytest.raises(EngineError, match=r"an executor does not see .*elsewhere"):
        spark.stage([(receipt, elsewhere, feed)], tmp_path / "spark", lambda count: None)


def test_a_killed_executor_is_replaced_and_the_output_is_the_same(
    spark: SparkEngine, tmp_path: Path
) -> None:
    """Machines are lost in the middle of the work; Spark gives the task to another."""
    lines = formats.many(60_000)
    (tmp_path / "long.csv").write_bytes(formats.december_2017(lines))
    formats.declare(tmp_path, gcloud_sales="long.csv")
    jobs = archived(tmp_path / "feeds.yml", tmp_path / "build")
    with ThreadPoolExecutor(1) as thread:
        staging = thread.submit(spark.stage, jobs, tmp_path / "spark", lambda count: None)
        killed = _kill_the_executor_that_writes(tmp_path / "spark")
        staging.result(timeout=120)
    assert not Path(f"/proc/{killed}").exists()
    assert staged_files(tmp_path / "spark") == staged_here(jobs, tmp_path / "here")


def test_a_report_names_what_failed_in_the_same_words(
    spark: SparkEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why a file failed is told by the machine that read it, and no other reads it again."""
    (tmp_path / "good.csv").write_bytes(formats.december_2017(formats.LINES))
    (tmp_path / "bad.csv").write_bytes(b"Supplier,\0")
    (tmp_path / "worse.csv").write_bytes(b"Supplier,Customer\nA,B\n")
    formats.declare(tmp_path, gcloud_sales="'*.csv'", dos_sales="bad.csv")
    archived(tmp_path / "feeds.yml", tmp_path / "there")
    shutil.copytree(tmp_path / "there", tmp_path / "here")
    read_here: list[Path] = []
    survey = read.survey

    def noted(path: Path, encoding: str | None = None) -> read.Shape:
        read_here.append(path)
        return survey(path, encoding)

    monkeypatch.setattr(read, "survey", noted)
    found = []
    for name, address in (("there", CLUSTER), ("here", "local")):
        assert read_here == []
        declaration = feeds.load(tmp_path / "feeds.yml")
        shop = Workshop(declaration, tmp_path / name, Progress(), address)
        found.append(plan(shop).failures)
    assert found[0] == found[1]
    assert len(found[0]) == 3
    assert len(read_here) == 4, "and the test would see it"


def test_what_a_lost_machine_has_begun_goes_with_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half of a release or of a file of lines can be a gigabyte that nobody ever reads."""
    (tmp_path / "good.csv").write_bytes(formats.december_2017(formats.many(200)))
    with formats.declare(tmp_path, gcloud_sales="good.csv").open("a") as file:
        file.write("shards: financial_year\n")
    archived(tmp_path / "feeds.yml", tmp_path / "build")
    split = LocalEngine.split

    def lost(*given: Any) -> Iterator[dict[str, Any]]:
        for folder in ("staged/feed_id=gcloud-sales/.staging-lost", "work/shard-lost"):
            (tmp_path / "build" / folder).mkdir()
            (tmp_path / "build" / folder / "half").write_bytes(b"SQLite")
        return split(*given)

    monkeypatch.setattr(LocalEngine, "split", lost)
    shop = Workshop(feeds.load(tmp_path / "feeds.yml"), tmp_path / "build", Progress())
    assert building.build(shop)["outcome"] == "published"
    assert list((tmp_path / "build" / "work").glob("shard-*")) == []
    assert building.build(shop)["outcome"] == "unchanged"
    assert list((tmp_path / "build" / "staged").rglob("half")) == []


def test_what_a_running_build_has_begun_is_left_alone(tmp_path: Path) -> None:
    """A second build, or a preview, is refused before it tidies up; the next one does."""
    (tmp_path / "good.csv").write_bytes(formats.december_2017(formats.LINES))
    declared = formats.declare(tmp_path, gcloud_sales="good.csv")
    begun = tmp_path / "build" / "staged" / "feed_id=gcloud-sales" / ".staging-begun"
    begun.mkdir(parents=True)
    (begun / "lines.parquet").write_bytes(b"PAR1")
    asked = ("--feeds", declared, "--build", tmp_path / "build")
    with locked(tmp_path / "build"):
        for step in (["build"], ["preview", tmp_path / "good.csv"]):
            done = ingest(*step, *asked)
            assert (done.returncode, "another build is at work" in done.stderr) == (1, True)
        assert (begun / "lines.parquet").exists()
    assert ingest("build", *asked).returncode == 0
    assert list(begun.parent.glob(".*")) == []


def _kill_the_executor_that_writes(folder: Path) -> int:
    """SIGKILL to the Java process under which a file is being written whose path begins so."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        # Where nothing is there yet, nobody needs to be looked at.
        begun = any(folder.parent.glob(f"{folder.name}*"))
        for process in _processes_that_write(folder) if begun else ():
            executor = _above(process)
            if executor is not None:
                os.kill(executor, signal.SIGKILL)
                return executor
        time.sleep(0.01)
    pytest.fail("no executor began to write", pytrace=False)


def _processes_that_write(folder: Path) -> Iterator[int]:
    for file in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(file.readlink()).startswith(str(folder)):
                yield int(file.parts[2])
        except OSError:
            continue


def _above(process: int) -> int | None:
    """The executor that `process` belongs to, by its parents."""
    while process > 1:
        try:
            if EXECUTOR in Path(f"/proc/{process}/cmdline").read_text():
                return process
            process = int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            break
    return None


def test_rows_come_in_order_and_in_the_same_types(spark: SparkEngine, tmp_path: Path) -> None:
    """One SQL means one thing: unknown first where it says so, text by its bytes, whole pence."""
    texts = [None, "", "Z", "a", "z", "é"]
    lines = pa.table({
        "line_number": pa.array(range(30_000), pa.int32()),
        "text": pa.array([texts[number % 6] for number in range(30_000)]),
        "amount_pence": pa.array([(-1) ** number * (10**14 + number) for number in range(30_000)]),
    })  # fmt: skip
    found = []
    for engine in (spark, LocalEngine(tmp_path / "local")):
        engine.hold("lines", lines)
        engine.define("numbered", NUMBERED)
        engine.make("sums", "SELECT text, sum(amount_pence) AS pence FROM lines GROUP BY text")
        rows = pa.Table.from_batches(engine.batches(ROWS))
        assert {str(kind) for kind in rows.schema.types} == {"int64", "string"}
        found.append(rows.to_pylist())
    assert found[0] == found[1]
    assert len(found[0]) == 30_000
    assert [row["text"] for row in found[0][::5_000]] == texts


def test_files_of_lines_are_written_side_by_side_each_in_its_order(
    spark: SparkEngine, tmp_path: Path
) -> None:
    """An edition in many files: every executor writes some, and none gets a line of another."""

    def take(shard: str, rows: dict[str, Iterator[pa.RecordBatch]]) -> dict[str, Any]:
        told = {name: pa.Table.from_batches(batches).to_pylist() for name, batches in rows.items()}
        return {"shard": shard, **told}

    years = ["2012-13", "2013-14", "2014-15"]
    under = pa.table({"under_key": range(6), "shard": [years[number % 3] for number in range(6)]})
    lines = pa.table({
        "under_key": [number % 6 for number in range(30_000)],
        "amount_pence": [number * 7919 % 30_000 for number in range(30_000)],
    })  # fmt: skip
    found = []
    for engine in (spark, LocalEngine(tmp_path / "local")):
        engine.hold("lines", lines)
        engine.hold("under", under)
        told = {row["shard"]: row for row in engine.split(SPLIT, years, take)}
        found.append([told[year] for year in years])
    assert found[0] == found[1]
    amounts = [[row["amount_pence"] for row in told["lines"]] for told in found[0]]
    assert amounts == [sorted(each) for each in amounts]
    assert sum(map(len, amounts)) == 30_000
