"""A reader asks what was left out: each line that could not be taken, with its reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import formats
from conftest import Site, ingest, serving


def test_the_samples_bad_lines_are_on_the_site(sample_site: Site) -> None:
    """Every quarantined line is a row with release, line, field, value, reason and the raw text."""
    rows = sample_site.get("/govspend/quarantine.json?_shape=array").json()
    assert rows
    for row in rows:
        assert row["code"] in {"type-error", "missing-cell", "extra-cell", "constraint-error"}
        assert row["reason"]
        assert row["raw"]
    releases = sample_site.get("/govspend/releases.json?_shape=array").json()
    counted = {row["release_id"]: row["quarantined_count"] for row in releases}
    assert sum(counted.values()) == len(rows)
    assert sample_site.get("/govspend/quarantine").status_code == 200


def test_a_bad_line_costs_no_good_one(tmp_path: Path) -> None:
    """One of each kind of fault: the rest is loaded, and the sums say what is missing."""
    lines = formats.many(1000)
    bad = [
        replace(lines[0], pounds="TBC"),
        replace(lines[0], supplier="", pounds="1"),
        replace(lines[0], month="2199-01", pounds="0.005"),
    ]
    (tmp_path / "a.csv").write_bytes(formats.july_2014([*lines, *bad]))
    formats.declare(tmp_path, gcloud_sales="a.csv")
    done = ingest("build", "--feeds", tmp_path / "feeds.yml", "--build", tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1,003 lines read, 1,000 loaded, 3 quarantined." in done.stdout
    with serving(tmp_path) as site:
        (release,) = site.get("/govspend/releases.json?_shape=array").json()
        rows = site.get("/govspend/quarantine.json?_shape=array&_sort=line_number").json()
    total = sum(100 + number for number in range(1000))
    assert release["published_amount"] == f"{total + 1}.005"
    assert (release["loaded_pence"], release["quarantined_pence"]) == (total * 100, 101)
    assert (release["rounding_amount"], release["unreadable_count"]) == ("0.005", 1)
    assert [(row["field"], row["value"], row["code"]) for row in rows] == [
        ("amount", "TBC", "type-error"),
        ("supplier", "", "missing-cell"),
        ("month", "2199-01-01", "constraint-error"),
    ]
    assert [row["line_number"] for row in rows] == [1002, 1003, 1004]


def test_a_script_in_every_field_is_text(tmp_path: Path) -> None:
    """A publisher's file is hostile until proven otherwise: nothing of it runs on a page."""
    evil = "<script>alert(1)</script>"
    lines = formats.many(500)
    worst = replace(
        lines[0], supplier=evil, buyer=evil, description=evil, sector=evil, size=evil,
        framework="G-Cloud 4",
    )  # fmt: skip
    bad = replace(worst, pounds=evil)
    data = formats.july_2014([*lines, worst, bad]).replace(b"G-Cloud,4,", evil.encode() + b",4,", 1)
    (tmp_path / "a.csv").write_bytes(data)
    formats.declare(tmp_path, gcloud_sales="a.csv")
    done = ingest("build", "--feeds", tmp_path / "feeds.yml", "--build", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    paths = (
        "/", "/govspend", "/govspend/spend?_facet=sector&_facet=framework&_facet=supplier_id",
        "/govspend/spend?sector=" + evil, "/govspend/suppliers", "/govspend/quarantine",
        "/govspend/cell_notes", "/govspend/supplier_names", "/govspend/spend_named",
        "/govspend/releases", "/govspend/published_categories",
    )  # fmt: skip
    with serving(tmp_path) as site:
        pages = {path: site.get(path, follow_redirects=True) for path in paths}
        row = site.get(f"/govspend/spend.json?sector={evil}&_shape=array").json()[0]
        pages["row"] = site.get(f"/govspend/spend/{row['spend_id']}")
        pages["supplier"] = site.get(f"/govspend/suppliers/{row['supplier_id']}")
    for path, page in pages.items():
        assert page.status_code == 200, path
        assert evil not in page.text, path
    assert row["description"] == evil
