"""A visitor asks how the market grew and to how few the money went; figures against the file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
import shown
from conftest import Site
from govspend_site import market, words
from govspend_site.settled import Coverage, Settled

NEW = "gcloud-sales-2014-06"


@pytest.fixture(scope="module")
def html(real_site: Site) -> str:
    answer = real_site.get("/market")
    assert answer.status_code == 200
    return answer.text


@pytest.fixture(scope="module")
def lines(real_files: Path) -> list[dict[str, str]]:
    return shown.published(real_files, NEW)


def ids(site: Site, party: str) -> dict[str, str]:
    """Published name -> id."""
    rows = site.get(f"/govspend/{party}_names.json?_shape=array&_size=max").json()
    return {row["published_name"]: row[f"{party}_id"] for row in rows}


def test_newcomers_equal_the_file(html: str, real_site: Site, lines: list[dict[str, str]]) -> None:
    """New and cumulative suppliers and buyers of every month, counted again from the csv."""
    rows = shown.table(html, "Suppliers and buyers by month").body()
    for party, place in (("supplier", 0), ("buyer", 3)):
        named = ids(real_site, party)
        months: dict[str, set[str]] = defaultdict(set)
        for line in lines:
            if int(line["pence"]) > 0:
                months[line["month"]].add(named[line[party].strip()])
        seen: set[str] = set()
        for month, active in sorted(months.items()):
            new = active - seen
            seen |= active
            cells = rows[str(words.month_name(month))][place : place + 3]
            assert cells == [f"{len(active):,}", f"{len(new):,}", f"{len(seen):,}"]


def test_largest_suppliers_equal_the_file(
    html: str, real_site: Site, lines: list[dict[str, str]]
) -> None:
    """The share of the largest 10, 25 and 100 in each year and in all, summed again."""
    rows = shown.table(html, "Share of the largest suppliers").body()
    named = ids(real_site, "supplier")
    sums: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        for year in (market.year_of(line["month"] + "-01"), market.ALL_YEARS):
            sums[year][named[line["supplier"].strip()]] += int(line["pence"])
    assert rows.keys() == sums.keys()
    for year, of in sums.items():
        best = sorted(of.values(), reverse=True)
        shares = [f"{100 * sum(best[:n]) / sum(best):.1f}%" for n in (10, 25, 100)]
        assert rows[year][-3:] == shares


def test_largest_suppliers_equal_the_canned_query(html: str, real_site: Site) -> None:
    """The page and the question that it links to never say two things."""
    rows = shown.table(html, "Share of the largest suppliers").body()
    for year in ("2012-13", "2013-14", "2014-15", ""):
        answer = real_site.get(f"/govspend/concentration.json?_shape=array&financial_year={year}")
        shares = [f"{row['amount_pct']:.1f}%" for row in answer.json()]
        assert rows[year or market.ALL_YEARS][-3:] == shares


@pytest.mark.parametrize("column", ["lot", "sector", "framework"])
def test_breakdowns_equal_the_question_behind(html: str, real_site: Site, column: str) -> None:
    """Spend by lot, sector and framework is that of the linked question, and sums to all."""
    rows = shown.table(html, f"Spend by {column}").body()
    found = real_site.get(f"/govspend/sme-spend-by-{column}.json?_shape=array").json()
    assert len(rows) == len(found)
    for row in found:
        cells = rows[row[column] or "not published"]
        assert cells[0] == shown.pounds(row["amount_pence"])
        assert cells[2] == f"{row['sme_pct']:.1f}%"


def test_sectors_equal_the_file(html: str, lines: list[dict[str, str]]) -> None:
    """Spend by sector, summed again from the csv."""
    rows = shown.table(html, "Spend by sector").body()
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[line["sector"]] += int(line["pence"])
    assert sum(sums.values()) == 21_745_567_458
    assert sorted(cells[0] for cells in rows.values()) == sorted(map(shown.pounds, sums.values()))


def test_march_is_compared_only_in_settled_years(html: str, lines: list[dict[str, str]]) -> None:
    """March 2013 stood at 6.8 times the other months; March 2014 can still rise and is not said."""
    months = shown.by_month(lines)
    other = [p for m, p in months.items() if "2012-04" <= m <= "2013-02"]
    ratio = months["2013-03"] / (sum(other) / len(other))
    rows = shown.table(html, "March beside").body()
    assert rows["2012-13"][0] == shown.pounds(months["2013-03"])
    assert rows["2012-13"][2] == f"{ratio:.1f}"
    assert rows["2013-14"][2] == "not compared"
    assert "it came to 6.8 times in 2012-13" in " ".join(html.split())


def test_a_year_of_two_kinds_of_months_is_not_even() -> None:
    """A feed that begins within a year would make its later months seem to rise."""
    early = Coverage("g", "g", "2012-04-01", "2018-06-01", 3, True)
    late = Coverage("d", "d", "2016-10-01", "2018-06-01", 3, True)
    assert market.is_even("2014-15", Settled((early, late)))
    assert not market.is_even("2016-17", Settled((early, late)))
    assert market.is_even("2016-17", Settled((early,)))
    assert not market.is_even(
        "2017-18", Settled((Coverage("g", "g", "2012-04-01", "2018-03-01", 3, True),))
    )


def test_every_chart_has_title_words_table_and_csv(html: str) -> None:
    """A chart that somebody cannot see is told in its title, its words and its figures."""
    assert html.count("<figure") >= 6
    for figure in html.split("<figure")[1:]:
        drawn = figure.split("</figure>")[0]
        assert "<title" in drawn and "<desc" in drawn and "<figcaption>" in drawn
        assert "<table" in figure or "The same figures as a table" in html.split(figure)[1]
    assert html.count(">CSV<") >= 6


def test_the_page_is_light(html: str, sample_site: Site) -> None:
    """At most 60 kB over the wire, with a history three times as long as the real one."""
    import gzip

    for text in (html, sample_site.get("/market").text):
        assert len(gzip.compress(text.encode())) < 60_000


def test_charts_without_figures_say_so() -> None:
    """An edition in which nothing was sold has words and no drawing."""
    assert market.top_words([]) == "There is no spend to be a share of."
    assert market.newcomer_words([], "supplier", "sold") == "No supplier has sold yet."
    assert market.breakdown_words([], "lot") == "There is no spend to break down."
    assert market.breakdown_figures([], "lot") == []
