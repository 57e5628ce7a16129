"""A publisher adds a release: every published format, with a declaration and no code."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import formats
import pytest
from conftest import ROOT, ingest
from formats import LINES, Line


def build(folder: Path, *, status: tuple[int, ...] = (0,)) -> str:
    """Builds what `folder`/feeds.yml declares; gives what was said."""
    done = ingest("build", "--feeds", folder / "feeds.yml", "--build", folder / "build")
    assert done.returncode in status, done.stdout + done.stderr
    return done.stdout + done.stderr


def query(folder: Path, sql: str) -> list[Any]:
    db = sqlite3.connect(folder / "build" / "govspend.db")
    try:
        return db.execute(sql).fetchall()
    finally:
        db.close()


def told(line: Line, *, lot: str, framework: str | None) -> tuple[object, ...]:
    """A line as the database should hold it."""
    return (
        f"{line.month}-01", framework, lot, line.supplier, line.buyer,
        round(float(line.pounds) * 100), line.description,
    )  # fmt: skip


@pytest.mark.parametrize("name", formats.GCLOUD)
def test_every_format_gives_the_same_lines(tmp_path: Path, name: str) -> None:
    """A format is a matter of declaration: the same sales come out of each, unpublished is null."""
    (tmp_path / "release.csv").write_bytes(formats.GCLOUD[name](LINES))
    formats.declare(tmp_path, gcloud_sales="release.csv")
    build(tmp_path)
    found = query(
        tmp_path,
        "SELECT month, framework, lot, supplier_name, buyer_name, amount_pence, description "
        "FROM spend_named ORDER BY line_number",
    )
    framework = {"Jul 2014": "G-Cloud", "Nov 2014": None}.get(name, "G-Cloud 4")
    expected = [told(line, lot=formats.WORDS[line.lot], framework=framework) for line in LINES]
    if name == "Dec 2017":
        expected = [(*line[:-1], None) for line in expected]
    assert found == expected
    sizes = query(tmp_path, "SELECT supplier_size, sector FROM spend ORDER BY line_number")
    if name in ("Dec 2013", "Jan 2014"):
        assert set(sizes) == {(None, None)}, "what is not published is null, never a default"
    else:
        assert sizes == [(line.size, line.sector) for line in LINES]


def test_dos_has_its_own_file_without_a_framework(tmp_path: Path) -> None:
    """The framework comes from the feed's declared constant, in the same database."""
    (tmp_path / "dos.csv").write_bytes(formats.dos_2017(LINES))
    (tmp_path / "gcloud.csv").write_bytes(formats.december_2017(LINES))
    formats.declare(tmp_path, gcloud_sales="gcloud.csv", dos_sales="dos.csv")
    build(tmp_path)
    found = query(tmp_path, "SELECT framework, count(*) FROM spend GROUP BY 1 ORDER BY 1")
    assert found == [("Digital Outcomes and Specialists", 5), ("G-Cloud 4", 5)]
    assert query(tmp_path, "SELECT count(*) FROM suppliers") == [(3,)], "counted once across feeds"


def test_a_third_file_needs_a_declaration_and_no_code(tmp_path: Path, real_files: Path) -> None:
    """The two real releases and one in a known format that nobody has seen."""
    for source in (real_files / "gcloud").glob("G-Cloud*.csv"):
        shutil.copy(source, tmp_path)
    third = [replace(line, month="2014-07") for line in formats.many(40)]
    (tmp_path / "third.csv").write_bytes(formats.november_2014(third))
    formats.declare(tmp_path, gcloud_sales="G-Cloud*.csv", new_sales="third.csv")
    build(tmp_path)
    found = query(tmp_path, "SELECT release_id FROM releases ORDER BY release_id")
    assert found == [("gcloud-sales-2013-11",), ("gcloud-sales-2014-06",), ("new-sales-2014-07",)]


