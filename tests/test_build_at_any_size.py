"""A publisher's data may be small or very large: the figures are the same however it is built."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import formats
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, ingest

from ingest import apart, audit, relate, shards
from ingest import build as building
from ingest import engine as engines
from ingest.engines.local import LocalEngine
from ingest.errors import IngestError
from ingest.feeds import load as load_feeds
from ingest.plan import plan
from ingest.progress import Progress
from ingest.workshop import Workshop

TABLES = (
    "spend", "line_spans", "release_months", "published_categories", "release_sizes", "changes",
    "pair_months", "pair_years", "pair_totals", "supplier_months", "buyer_months", "supplier_years",
    "buyer_years", "supplier_sizes", "supplier_totals", "buyer_totals", "party_months",
    "usual_deals",
)  # fmt: skip


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("any-size")
    assert ingest("sample", "--rows", "3000", "--out", folder).returncode == 0
    done = ingest("build", "--feeds", folder / "feeds.yml", "--build", folder / "one")
    assert done.returncode == 0, done.stderr
    return folder


def rows(path: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        found = db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
        # The number of a row is that of its file.
        return [tuple(row[name] for name in row.keys() if name != "rowid") for row in found]  # noqa: SIM118


def shop(feeds: Path, build: Path) -> Workshop:
    return Workshop(load_feeds(feeds), build, Progress())


def test_work_in_parts_gives_the_same_rows_in_the_same_order(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory stays flat because work is divided, which nobody may see in the result."""
    build = tmp_path / "parts"
    shutil.copytree(sample / "one" / "archive", build / "archive")
    monkeypatch.setattr(engines, "PART", 97)
    monkeypatch.setattr(relate, "PART", 97)
    divided = shop(sample / "feeds.yml", build)
    building.load_all(divided, plan(divided))
    for table in TABLES:
        assert rows(divided.work, table) == rows(sample / "one" / "govspend.db", table), table


def test_proofs_that_wait_for_the_bulk_files_are_the_same(sample: Path, tmp_path: Path) -> None:
    """A large build does one after the other, for memory: it proves and publishes no less."""
    large = "from ingest import __main__ as cli, build; build.SIDE_BY_SIDE = 0; cli.main()"
    places = ["build", "--feeds", sample / "feeds.yml", "--build", tmp_path]
    shutil.copytree(sample / "one" / "archive", tmp_path / "archive")
    subprocess.run([sys.executable, "-c", large, *map(str, places)], cwd=ROOT, check=True)
    one, other = (
        json.loads((build / "report.json").read_text()) for build in (sample / "one", tmp_path)
    )
    assert other["proofs"] == one["proofs"]
    manifest = f"editions/govspend-{one['edition_id']}/manifest.json"
    assert (tmp_path / manifest).read_bytes() == (sample / "one" / manifest).read_bytes()


def test_a_line_is_there_once(sample: Path, tmp_path: Path) -> None:
    """The id of a line is its key, though no PRIMARY KEY says so while lines come in."""
    copy = shutil.copy(sample / "one" / "govspend.db", tmp_path)
    Path(copy).chmod(0o644)
    with closing(sqlite3.connect(copy)) as db:
        again = "UPDATE spend_keyed SET spend_id = (SELECT min(spend_id) FROM spend_keyed)"
        with pytest.raises(sqlite3.IntegrityError, match="spend_id"):
            db.execute(again)


@pytest.fixture(scope="module")
def sharded(sample: Path) -> Path:
    """The same releases, lines split by financial year."""
    text = (sample / "feeds.yml").read_text("utf-8")
    feeds = sample / "sharded.yml"
    feeds.write_text(f"shards: financial_year\n{text}", "utf-8")
    done = ingest("build", "--feeds", feeds, "--build", sample / "many")
    assert done.returncode == 0, done.stderr
    return sample / "many"


def files(build: Path) -> list[Path]:
    edition = (build / "govspend.db").resolve()
    return shards.paths(edition, edition.with_suffix(""))


