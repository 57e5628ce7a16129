"""A visitor reads the news of a release; every figure against the files themselves."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import shown
from conftest import Site
from govspend_site import digest, digest_feed, queries, words

OLD, NEW = "gcloud-sales-2013-11", "gcloud-sales-2014-06"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def html(real_site: Site) -> str:
    answer = real_site.get("/digest/2014-06")
    assert answer.status_code == 200
    return answer.text


@pytest.fixture(scope="module")
def lines(real_site: Site, real_files: Path) -> list[dict[str, str]]:
    """The lines of June 2014 with the id and the name that each party is shown under."""
    return identified(real_site, real_files, NEW)


def identified(site: Site, files: Path, release_id: str) -> list[dict[str, str]]:
    """The published lines, with the name that each party is shown under (one name an id)."""
    found = shown.published(files, release_id)
    db = sqlite3.connect(site.db)
    for party in ("supplier", "buyer"):
        names = dict(
            db.execute(
                f"SELECT published_name, {party}s.name || '|' || {party}_id FROM {party}_names "  # noqa: S608 - our own names
                f"JOIN {party}s USING ({party}_id)"
            )
        )
        for line in found:
            line[party] = names[" ".join(line[party].split())]
    db.close()
    return found


def test_years_equal_the_files(html: str, lines: list[dict[str, str]], real_files: Path) -> None:
    """Totals, SME £ and share of each year, and what the release before had said."""
    rows = shown.table(html, "Spend by financial year").body()
    before = shown.by_month(shown.published(real_files, OLD))
    for year, months in (("2012-13", ("2012-04", "2013-03")), ("2013-14", ("2013-04", "2014-03"))):
        of_year = [line for line in lines if months[0] <= line["month"] <= months[1]]
        total = sum(int(line["pence"]) for line in of_year)
        sme = sum(int(line["pence"]) for line in of_year if line["size"] == "SME")
        told = sum(pence for month, pence in before.items() if months[0] <= month <= months[1])
        share = f"{100 * sme / total:.1f}%"
        assert rows[year][1:4] == [shown.pounds(total), shown.pounds(sme), share]
        assert rows[year][-1] == shown.pounds(told)
    assert rows["2014-15"][-1] == "not told"


@pytest.mark.parametrize(
    ("party", "said"), [("supplier", "suppliers have their"), ("buyer", "buyers have their")]
)
def test_newcomers_equal_the_file(
    html: str, lines: list[dict[str, str]], party: str, said: str
) -> None:
    """Who is new since November 2013, in how many, and what the largest of them came to."""
    first: dict[str, str] = {}
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[line[party]] += int(line["pence"])
        if int(line["pence"]) > 0:
            first[line[party]] = min(first.get(line[party], "9999"), line["month"])
    new = sorted((one for one in first if first[one] > "2013-11"), key=lambda one: -sums[one])
    assert f"{len(new):,} {said} first" in " ".join(html.split())
    verb = "sold" if party == "supplier" else "spent"
    rows = shown.table(html, f"The 25 that {verb} the most").rows[1:]
    assert [row[0] for row in rows] == [one.split("|")[0] for one in new[:25]]
    assert [row[-1] for row in rows] == [shown.pounds(sums[one]) for one in new[:25]]


def test_buyers_that_reached_a_level_equal_the_file(html: str, lines: list[dict[str, str]]) -> None:
    """A buyer is named when, and only when, its count of suppliers passed 10, 25, 50 or 100."""
    first: dict[tuple[str, str], str] = {}
    for line in lines:
        if int(line["pence"]) > 0:
            pair = (line["buyer"], line["supplier"])
            first[pair] = min(first.get(pair, "9999"), line["month"])
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for (buyer, _), month in first.items():
        counts[buyer][0] += month <= "2013-11"
        counts[buyer][1] += 1
    expected = {
        buyer.split("|")[0]: [
            str(max(n for n in (10, 25, 50, 100) if n <= now)),
            str(was),
            str(now),
        ]
        for buyer, (was, now) in counts.items()
        if any(was < level <= now for level in (10, 25, 50, 100))
    }
    assert expected
    assert shown.table(html, "Suppliers that each had bought from").body() == expected


@pytest.mark.parametrize("party", ["supplier", "buyer"])
def test_causes_of_revisions_equal_the_files(
    html: str, lines: list[dict[str, str]], real_site: Site, real_files: Path, party: str
) -> None:
    """Whose figures moved most between the releases, summed again from both files."""
    moved: dict[str, int] = defaultdict(int)
    for line in lines:
        if line["month"] <= "2013-11":
            moved[line[party]] += int(line["pence"])
    for line in identified(real_site, real_files, OLD):
        moved[line[party]] -= int(line["pence"])
    most = sorted(moved, key=lambda one: (-abs(moved[one]), one.split("|")[1]))[:10]
    rows = shown.table(html, f"By {party}").rows[1:]
    assert [row[0] for row in rows] == [one.split("|")[0] for one in most]
    signed = [("+" if moved[one] > 0 else "") + shown.pounds(moved[one]) for one in most]
    assert [row[-1] for row in rows] == signed


def test_the_most_revised_month_is_named(html: str) -> None:
    """November 2013 rose from £10.5m to £14.3m, and the digest says so."""
    text = " ".join(html.split())
    assert "November 2013 changed most: from £10.5m to £14.3m (+35.6%)" in text


def test_lots_grow_over_settled_months_only(html: str, lines: list[dict[str, str]]) -> None:
    """April to December 2013 beside the year before: whole, settled, and of the same length."""
    rows = shown.table(html, "Spend by lot, April 2013 to December 2013").body()
    sums = shown.by_month(lines)
    now = sum(pence for month, pence in sums.items() if "2013-04" <= month <= "2013-12")
    before = sum(pence for month, pence in sums.items() if "2012-04" <= month <= "2012-12")
    pence = [[int(re.sub("[^0-9-]", "", cell)) for cell in row[:2]] for row in rows.values()]
    assert sum(row[0] for row in pence) == before
    assert sum(row[1] for row in pence) == now


def test_nothing_is_foretold_without_six_revisions(html: str) -> None:
    """One earlier revision is no habit: the page says why it foretells nothing, and shows it."""
    assert "Nothing is foretold: that takes 6 earlier revisions" in html
    rows = shown.table(html, "Newest months as first told").body()
    assert rows["November 2013"][:2] == ["£10,534,140.84", "£14,279,331.56"]


def revision(first: int, then: int) -> dict[str, Any]:
    return {"first_pence": first, "next_pence": then}


def test_the_outlook_is_the_median_of_what_happened_before() -> None:
    """Six revisions foretell by their median, between the least and the greatest."""
    six = [revision(100, then) for then in (110, 120, 130, 140, 150, 200)]
    assert digest.outlook_of(six, 1000) == (1100, 1350, 2000)
    assert digest.outlook_of(six[:5], 1000) is None
    assert digest.outlook_of([*six, revision(0, 100)], 1000) is None


def test_format_changes_are_told(html: str) -> None:
    """The publisher changes the format without notice; the digest is the notice."""
    text = " ".join(html.split())
    assert "Headings that are gone: “Framework”" not in text
    assert "“Total_Charge”" in text.split("Headings that are gone")[1].split(".")[0]
    assert "“SMEorLarge”" in text.split("Headings that are new")[1].split(".")[0]
    assert "For framework the file no longer says" in text


def test_formats_that_differ_in_nothing_say_nothing() -> None:
    """No news is no sentence."""
    row = {"encoding": "utf-8", "line_ends": "LF", "heading_line": 1, "headings": '["A"]',
           "unknown_headings": "[]"}  # fmt: skip
    assert digest.format_changes(row, row, []) == []
    other = {**row, "encoding": "cp1252", "headings": '["A", "B"]', "unknown_headings": '["B"]'}
    assert digest.format_changes(row, other, []) == [
        "The encoding changed from utf-8 to cp1252.",
        "Headings that are new: “B”.",
        "No field is known for the headings B.",
    ]


def test_months_to_compare_are_settled_and_have_a_year_before() -> None:
    """At most twelve months, at least three, none of them provisional."""
    assert digest.growth_months("2012-04-01", "2014-06-01", 6) == ("2013-04-01", "2013-12-01", 9)
    assert digest.growth_months("2012-04-01", "2017-06-01", 3) == ("2016-04-01", "2017-03-01", 12)
    assert digest.growth_months("2012-04-01", "2013-11-01", 6) is None


@pytest.mark.parametrize("which", ["real", "sample"])
def test_sales_of_an_earlier_release_are_had_back_to_the_penny(
    which: str, request: pytest.FixtureRequest
) -> None:
    """Taking back later changes gives what each release said of every month, or names would lie."""
    build = request.getfixturevalue(f"{which}_build")
    db = sqlite3.connect(build / "govspend.db")
    pairs = queries.sql("digest_pairs")
    sql = f"WITH {pairs} SELECT month, sum(amount_pence) FROM pairs GROUP BY 1"  # noqa: S608 - our own SQL
    for (release_id,) in db.execute("SELECT release_id FROM releases").fetchall():
        told = db.execute(
            "SELECT month, sum(amount_pence) FROM release_months WHERE release_id = ? GROUP BY 1",
            [release_id],
        ).fetchall()
        assert db.execute(sql, {"release_id": release_id}).fetchall() == told
    db.close()


def test_an_earlier_release_says_what_cannot_be_known(real_site: Site) -> None:
    """The digest of a replaced release tells what it said at the time, and no more."""
    html = real_site.get("/digest/2013-11").text
    assert "A newer release has replaced this one" in html
    assert "first release of this feed here" in html
    rows = shown.table(html, "Spend by financial year").body()
    assert rows["2013-14"][1:4] == ["£59,514,594.03", "not known", "not known"]


def test_each_release_has_its_digest(sample_site: Site) -> None:
    """Whatever month a release ends with has a page, and the archive leads to it."""
    rows = sample_site.get("/govspend/releases.json?_shape=array").json()
    archive = shown.read(sample_site.get("/digest").text).links
    for row in rows:
        path = f"/digest/{row['newest_month'][:7]}"
        assert path in archive
        page = sample_site.get(path)
        assert page.status_code == 200
        assert row["release_id"] in page.text


@pytest.mark.parametrize(
    "month", ["2014-05", "9999-99", "nope", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "2" * 10_000]
)
def test_a_month_without_release_is_a_404_with_the_list(real_site: Site, month: str) -> None:
    """A mistaken month leads to those that there are."""
    answer = real_site.get(f"/digest/{month}")
    assert answer.status_code == 404
    assert "/digest/2014-06" in shown.read(answer.text).links
    assert "<script>alert" not in answer.text
    assert len(answer.text) < 12_000


def test_every_figure_has_its_rows(html: str, real_site: Site) -> None:
    """Each JSON link of the page answers with rows, and the first row of new suppliers agrees."""
    links = [href for href in shown.read(html).links if "/govspend.json?sql=" in href]
    assert len(links) >= 8
    for link in links:
        answer = real_site.get(link)
        assert answer.status_code == 200
        assert answer.json()
    new = real_site.get(next(link for link in links if "firsts" in link)).json()
    rows = shown.table(html, "The 25 that sold").rows
    assert [new[0]["name"], shown.pounds(new[0]["amount_pence"])] == [rows[1][0], rows[1][-1]]
    assert words.month_name(new[0]["first_month"]) == rows[1][1]


def test_the_feed_is_atom(real_site: Site, sample_site: Site) -> None:
    """A reader can follow it: well formed, with every element that RFC 4287 demands."""
    ids = []
    for site in (real_site, sample_site):
        answer = site.get("/digest.atom")
        assert answer.headers["content-type"].startswith("application/atom+xml")
        root = ET.fromstring(answer.content)
        assert root.tag == f"{ATOM}feed"
        for entry in (root, *root.findall(f"{ATOM}entry")):
            for name in ("id", "title", "updated"):
                assert entry.findtext(f"{ATOM}{name}")
            ids.append(entry.findtext(f"{ATOM}id"))
            for link in entry.findall(f"{ATOM}link"):
                assert site.get(link.attrib["href"].removeprefix(site.url)).status_code == 200
        assert root.findtext(f"{ATOM}author/{ATOM}name") == "GovSpend"
        assert root.findall(f"{ATOM}entry")
    assert len(ids) == len(set(ids)), "two things share an id"
    assert real_site.get("/digest/feed.atom").status_code == 200
    assert 'type="application/atom+xml"' in real_site.get("/digest").text


def test_a_feed_of_odd_names_is_well_formed() -> None:
    """A feed's title with an ampersand or a tag in it breaks nothing."""
    row = {
        "feed": "Sales <b>& more</b>", "sha256": "0" * 64, "published_date": None,
        "fetched_at": "2026-11-23T03:02:32Z", "newest_month": "2014-06-01",
        "oldest_month": "2012-04-01", "total_pence": 100, "sme_pence": None, "sized_count": 0,
        "newest_pence": 1,
    }  # fmt: skip
    root = ET.fromstring(digest_feed.feed([row], "T", lambda path: f"https://example.org{path}"))
    title = root.findtext(f"{ATOM}entry/{ATOM}title")
    assert title == "Sales <b>& more</b> to June 2014"
    assert ET.fromstring(digest_feed.feed([], "T", str)).findtext(f"{ATOM}updated")