def test_lots_are_mapped_by_framework_and_number(tmp_path: Path) -> None:
    """3 is software up to G-Cloud 8 and support from G-Cloud 9 on; alone it says nothing."""
    rows = [["Framework", "Lot", "Supplier", "Customer", "Month", "Spend"]]
    rows += [
        [name, "3", "A Ltd", "B", "2017-10", "1"] for name in ("G-Cloud 8", "G-Cloud 9", "", "DOS")
    ]
    rows += [["RM1557ix", "Lot 3 - Cloud Support", "A Ltd", "B", "2017-10", "1"]]
    rows += [["G-Cloud", "3", "A Ltd", "B", month, "1"] for month in ("2014-01", "2018-01")]
    (tmp_path / "release.csv").write_bytes(formats.table(rows, end="\n", encoding="utf-8"))
    formats.declare(tmp_path, gcloud_sales="release.csv")
    build(tmp_path)
    lots = [row[0] for row in query(tmp_path, "SELECT lot FROM spend ORDER BY line_number")]
    assert lots == [
        "Software as a Service (SaaS)", "Cloud Support", None, "User Research Studios",
        "Cloud Support", "Software as a Service (SaaS)", None,
    ]  # fmt: skip
    kept = query(tmp_path, "SELECT published, loaded FROM cell_notes WHERE reason='unmapped-lot'")
    assert kept == [("3", None), ("3", None)]
    assert query(tmp_path, "SELECT sum(line_count) FROM published_categories") == [(7,)]
    marks = query(tmp_path, "SELECT DISTINCT later_lot_is FROM lots WHERE framework='G-Cloud 8'")
    assert marks == [("approximate",)]


def test_an_unknown_heading_is_reported_with_the_nearest_known_name(tmp_path: Path) -> None:
    """The publisher changes headings without notice; the report says which."""
    data = formats.december_2017(LINES).replace(b"SME Status", b"SME Statsu")
    (tmp_path / "release.csv").write_bytes(data)
    formats.declare(tmp_path, gcloud_sales="release.csv")
    said = build(tmp_path)
    assert "heading 'SME Statsu' is not known; the nearest known name is 'SME Status'" in said
    assert query(tmp_path, "SELECT DISTINCT supplier_size FROM spend") == [(None,)]


def test_a_missing_required_column_stops_that_release_only(tmp_path: Path) -> None:
    """The other feed is published all the same; the message names file, line, field and hint."""
    data = formats.december_2017(LINES).replace(b"Spend", b"Spned")
    (tmp_path / "gcloud.csv").write_bytes(data)
    (tmp_path / "dos.csv").write_bytes(formats.dos_2017(LINES))
    formats.declare(tmp_path, gcloud_sales="gcloud.csv", dos_sales="dos.csv")
    said = build(tmp_path, status=(3,))
    assert "gcloud.csv line 1: no column for amount" in said
    assert "'Spned' is not known; the nearest known name is 'Spend'" in said
    assert query(tmp_path, "SELECT feed_id FROM releases") == [("dos-sales",)]


def test_lines_above_the_heading_do_not_hide_it(tmp_path: Path) -> None:
    """Titles, notes and blank lines stand above many a heading."""
    data = b"G-Cloud sales,,,\r\n\r\nPublished by us,,\r\n" + formats.december_2017(LINES)
    (tmp_path / "release.csv").write_bytes(data)
    formats.declare(tmp_path, gcloud_sales="release.csv")
    build(tmp_path)
    assert query(tmp_path, "SELECT count(*), min(line_number) FROM spend") == [(5, 5)]


def test_a_reissue_gets_its_own_name_and_replaces_the_first(tmp_path: Path) -> None:
    """A month that is published twice is two releases; the later counts, the earlier is kept."""
    lines = formats.many()
    (tmp_path / "a.csv").write_bytes(formats.july_2014(lines))
    formats.declare(tmp_path, gcloud_sales="'*.csv'")
    build(tmp_path)
    changed = [replace(lines[0], pounds="101"), *lines[1:]]
    (tmp_path / "b.csv").write_bytes(formats.july_2014(changed))
    build(tmp_path)
    assert query(tmp_path, "SELECT release_id, is_current FROM releases ORDER BY position") == [
        ("gcloud-sales-2014-02", 0),
        ("gcloud-sales-2014-02.2", 1),
    ]
    gone = query(tmp_path, "SELECT count(*) FROM line_spans WHERE last_position = 1")
    assert gone == [(1,)], "one line of the first is gone, and it is known where it stood"
    changed_by = query(tmp_path, "SELECT sum(after_pence - before_pence) FROM changes")
    assert changed_by == [(100,)]