def test_lines_in_files_by_year_are_the_same_lines(sample: Path, sharded: Path) -> None:
    """Every line and span is in one file, and what is added up is as it was."""
    for table in ("spend", "line_spans"):
        found = [row for path in files(sharded) for row in rows(path, table)]
        assert sorted(found, key=repr) == sorted(
            rows(sample / "one" / "govspend.db", table), key=repr
        )
        assert rows(sharded / "govspend.db", table) == []
    for table in TABLES[2:]:
        assert rows(sharded / "govspend.db", table) == rows(sample / "one" / "govspend.db", table)


def test_each_file_holds_its_year_and_can_be_read_by_itself(sharded: Path) -> None:
    """Whoever takes one file has names, releases and search for its lines, and only these."""
    assert len(files(sharded)) >= 5
    for path in files(sharded):
        with closing(sqlite3.connect(path)) as db:
            ((year,),) = db.execute("SELECT DISTINCT financial_year FROM spend")
            assert path.name == f"lines-{year}.db"
            ((named,),) = db.execute("SELECT count(*) FROM spend_named")
            assert named == len(rows(path, "spend"))
            assert db.execute("SELECT count(*) FROM spend_fts").fetchone()[0] == named
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def test_parquet_claims_no_order_that_its_lines_do_not_have(sample: Path, sharded: Path) -> None:
    """An engine that trusts the claim would leave lines out; these come as they were published."""
    for build in (sample / "one", sharded):
        folder = (build / "govspend.db").resolve().with_suffix("")
        told = pq.ParquetFile(folder / "spend.parquet").metadata
        assert all(
            told.row_group(place).sorting_columns == () for place in range(told.num_row_groups)
        )


def test_the_published_files_are_the_same_lines(sample: Path, sharded: Path) -> None:
    """CSV and Parquet of all lines do not tell how the database keeps them."""

    def text(build: Path) -> list[bytes]:
        import gzip

        folder = (build / "govspend.db").resolve().with_suffix("")
        return sorted(gzip.decompress((folder / "spend.csv.gz").read_bytes()).splitlines())

    assert text(sample / "one") == text(sharded)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (
            "UPDATE spend_keyed SET amount_pence = amount_pence + 1 WHERE rowid = 7",
            "pence of spend",
        ),
        ("DELETE FROM spend_keyed WHERE rowid = 7", "lines are as listed"),
        ("UPDATE spend_keyed SET first_position = first_position + 1 WHERE rowid = 1", "held"),
        ("UPDATE spend_keyed SET supplier_key = 99999 WHERE rowid = 1", "keys that lead nowhere"),
        ("UPDATE line_categories SET lot = 'Another' WHERE lot IS NOT NULL", "cube pair_years"),
    ],
)
def test_a_file_of_lines_that_was_tampered_with_is_found(
    sample: Path, sharded: Path, tmp_path: Path, harm: str, says: str
) -> None:
    """A proof of the edition is a proof of all its files."""
    edition = (sharded / "govspend.db").resolve()
    copy = tmp_path / edition.name
    shutil.copy(edition, copy)
    shutil.copytree(edition.with_suffix(""), copy.with_suffix(""))
    broken = shards.paths(copy, copy.with_suffix(""))[2]
    broken.chmod(0o644)
    with closing(sqlite3.connect(broken)) as db:
        db.execute(harm)
        db.commit()
    made = plan(shop(sample / "sharded.yml", sharded))
    found = [proof.name for proof in audit.audit(copy, made.all_taken()) if not proof.holds]
    assert any(says in name for name in found), found


def test_a_key_that_does_not_split_lines_is_refused_with_those_that_do(tmp_path: Path) -> None:
    """The message names what is allowed."""
    (tmp_path / "feeds.yml").write_text("shards: supplier\nfeeds: {}\n")
    done = ingest("build", "--feeds", tmp_path / "feeds.yml", "--build", tmp_path / "build")
    assert done.returncode == 2
    assert "shards" in done.stderr
    assert "financial_year" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("memory", "lines"), [(14, 300_000), (4, None)])
