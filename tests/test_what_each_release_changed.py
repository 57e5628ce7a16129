"""A visitor asks of a release what it was and what it changed; figures against the files."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest
import shown
from conftest import Site
from govspend_site import releases_pages, words

OLD, NEW = "gcloud-sales-2013-11", "gcloud-sales-2014-06"


def test_every_release_is_listed_with_its_total(real_site: Site, real_files: Path) -> None:
    """The list is whole, and its totals are those of the files."""
    rows = shown.table(real_site.get("/releases").text, "Every release").body()
    assert list(rows) == [NEW, OLD]
    for release_id, cells in rows.items():
        lines = shown.published(real_files, release_id)
        assert f"{len(lines):,}" in cells
        assert shown.pounds(sum(int(line["pence"]) for line in lines)) in cells


@pytest.mark.parametrize("release_id", [OLD, NEW])
def test_receipt_is_that_of_the_file(real_site: Site, real_files: Path, release_id: str) -> None:
    """Who has the file can check that we read the same one."""
    body = (real_files / "gcloud" / shown.FILES[release_id]).read_bytes()
    html = real_site.get(f"/releases/{release_id}").text
    receipt = shown.table(html, f"Receipt of {release_id}").rows
    cells = {row[0]: row[1] for row in receipt}
    assert cells["SHA-256"] == hashlib.sha256(body).hexdigest()
    assert f"{len(body):,} bytes" in cells["File"]


def test_months_are_those_of_both_files(real_site: Site, real_files: Path) -> None:
    """Every month's before, now and change equal the two files, summed by csv alone."""
    html = real_site.get(f"/releases/{NEW}").text
    rows = shown.table(html, "What each month came to").body()
    before = shown.by_month(shown.published(real_files, OLD))
    now = shown.by_month(shown.published(real_files, NEW))
    assert len(rows) == len(now) == 27
    for month, pence in now.items():
        cells = rows[str(words.month_name(month))]
        assert cells[3] == shown.pounds(pence)
        if month in before:
            assert cells[2] == shown.pounds(before[month])
            assert cells[4] == shown.pounds(pence - before[month])
        else:
            assert cells[2] == "not yet told"
    lines = {
        release_id: Counter(line["month"] for line in shown.published(real_files, release_id))
        for release_id in (OLD, NEW)
    }
    # A month can be told otherwise line by line and still come to the same.
    revised = sum(
        now[month] != pence or lines[OLD][month] != lines[NEW][month]
        for month, pence in before.items()
    )
    assert f"It changed {revised} of the {len(before)} months" in " ".join(html.split())


def test_lines_kept_gone_and_new_add_up(real_site: Site) -> None:
    """What stayed and what is gone is the release before; what stayed and what is new is this."""
    answer = real_site.get(f"/govspend/release_lines.json?release_id={OLD}&_size=0")
    assert answer.json()["filtered_table_rows_count"] == 4699
    html = " ".join(real_site.get(f"/releases/{NEW}").text.split())
    said = html.split(f"Of the lines of {OLD}, ")[1].split(" lines are new.")[0]
    kept, rest = said.split(" stayed as they were in names, month and amount, and ")
    gone, new = rest.split(" are gone or were published anew. ")
    numbers = [int(text.replace(",", "")) for text in (kept, gone, new)]
    assert numbers[0] + numbers[1] == 4699
    assert numbers[0] + numbers[2] == 13492


def test_check_figures_are_shown_with_what_was_found(real_site: Site, real_files: Path) -> None:
    """A figure that Government stated stands beside what the file comes to, and who said so."""
    html = real_site.get(f"/releases/{NEW}").text
    rows = shown.table(html, "What was said of this file").body()
    lines = shown.published(real_files, NEW)
    total = sum(int(line["pence"]) for line in lines)
    sme = sum(int(line["pence"]) for line in lines if line["size"] == "SME")
    assert rows["Total of all months"][:3] == ["£217,000,000", "£500,000", shown.pounds(total)]
    share = rows["Share of small and medium-sized firms"]
    assert share[:3] == ["53%", "1%", f"{100 * sme / total:.1f}%"]
    assert "Government" in share[3]


def test_invented_figures_are_held_against_none(sample_site: Site) -> None:
    """The sample has the names of real releases; real totals must not be shown beside it."""
    html = sample_site.get("/releases/gcloud-sales-2014-06").text
    assert "nothing to hold it against" in html


def test_rejected_lines_are_shown_with_their_reason(sample_site: Site) -> None:
    """Each rejected line is there as published, with what is wrong in words."""
    html = sample_site.get("/releases/gcloud-sales-2017-06").text
    found = next(t for t in shown.read(html).tables if "could not be taken" in t.caption)
    rows = sample_site.get(
        "/govspend/quarantine.json?_shape=array&release_id=gcloud-sales-2017-06"
    ).json()
    assert rows
    assert [row[0] for row in found.rows[1:]] == [f"{row['line_number']:,}" for row in rows]


def test_sizes_that_were_not_published_before_are_not_reclassified() -> None:
    """A size that was unknown and is known now is no change of mind."""
    known = {"supplier_size": "SME", "before_count": 0, "after_count": 2}
    unknown = {"supplier_size": None, "before_count": 2, "after_count": 0}
    assert "none was reclassified" in releases_pages.sizes_words([known, unknown], "r")
    both = {"supplier_size": "SME", "before_count": 1, "after_count": 2}
    assert "names the firms" in releases_pages.sizes_words([both], "r")
    assert "no release before" in releases_pages.sizes_words([], None)


@pytest.mark.parametrize("asked", ["nope", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "x" * 10_000])
def test_a_release_that_is_not_there_is_a_plain_404(real_site: Site, asked: str) -> None:
    """A mistyped address leads on, and nothing of it is obeyed."""
    # Datasette leads an address with a percent sign to its own spelling of it first.
    answer = real_site.get(f"/releases/{asked}", follow_redirects=True)
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
    assert "start from the home page" in answer.text
    assert len(answer.text) < 12_000


def test_figures_equal_the_rows_behind_their_link(real_site: Site) -> None:
    """The JSON and the SQL that stand beside the months give the very figures."""
    html = real_site.get(f"/releases/{NEW}").text
    link = next(
        href for href in shown.read(html).links if ".json?sql=" in href and "before_c" in href
    )
    rows = shown.table(html, "What each month came to").body()
    for row in real_site.get(link).json():
        cells = rows[str(words.month_name(row["month"]))]
        assert cells[3] == shown.pounds(row["after_pence"])


def test_a_reclassified_supplier_is_named(sample_site: Site) -> None:
    """In 2017 many firms were reclassified backwards; that moves every share, so it is listed."""
    rows = sample_site.get("/govspend/reclassified.json?_shape=array&_size=max").json()
    assert rows, "the sample has a supplier that was published as SME and later as Large"
    row = rows[0]
    assert {row["before_sizes"], row["after_sizes"]} <= {"SME", "Large", "Large and SME"}
    assert row["before_sizes"] != row["after_sizes"]
    page = sample_site.get(f"/releases/{row['release_id']}").text
    assert "published under another size than before" in page
    assert f"/suppliers/{row['supplier_id']}" in page
