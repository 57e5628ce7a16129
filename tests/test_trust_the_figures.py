"""The figures are the publisher's, to the penny, by scripts that share no code with the build."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import shutil
import sqlite3
from collections import Counter
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import formats
import pyarrow as pa
import pytest
from conftest import ROOT, Site, ingest

from ingest import fill, relate
from ingest.engines.local import LocalEngine

DECEMBER = "G-Cloud-Total-Spend-13-12-13.csv"
JULY = "G-Cloud-Spend-14-07-14-v2-For-import.csv"
DECEMBER_HEADS = (
    "For_Month",
    "Supplier",
    "Customer",
    "Product_Service_Description",
    "Total_Charge",
)
JULY_HEADS = ("ReturnMonth", "SupplierName", "CustomerName", "ProjectNameAndDescription",
              "EvidencedSpend")  # fmt: skip


@pytest.fixture(scope="module")
def db(real_build: Path) -> Any:
    return sqlite3.connect(real_build / "govspend.db")


def _identity(line: dict[str, str], *heads: str) -> tuple[object, ...]:
    """What makes a line itself, but for its lot: month, supplier, buyer, description, pence."""
    month, supplier, buyer, description, amount = (" ".join(line[head].split()) for head in heads)
    pence = (Decimal(amount) * 100).quantize(Decimal(1), ROUND_HALF_UP)
    return month[:7], supplier, buyer, description, pence


def published(folder: Path, name: str) -> list[dict[str, str]]:
    """The lines of a real file, read by nothing but the standard library."""
    text = (folder / "gcloud" / name).read_bytes().decode("mac_roman")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_known_answers_of_december_2013(real_files: Path, db: Any) -> None:
    """4,699 lines, £77,788,989.55, 49 credits: in the file, and in the database."""
    lines = published(real_files, DECEMBER)
    assert len(lines) == 4699
    assert sum(Decimal(line["Total_Charge"]) for line in lines) == Decimal("77788989.55")
    row = db.execute(
        "SELECT line_count, loaded_count, quarantined_count, published_amount, loaded_pence, "
        "rounding_amount, credit_count FROM releases WHERE release_id = 'gcloud-sales-2013-11'"
    ).fetchone()
    assert row == (4699, 4699, 0, "77788989.55", 7778898955, "0", 49)


def test_the_known_answers_of_july_2014(real_files: Path, db: Any) -> None:
    """Fractions of a penny round per line, half away from zero, and the rounding is kept."""
    lines = published(real_files, JULY)
    exact = [Decimal(line["EvidencedSpend"]) for line in lines]
    pence = [int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP)) for amount in exact]
    assert (len(lines), sum(exact), sum(pence)) == (13492, Decimal("217455674.3915"), 21745567458)
    row = db.execute(
        "SELECT line_count, loaded_count, published_amount, loaded_pence, rounding_amount, "
        "rounded_count, credit_count, zero_count, undescribed_count FROM releases "
        "WHERE release_id = 'gcloud-sales-2014-06'"
    ).fetchone()
    assert row == (13492, 13492, "217455674.3915", 21745567458, "0.1885", 114, 250, 239, 213)
    noted = db.execute("SELECT published, loaded FROM cell_notes WHERE reason = 'rounded'")
    assert sum(Decimal(now) - Decimal(was) for was, now in noted) == Decimal("0.1885")


def test_names_as_published(real_files: Path, db: Any) -> None:
    """343 supplier and 524 buyer names in the July 2014 release, each kept on its lines."""
    lines = published(real_files, JULY)
    for field, heading, count in (
        ("supplier", "SupplierName", 343),
        ("buyer", "CustomerName", 524),
    ):
        names = Counter(line[heading].strip() for line in lines)
        assert len(names) == count
        held = db.execute(f"SELECT {field}_name, count(*) FROM spend_named GROUP BY 1")  # noqa: S608
        assert Counter(dict(held)) == names


@pytest.mark.parametrize(
    ("column", "heading"),
    [("sector", "Sector"), ("supplier_size", "SMEorLarge"), ("month", "ReturnMonth")],
)
def test_sums_by_category_equal_the_file(
    real_files: Path, db: Any, column: str, heading: str
) -> None:
    """SME 53.4%, central government 79.3%, and every month: by a script of another hand."""
    expected: Counter[str] = Counter()
    for line in published(real_files, JULY):
        cents = (Decimal(line["EvidencedSpend"]) * 100).quantize(Decimal(1), ROUND_HALF_UP)
        expected[line[heading]] += int(cents)
    found = dict(db.execute(f"SELECT {column}, sum(amount_pence) FROM spend GROUP BY 1"))  # noqa: S608
    assert found == dict(expected)


def test_headline_shares(db: Any) -> None:
    """53.4% by value, 58.6% by lines, 79.3% central government, Home Office £31.6m."""
    value, lines, central = db.execute(
        "SELECT 100.0 * sum(amount_pence) FILTER (WHERE supplier_size = 'SME') / sum(amount_pence),"
        "100.0 * count(*) FILTER (WHERE supplier_size = 'SME') / count(*),"
        "100.0 * sum(amount_pence) FILTER (WHERE sector = 'Central Government') / sum(amount_pence)"
        " FROM spend"
    ).fetchone()
    assert (round(value, 1), round(lines, 1), round(central, 1)) == (53.4, 58.6, 79.3)
    home = db.execute("SELECT sum(amount) FROM spend WHERE buyer_id = 'home-office'").fetchone()[0]
    assert round(home / 1e6, 1) == 31.6


def test_revisions_between_the_two_releases(db: Any) -> None:
    """September 2013 fell and November 2013 rose when the past was restated."""
    found = dict(
        db.execute("SELECT month, before_pence || ' ' || after_pence FROM revisions").fetchall()
    )
    assert found["2013-09-01"] == "908465955 843299172"
    assert found["2013-11-01"] == "1053414084 1427933156"
    changed = db.execute(
        "SELECT sum(coalesce(after_pence, 0) - coalesce(before_pence, 0)) FROM changes "
        "WHERE month = '2013-09-01'"
    ).fetchone()[0]
    assert changed == 843299172 - 908465955


def test_the_same_figures_through_the_sites_json(real_site: Site) -> None:
    """What a developer gets is what SQL gives."""
    rows = real_site.get("/govspend/releases.json?_shape=array&_sort=position").json()
    assert [row["loaded_pence"] for row in rows] == [7778898955, 21745567458]
    spend = real_site.get("/govspend/spend.json?_size=0&_facet=supplier_size").json()
    assert spend["filtered_table_rows_count"] == 13492
    sql = "select sum(amount_pence) p, count(*) n from spend where supplier_size = 'SME'"
    sums = real_site.get("/govspend.json", params={"sql": sql, "_shape": "array"}).json()
    assert sums[0]["n"] == 7902
    assert round(sums[0]["p"] / 217455674.58, 1) == 53.4


def test_every_line_leads_to_its_release_and_file(real_files: Path, db: Any) -> None:
    """A figure on a page can be followed to its line in the published file."""
    lines = (real_files / "gcloud" / JULY).read_bytes().decode("mac_roman").split("\r")
    sample = db.execute("SELECT line_number, amount, month FROM spend WHERE rowid % 997 = 0")
    for number, amount, month in sample:
        cells = next(csv.reader([lines[number - 1]]))
        assert (cells[5], round(float(cells[7]), 2)) == (month, amount)


def test_a_line_keeps_its_id_over_a_rebuild_and_the_next_release(
    real_build: Path, real_files: Path, db: Any, tmp_path: Path
) -> None:
    """The same archive gives the same file to the byte; a line left alone lives on in 2014."""
    shutil.copytree(real_build / "archive", tmp_path / "archive")
    feeds = ROOT / "tests" / "feeds.real.yml"
    done = ingest("build", "--feeds", feeds, "--build", tmp_path, "--no-fetch")
    assert done.returncode == 0, done.stderr
    digests = {
        hashlib.sha256((folder / "govspend.db").read_bytes()).hexdigest()
        for folder in (real_build, tmp_path)
    }
    assert len(digests) == 1
    lived, held = db.execute(
        "SELECT count(*) FILTER (WHERE last_position = 2), count(*) FROM line_spans "
        "WHERE first_position = 1"
    ).fetchone()
    assert held == 4699
    old, new = (
        Counter(_identity(line, *heads) for line in published(real_files, name))
        for name, heads in ((DECEMBER, DECEMBER_HEADS), (JULY, JULY_HEADS))
    )
    alike = (old & new).total()
    # Mended letters join a few lines more than the bare texts do.
    assert alike <= lived <= alike + 100
    identical = db.execute("SELECT count(*) FROM spend WHERE spend_id LIKE '%-2'").fetchone()[0]
    assert identical > 0, "identical lines may both be real, and both stay"


def test_the_audit_proves_and_says_so(real_build: Path) -> None:
    """Lines and pence in equal lines and pence out, for every release, and the report is kept."""
    report = json.loads(next((real_build / "editions").glob("*.json")).read_text())
    assert report["proofs"]
    assert all(proof["holds"] for proof in report["proofs"])
    names = {proof["name"] for proof in report["proofs"]}
    assert "published = loaded + quarantined - rounding" in names
    assert "total_pounds as published at the time" in names


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        ("UPDATE spend_keyed SET amount_pence = amount_pence + 1 WHERE rowid = 7",
         "pence of spend"),
        ("DELETE FROM spend_keyed WHERE rowid = 7", "lines of spend"),
        ("UPDATE release_months SET amount_pence = amount_pence + 1 WHERE rowid = 3",
         "pence loaded"),
        ("UPDATE pair_months_keyed SET sale_pence = sale_pence + 1 WHERE rowid = 3",
         "cube pair_months"),
        ("INSERT INTO pair_months_keyed SELECT * FROM pair_months_keyed LIMIT 1",
         "cube pair_months"),
        ("UPDATE pair_years SET lot = 'Another' WHERE rowid = 3", "cube pair_years"),
        ("DELETE FROM pair_totals WHERE rowid = 3", "cube pair_totals"),
        ("UPDATE pair_totals SET first_sale_pence = first_sale_pence + 1 WHERE rowid = 3",
         "cube pair_totals"),
        ("UPDATE supplier_months_keyed SET buyer_count = buyer_count + 1 WHERE rowid = 3",
         "cube supplier_months"),
        ("INSERT INTO buyer_months_keyed SELECT * FROM buyer_months_keyed LIMIT 1",
         "cube buyer_months"),
        ("UPDATE supplier_years SET sme_buyer_count = sme_buyer_count + 1", "years of suppliers"),
        ("UPDATE buyer_years SET sme_pence = NULL", "years of buyers"),
        ("DELETE FROM supplier_sizes WHERE rowid = 3", "sizes of suppliers"),
        ("DELETE FROM supplier_totals WHERE supplier_id = (SELECT max(supplier_id) FROM spend)",
         "totals of suppliers"),
        ("UPDATE supplier_totals SET first_sme_month = '2012-01-01'", "totals of suppliers"),
        ("UPDATE supplier_totals SET sme_pence = NULL", "totals of suppliers"),
        ("UPDATE buyer_totals SET first_sale_count = first_sale_count + 1", "totals of buyers"),
        ("UPDATE buyer_totals SET largest_supplier_id = (SELECT min(supplier_id) FROM suppliers)",
         "totals of buyers"),
        ("UPDATE buyer_totals SET sme_count = sme_count + 1", "totals of buyers"),
        ("UPDATE party_months SET new_buyer_count = new_buyer_count + 1", "months whose suppliers"),
        ("UPDATE usual_deals SET usual_pence = usual_pence + 1", "usual deals"),
        ("UPDATE spend_keyed SET first_position = 3 WHERE rowid = 1", "not held by their release"),
        ("UPDATE spend_keyed SET first_position = 2 WHERE rowid = 1", "lines held are"),
        ("INSERT INTO ended_spans SELECT spend_id, 'gcloud-sales', 1, 1 FROM spend_keyed LIMIT 1",
         "lines held are"),
        ("INSERT INTO ended_spans SELECT spend_id, 'gcloud-sales', 2, 2 FROM spend_keyed LIMIT 1",
         "that ended"),
        ("UPDATE line_categories SET supplier_size = 'Medium'", "sizes other than"),
        ("DELETE FROM quarantine WHERE rowid = 1", "quarantined"),
        ("UPDATE changes_keyed SET after_pence = after_pence + 1 WHERE after_pence = "
         "(SELECT max(after_pence) FROM changes_keyed)", "changes between releases"),
        ("UPDATE spend_keyed SET supplier_key = 99999 WHERE rowid = 1", "keys that lead nowhere"),
        ("UPDATE spend_keyed SET supplier_key = (SELECT max(supplier_key) FROM suppliers "
         "WHERE supplier_key <> spend_keyed.supplier_key) WHERE rowid = 1", "cube pair_months"),
    ],
)  # fmt: skip
def test_a_database_that_was_tampered_with_is_not_published(
    tampered: Path, harm: str, says: str
) -> None:
    """One penny more, one line less: the audit names what does not hold and the site stays."""
    db = sqlite3.connect(tampered / "work" / "next.db")
    db.execute(harm)
    db.commit()
    db.close()
    done = ingest("publish", "--feeds", tampered / "feeds.yml", "--build", tampered)
    assert done.returncode == 1
    assert "The audit found what must not be" in done.stderr
    assert says in done.stderr
    assert not (tampered / "govspend.db").exists()


@pytest.fixture
def tampered(tmp_path: Path) -> Path:
    """A folder with two small releases loaded, one line quarantined, nothing published."""
    lines = formats.many()
    more = [replace(line, month="2014-02") for line in lines[:20]]
    bad = replace(lines[0], pounds="TBC")
    (tmp_path / "a.csv").write_bytes(formats.july_2014(lines))
    (tmp_path / "b.csv").write_bytes(formats.july_2014([*lines, *more, bad]))
    feeds = formats.declare(tmp_path, gcloud_sales="'*.csv'")
    ingest("fetch", "--feeds", feeds, "--build", tmp_path)
    done = ingest("load", "--feeds", feeds, "--build", tmp_path)
    assert done.returncode == 0, done.stderr
    db = sqlite3.connect(tmp_path / "work" / "next.db")
    counts = db.execute("SELECT (SELECT count(*) FROM releases), (SELECT count(*) FROM quarantine)")
    assert counts.fetchone() == (2, 1)
    db.close()
    return tmp_path


def test_a_figure_published_at_the_time_that_differs_fails_the_build(
    real_build: Path, tmp_path: Path
) -> None:
    """The check figures are compared, not just kept: a wrong one stops everything."""
    copy = tmp_path / "project"
    shutil.copytree(ROOT / "ingest", copy / "ingest")
    totals = copy / "ingest" / "reference" / "published_totals.csv"
    totals.write_text(totals.read_text().replace(",77800000,", ",78800000,"))
    shutil.copytree(real_build / "archive", tmp_path / "archive")
    feeds = ROOT / "tests" / "feeds.real.yml"
    done = ingest("build", "--no-fetch", "--feeds", feeds, "--build", tmp_path, project=copy)
    assert done.returncode == 1
    assert "total_pounds as published at the time: expected 78800000" in done.stderr
    assert not (tmp_path / "govspend.db").exists()


def test_the_usual_deal_of_a_firm_of_two_sizes_is_of_all_its_sales(tmp_path: Path) -> None:
    """A median cannot be had from two medians: 1, 2, 3 and 10, 20 have 3 in the middle."""
    sales = [
        (0, "SME", 1), (0, "SME", 3), (0, "SME", 2), (0, None, 20), (0, None, 10),
        (1, "Large", 5), (1, "Large", 6),
    ]  # fmt: skip
    columns = ("supplier_key", "supplier_size", "amount_pence")
    keys = relate.Keys([], [], ["two", "one"], [], {name: [] for name in fill.UNDER}, [], [])
    with contextlib.closing(LocalEngine(tmp_path / "engine")) as engine:
        engine.hold(
            "sales", pa.table(dict(zip(columns, map(list, zip(*sales, strict=True)), strict=True)))
        )
        parts = {what: sql for what, name, sql in relate.statements() if name == "usual_deals"}
        engine.make("usual_deals", parts["table"])
        (found,) = fill.columns_of("usual_deals", engine.batches(parts["rows"]), keys)
    cells = found.select(["size_choice", "supplier_id", "usual_pence"]).to_pylist()
    assert sorted(tuple(cell.values()) for cell in cells) == [
        ("Large", "one", 6), ("SME", "two", 2), ("any", "one", 6), ("any", "two", 3),
        ("not-published", "two", 15),
    ]  # fmt: skip
