"""A visitor lands on the home page: what was spent, whether it grows, and the way on."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import ROOT
from govspend_site import settled
from govspend_site.edition import Feed
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


@pytest.mark.parametrize("month", ["2013-11-01", "2014-06-01"])
def test_real_months_that_rose_are_not_settled(month: str) -> None:
    """November 2013 rose 36% between releases; as newest month it would have been provisional."""
    release = Settled((feed("g", "2012-04", month[:7]),))
    assert release.is_provisional(month)