def test_a_feed_may_add_instead_of_restating(tmp_path: Path) -> None:
    """Monthly files that each hold their own month add up; a re-issue replaces only its month."""
    january = [replace(LINES[0], month="2014-01"), replace(LINES[0], month="2014-01")]
    february = [replace(LINES[0], month="2014-02"), january[0]]
    for name, lines in (("1", january), ("2", february)):
        (tmp_path / f"{name}.csv").write_bytes(formats.july_2014(lines))
    path = formats.declare(tmp_path, gcloud_sales="'*.csv'")
    path.write_text(path.read_text() + "    restates_history: false\n")
    build(tmp_path)
    found = query(tmp_path, "SELECT month, spend_id FROM spend ORDER BY 1, 2")
    assert [month for month, _ in found] == ["2014-01-01"] * 3 + ["2014-02-01"]
    assert [line[17:] for _, line in found[:3]] == ["", "2", "3"], "identical lines all stay"
    more = [*february, replace(LINES[0], month="2014-02", pounds="5")]
    (tmp_path / "3.csv").write_bytes(formats.july_2014(more))
    build(tmp_path)
    found = query(tmp_path, "SELECT release_id, count(*) FROM spend GROUP BY 1 ORDER BY 1")
    assert found == [("gcloud-sales-2014-01", 2), ("gcloud-sales-2014-02.2", 3)]
    assert query(tmp_path, "SELECT count(*) FROM changes") == [(0,)]


def test_preview_shows_what_a_file_would_do_and_does_nothing(
    tmp_path: Path, real_build: Path, real_files: Path
) -> None:
    """Before anything is public: quarantine, headings, revisions, sizes, names and totals."""
    source = real_files / "gcloud" / "G-Cloud-Spend-14-07-14-v2-For-import.csv"
    data = source.read_bytes().replace(b"SMEorLarge", b"Supplier Sizes")
    data = data.replace(b"Methods Consulting Ltd", b"Methodz Consultings Ltd")
    data = data.replace(b",43200,", b",43201,", 1).replace(b",33939.36,", b",lots,", 1)
    (tmp_path / "next.csv").write_bytes(data)
    before = sorted(path.stat().st_mtime_ns for path in (real_build / "archive").rglob("*"))
    feeds = ROOT / "tests" / "feeds.real.yml"
    done = ingest("preview", tmp_path / "next.csv", "--feeds", feeds, "--build", real_build)
    said = done.stdout
    assert "It would be release gcloud-sales-2014-06.2." in said
    assert "Unknown heading 'Supplier Sizes'; nearest known name 'Supplier Size'." in said
    assert "Quarantined line 3: amount 'lots' is not an amount of money (type-error)." in said
    assert "Revision of 2012-04" in said
    assert "New supplier: Methodz Consultings Ltd" in said
    assert sorted(p.stat().st_mtime_ns for p in (real_build / "archive").rglob("*")) == before


def test_preview_names_reclassified_suppliers(tmp_path: Path) -> None:
    """In 2017 many suppliers were reclassified; that moves the SME share of years gone by."""
    lines = formats.many()
    (tmp_path / "a.csv").write_bytes(formats.july_2014(lines))
    formats.declare(tmp_path, gcloud_sales="a.csv")
    build(tmp_path)
    large = [replace(li, size="Large") if li.supplier == "Firm 3 Ltd" else li for li in lines]
    (tmp_path / "next.csv").write_bytes(formats.july_2014(large))
    done = ingest(
        "preview", tmp_path / "next.csv", "--feeds", tmp_path / "feeds.yml",
        "--build", tmp_path / "build",
    )  # fmt: skip
    assert "1 suppliers reclassified." in done.stdout
    assert "Reclassified: firm-3, SME, becomes Large." in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("cadence: monthly", "cadence: montly", "line 2: feeds.gcloud-sales.cadence"),
        ("like: gcloud-sales", "like: nonsense", "'nonsense' names no other feed"),
        ("kind: file", "kind: fax", "line 5"),
        ("path: a.csv", "pth: a.csv", "line 5: feeds.gcloud-sales.sources.0.path: Field required"),
        ("feeds:", "foods:", "must have a mapping called 'feeds'"),
    ],
)
def test_a_mistake_in_a_declaration_is_one_sentence_with_its_line(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    """A publisher mends a declaration without reading code."""
    path = formats.declare(tmp_path, gcloud_sales="a.csv")
    text = path.read_text().replace("    like: gcloud-sales\n", "    like: gcloud-sales\n")
    if "cadence" in old:
        text = text.replace("    like", "    cadence: monthly\n    like")
        says = says.replace("line 2", "line 3")
    path.write_text(text.replace(old, new))
    done = ingest("build", "--feeds", path, "--build", tmp_path / "build")
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
