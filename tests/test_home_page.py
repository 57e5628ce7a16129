"""A visitor lands on the home page: what was spent, whether it grows, and the way on."""

from __future__ import annotations

import csv
import datetime
import html
import io
import re
import sqlite3
from contextlib import closing
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Site
from govspend_site import home_feeds, home_periods, settled
from govspend_site.edition import Feed
from govspend_site.home_feeds import Fresh
from govspend_site.home_months import Month
from govspend_site.settled import Coverage, Revision, Settled, month_after, months_between

# Which months are settled.


def feed(feed_id: str, oldest: str, newest: str, settling: int = 6) -> Coverage:
    return Coverage(feed_id, feed_id, f"{oldest}-01", f"{newest}-01", settling, False)


def revisions(releases: int, final: int, by_age: dict[int, int]) -> list[Revision]:
    """Monthly releases to 2014-06 and back; a month of `age` is said to be by_age, else final."""
    found = []
    for back in range(releases):
        newest = month_after("2014-06-01", -back)
        for age in range(24):
            said = by_age.get(age, final)
            found.append(Revision(newest, newest, month_after(newest, -age), said, final))
    return found


def test_months_are_counted_over_the_new_year() -> None:
    """A settling time that crosses a year is not a month short."""
    assert months_between("2013-11-01", "2014-06-01") == 7
    assert month_after("2014-06-01", -6) == "2013-12-01"
    assert month_after("2013-12-01", 1) == "2014-01-01"
    assert month_after("2014-01-01", -1) == "2013-12-01"


def test_settling_time_is_what_earlier_releases_show() -> None:
    """A feed whose months move for three months and then stand still settles in three."""
    shown = revisions(30, 100, {0: 60, 1: 80, 2: 90})
    assert settled.settling_months(shown, "2015-12-01") == 3
    assert settled.settling_months(revisions(30, 100, {}), "2015-12-01") == 0
    # A month that is a little lower for ever is settled: a twentieth is allowed.
    assert settled.settling_months(revisions(30, 100, {5: 96}), "2015-12-01") == 0
    # One that still moves at twelve months has no shorter settling time.
    assert settled.settling_months(revisions(30, 100, {12: 50}), "2015-12-01") == 12


def test_too_few_releases_show_nothing() -> None:
    """Five earlier releases are no habit, and a young month cannot say what it settled at."""
    assert settled.settling_months(revisions(5, 100, {0: 60}), "2015-12-01") is None
    assert settled.settling_months(revisions(6, 100, {0: 60}), "2015-12-01") == 1
    assert settled.settling_months(revisions(6, 100, {0: 60}), "2014-07-01") is None


def test_default_is_the_one_that_the_site_says() -> None:
    """The default is stated beside the figures, in the same number."""
    text = (ROOT / "metadata.yml").read_text()
    said = text.split("  provisional: >-")[1].split("  sme-definition")[0]
    assert settled.DEFAULT_MONTHS == 6
    assert "taken to be six months" in said
    assert settled.ENOUGH_RELEASES == 6
    assert "at least six" in " ".join(said.split())


def test_the_newest_months_of_a_feed_are_provisional() -> None:
    """Data to June 2014 with six months to settle: December 2013 is compared, January is not."""
    one = Settled((feed("g", "2012-04", "2014-06"),))
    assert one.last_settled == "2013-12-01"
    assert not one.is_provisional("2013-12-01")
    assert one.is_provisional("2014-01-01")
    assert one.is_comparable("2012-04-01")
    assert not one.is_comparable("2012-03-01")
    assert "January 2014 and later in g" in one.sentence


def test_a_month_of_two_feeds_is_whole_where_both_cover_it() -> None:
    """A feed that starts later or ends sooner leaves months that no sum over both is whole for."""
    both = Settled((feed("g", "2012-04", "2018-07", 3), feed("d", "2016-04", "2018-03", 2)))
    assert both.last_settled == "2018-01-01"
    assert both.first_whole == "2016-04-01"
    assert not both.is_whole("2016-03-01")
    assert both.is_whole("2018-03-01")
    assert not both.is_whole("2018-04-01")
    assert not both.is_comparable("2018-03-01")
    assert both.of("g").last_settled == "2018-04-01"
    assert both.of("nothing").last_settled is None
    assert both.of("nothing").is_provisional("2012-01-01")