def test_work_that_finds_too_little_memory_has_twice_the_room(
    memory: int, lines: int | None, tmp_path: Path
) -> None:
    """DuckDB sometimes fails where it should spill: once more with room, and else a sentence."""
    sql = "SELECT range AS i, 'text of line ' || range AS text FROM range(300000)"
    placed = "SELECT text, row_number() OVER (PARTITION BY i % 1000 ORDER BY text) AS place FROM t"
    with closing(LocalEngine(tmp_path / "engine", memory)) as engine:
        if lines is None:
            with pytest.raises(IngestError, match="needs more than 8 MB"):
                engine.make("t", sql)
                engine.make("u", placed)
            return
        engine.make("t", sql)
        engine.make("u", placed)
        assert sum(batch.num_rows for batch in engine.batches(f"{placed} ORDER BY text")) == lines
        told = list(engine.batches("SELECT count(*) AS c, sum(place) AS s FROM u"))
        assert told[0].to_pylist() == [{"c": lines, "s": 45_150_000}]


def test_a_step_that_is_killed_stops_the_build_with_a_sentence() -> None:
    """Whoever runs out of memory kills one process: the build says so, and the site stays."""

    def killed() -> None:
        import os
        import signal

        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(IngestError, match="stopped from outside"):
        apart.Apart(killed).result()
    with pytest.raises(ZeroDivisionError):
        apart.Apart(lambda: 1 // 0).result()
    assert apart.Apart(sorted, [2, 1]).result() == [1, 2]


def test_what_is_staged_is_laid_out_as_hive_has_it(tmp_path: Path) -> None:
    """Analysts and clusters read all releases of all feeds at once, and know whose a line is."""
    (tmp_path / "one.csv").write_bytes(formats.december_2017(formats.LINES))
    (tmp_path / "two.csv").write_bytes(formats.december_2017(formats.LINES[:2]))
    declared = formats.declare(tmp_path, gcloud_sales="one.csv", gcloud_more="two.csv")
    build = tmp_path / "build"
    assert ingest("build", "--feeds", declared, "--build", build).returncode == 0
    sql = f"""
        SELECT feed_id, count(*), sum(amount_pence)
        FROM read_parquet('{build}/staged/*/*/lines.parquet', hive_partitioning = true)
        GROUP BY feed_id ORDER BY feed_id
    """  # noqa: S608
    with closing(sqlite3.connect(build / "govspend.db")) as db:
        released = db.execute(
            "SELECT feed_id, loaded_count, loaded_pence FROM releases ORDER BY feed_id"
        )
        assert duckdb.execute(sql).fetchall() == released.fetchall()


def test_what_was_staged_otherwise_goes_when_an_edition_is_there(tmp_path: Path) -> None:
    """Years of new settings and code must not fill the disk. What was refused is not read again."""
    (tmp_path / "one.csv").write_bytes(formats.december_2017(formats.LINES))
    early = replace(formats.LINES[0], month="1999-01")
    (tmp_path / "two.csv").write_bytes(formats.december_2017([early]))
    declared = formats.declare(tmp_path, gcloud_sales="'*.csv'")
    asked = ("--feeds", declared, "--build", tmp_path / "build")
    staged = tmp_path / "build" / "staged"
    assert ingest("build", *asked).returncode in (0, 3)
    first = set(staged.glob("feed_id=*/*"))
    (staged / "gcloud-sales" / "of-an-earlier-version").mkdir(parents=True)
    with declared.open("a") as file:
        file.write("    money: {dash_is_zero: false}\n")
    assert ingest("build", *asked).returncode in (0, 3)
    second = set(staged.glob("*/*")) - set(staged.glob("reference/*"))
    assert len(first) == len(second) == 2 and not first & second
    assert len(set(staged.glob("reference/*"))) == 1
    assert ingest("build", *asked).returncode in (0, 3)
    assert set(staged.glob("feed_id=*/*")) == second