def test_coverage_is_of_the_feed_itself() -> None:
    """Revisions of one feed say nothing of another."""
    rows = [{"feed_id": "other", **r.__dict__} for r in revisions(30, 100, {0: 60})]
    told: dict[str, Any] = {
        "title": "", "publisher": "", "licence": "", "attribution": "", "release_id": "r",
        "oldest_month": "2012-04-01", "newest_month": "2015-12-01", "published_date": None,
    }  # fmt: skip
    assert settled.coverage(Feed(feed_id="g", **told), rows).settling_months == 6
    measured = settled.coverage(Feed(feed_id="other", **told), rows)
    assert (measured.settling_months, measured.is_measured) == (1, True)
    assert measured.last_settled == "2015-11-01"


def test_a_feed_that_adds_release_by_release_is_one_feed() -> None:
    """A feed whose releases each hold some months covers all of them, and is named once."""
    told: dict[str, Any] = {
        "title": "G", "publisher": "", "licence": "", "attribution": "", "published_date": None,
    }  # fmt: skip
    first = Feed("g", release_id="a", oldest_month="2014-01-01", newest_month="2014-03-01", **told)
    second = Feed("g", release_id="b", oldest_month="2014-04-01", newest_month="2014-06-01", **told)
    empty = Feed("d", release_id=None, oldest_month=None, newest_month=None, **told)
    (one,) = settled.merged([first, second, empty])
    assert (one.oldest_month, one.newest_month) == ("2014-01-01", "2014-06-01")


@pytest.mark.parametrize("month", ["2013-11-01", "2014-06-01"])
def test_real_months_that_rose_are_not_settled(month: str) -> None:
    """November 2013 rose 36% between releases; as newest month it would have been provisional."""
    release = Settled((feed("g", "2012-04", month[:7]),))
    assert release.is_provisional(month)


# Whether it grew.


def month(name: str, sme: int, other: int = 0, unknown: int = 0) -> Month:
    return Month(f"{name}-01", sme, other, unknown)


def year(start: str, pence: int) -> list[Month]:
    return [
        Month(month_after(f"{start}-01", n), pence // 2, pence - pence // 2, 0) for n in range(12)
    ]


def test_growth_is_over_settled_months_alone() -> None:
    """The newest months, which will still rise, are in neither of the two years."""
    months = [*year("2012-01", 100_00), *year("2013-01", 150_00), month("2014-01", 10**9)]
    covered = Settled((feed("g", "2012-01", "2014-01", 1),))
    assert home_periods.growth(months, covered) == (
        "In the last 12 settled months, to December 2013, £1.8k was spent, 50% more than the "
        "£1.2k of the 12 months before; the share of SMEs went from 50.0% to 50.0%."
    )


def test_growth_without_two_years_compares_the_months_that_both_have() -> None:
    """Months of one year stand beside the same months of the year before, and the page says so."""
    months = [*year("2012-04", 100_00), *year("2013-04", 300_00)]
    covered = Settled((feed("g", "2012-04", "2014-03", 3),))
    said = home_periods.growth(months, covered)
    assert said.startswith("From April to December 2013, the latest months that are settled, £2.7k")
    assert "3.0 times the £900 of the same months a year before" in said
    short = Settled((feed("g", "2012-04", "2013-08", 3),))
    assert home_periods.growth(months, short) == ""
    assert home_periods.growth([], Settled(())) == ""


def test_growth_of_two_feeds_needs_both() -> None:
    """Months that one feed does not cover are no growth when it begins, nor a fall when it ends."""
    months = [*year("2012-01", 1_00), *year("2013-01", 1_00), *year("2014-01", 9_00)]
    both = Settled((feed("g", "2012-01", "2014-12", 0), feed("d", "2014-01", "2014-12", 0)))
    assert home_periods.growth(months, both) == ""


def test_share_of_unknown_size_is_not_said() -> None:
    """Where sizes are not published, growth is told without a share."""
    months = [month(m.month[:7], 0, 0, 100_00) for m in [*year("2012-01", 1), *year("2013-01", 1)]]
    said = home_periods.growth(months, Settled((feed("g", "2012-01", "2013-12", 0),)))
    assert "about as much as" in said
    assert "share" not in said


@pytest.mark.parametrize(
    ("by", "label", "note"),
    [("month", "June 2014", "provisional"), ("quarter", "April to June 2014", "provisional"),
     ("year", "2014-15", "in part, provisional")],
)  # fmt: skip
def test_a_period_says_what_it_lacks(by: str, label: str, note: str) -> None:
    """A bar of three months is not taken for a year, nor an unsettled one for the last word."""
    months = [*year("2012-04", 100), *year("2013-04", 100),
              *(month(f"2014-0{n}", 60, 40) for n in (4, 5, 6))]  # fmt: skip
    found = home_periods.periods(months, by, Settled((feed("g", "2012-04", "2014-06"),)))
    assert (found[-1].label, found[-1].note) == (label, note)
    assert found[0].note == ""
    assert sum(period.total for period in found) == sum(m.total for m in months)


def test_a_share_of_nothing_has_no_bar() -> None:
    """A month of credits has no share, on the chart and in the table."""
    found = home_periods.periods([month("2014-06", -5, 5), month("2014-05", 60, 40)], "month",
                                 Settled((feed("g", "2012-04", "2014-06"),)))  # fmt: skip
    assert [period.share for period in found] == [None, "60.0%"]
    rows = home_periods.chart_rows(found, False, "share")
    assert [(row["period"], row["amount_m"]) for row in rows] == [
        ("May 2014", 60.0), ("May 2014", 40.0),
    ]  # fmt: skip


# When the next release is due.


def fresh(cadence: str, published: str | None) -> Fresh:
    return Fresh("g", "G-Cloud sales", cadence, "2014-06-01", published, "g-2014-06", 1)


def test_a_feed_is_late_a_fortnight_after_its_day() -> None:
    """A visitor learns that the figures are old because nothing newer came."""
    feed = fresh("monthly", "2014-07-14")
    assert feed.due_date == datetime.date(2014, 8, 14)
    assert not feed.is_late(datetime.date(2014, 8, 28))
    assert feed.is_late(datetime.date(2014, 8, 29))
    assert "is due by 14 August 2014" in feed.due_in_words(datetime.date(2014, 8, 1))
    assert "was due by 14 August 2014" in feed.due_in_words(datetime.date(2014, 9, 1))
    assert home_feeds.late_notice([feed], datetime.date(2014, 8, 1)) == ""
    assert "is late" in home_feeds.late_notice([feed], datetime.date(2015, 1, 1))


@pytest.mark.parametrize(
    ("cadence", "published", "due"),
    [("quarterly", "2014-11-30", datetime.date(2015, 2, 28)),
     ("annual", "2016-02-29", datetime.date(2017, 2, 28)),
     ("monthly", "2014-12-31", datetime.date(2015, 1, 31)),
     ("irregular", "2014-07-14", None), ("monthly", None, None)],
)  # fmt: skip
def test_when_a_release_is_due(cadence: str, published: str | None, due: Any) -> None:
    """Months have different ends, and what is not known is not guessed."""
    assert fresh(cadence, published).due_date == due
    assert due or "not known" in fresh(cadence, published).due_in_words(datetime.date.today())


# The page itself.


def plain(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def published(files: Path) -> list[tuple[str, str, int]]:
    """Month, size and pence of each line of the file itself."""
    path = files / "gcloud" / "G-Cloud-Spend-14-07-14-v2-For-import.csv"
    rows = csv.DictReader(io.StringIO(path.read_bytes().decode("mac_roman"), newline=""))
    return [(row["ReturnMonth"], row["SMEorLarge"],
             int((Decimal(row["EvidencedSpend"]) * 100).quantize(Decimal(1), ROUND_HALF_UP)))
            for row in rows]  # fmt: skip


def test_growth_of_the_real_files(real_files: Path, real_site: Site) -> None:
    """April to December 2013 against the same months of 2012, worked out from the file."""
    lines = published(real_files)

    def spent(year: int, size: str = "") -> int:
        return sum(pence for month, s, pence in lines
                   if f"{year}-04" <= month[:7] <= f"{year}-12" and size in s)  # fmt: skip

    now, before = spent(2013), spent(2012)
    said = plain(real_site.get("/").text)
    assert f"£{now / 1e8:.1f}m was spent, {now / before:.1f} times the £{before / 1e8:.1f}m" in said
    shares = [f"{100 * spent(y, 'SME') / spent(y):.1f}%" for y in (2012, 2013)]
    assert f"the share of SMEs went from {shares[0]} to {shares[1]}" in said
    assert "January 2014 and later in G-Cloud sales" in said


@pytest.mark.parametrize("by", ["month", "quarter", "year"])
@pytest.mark.parametrize("show", ["pounds", "share"])
def test_every_choice_shows_the_figures_of_the_file(
    real_files: Path, real_site: Site, by: str, show: str
) -> None:
    """Each row of the table is the sum of the file's lines, and its link leads to those lines."""
    lines = published(real_files)
    page = real_site.get(f"/?by={by}&show={show}").text
    assert page.count('role="img"') == 2
    rows = re.findall(r'<tr><th scope="row"><a href="/govspend/spend\?([^"]+)">.*', page)
    table = page[page.index('<table class="figures">') : page.index("</table>")]
    assert len(rows) == {"month": 27, "quarter": 9, "year": 3}[by]
    for query in rows:
        given = dict(pair.split("=") for pair in html.unescape(query).split("&"))
        first = given.get("month") or given["month__gte"]
        last = given.get("month") or given["month__lte"]
        own = [line for line in lines if first <= line[0] <= last]
        sme = sum(pence for _, size, pence in own if size == "SME")
        total = sum(pence for _, _, pence in own)
        (row,) = [line for line in table.splitlines() if f'?{query}"' in line]
        for figure in (f"£{sme / 100:,.2f}", f"£{total / 100:,.2f}", f"{100 * sme / total:.1f}%"):
            assert figure in row


def test_counts_are_of_those_that_sold_and_bought(real_site: Site) -> None:
    """A supplier or buyer counts by a sale, a positive line."""
    with closing(sqlite3.connect(real_site.db)) as db:
        [(suppliers, buyers)] = db.execute(
            "SELECT count(DISTINCT supplier_id), count(DISTINCT buyer_id) FROM spend "
            "WHERE supplier_size = 'SME' AND amount_pence > 0"
        ).fetchall()
    page = plain(real_site.get("/").text)
    assert f"SMEs that sold, of 339 suppliers {suppliers}" in page
    assert f"of 513 {buyers}" in page


def test_how_fresh_the_real_figures_are(real_site: Site) -> None:
    """Which month, which release, published when, due when, and that nothing newer came."""
    page = plain(real_site.get("/").text)
    assert "G-Cloud sales: data to June 2014, from release gcloud-sales-2014-06" in page
    assert "published 14 July 2014" in page
    assert "the next release was due by 14 August 2014" in page
    assert "the feed is late" in page


@pytest.mark.parametrize("query", ["by=day", "show=<script>", "feed=nope", "by=" + "x" * 10_000])
def test_a_choice_that_is_none_is_refused(real_site: Site, query: str) -> None:
    """A wrong address says so instead of showing another chart."""
    answer = real_site.get(f"/?{query}")
    assert answer.status_code == 400
    assert "start from the home page" in answer.text
    assert "<script>" not in answer.text.split("<main")[1]


def test_a_feed_can_be_chosen_where_there_are_two(sample_site: Site) -> None:
    """The chart of one feed is of its lines alone, and so are the links behind it."""
    page = sample_site.get("/?feed=dos-sales&by=year").text
    assert "Digital Outcomes and Specialists sales" in plain(page[page.index("by-month") :])
    with closing(sqlite3.connect(sample_site.db)) as db:
        sums = db.execute(
            "SELECT financial_year, sum(amount_pence) FROM spend JOIN releases USING (release_id) "
            "WHERE feed_id = 'dos-sales' GROUP BY 1"
        ).fetchall()
    table = page[page.index('<table class="figures">') : page.index("</table>")]
    for name, pence in sums:
        row = next(line for line in table.splitlines() if f">{name}</a>" in line)
        assert f"£{pence / 100:,.2f}" in row
        assert "release_id__in=dos-sales-" in row
    assert ">Both</a>" in page


def test_growth_of_one_feed_where_all_cannot_tell(sample_site: Site) -> None:
    """A feed that began late hides the growth of all, but not that of the feed before it."""
    page = plain(sample_site.get("/").text)
    assert "Through G-Cloud alone, in the last 12 settled months, to" in page
