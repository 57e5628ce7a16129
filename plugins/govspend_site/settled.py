"""Which months are settled: later releases still raise the newest, which nobody should compare.

A feed's usual settling time comes from what its earlier releases first said of a month. Where there
are too few of them it is six months, as metadata.yml says beside the figures (`provisional`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from govspend_site import edition, queries, words

DEFAULT_MONTHS = 6
"""Months that a feed is taken to need where its releases are too few to tell."""
ENOUGH_RELEASES = 6
LONGEST = 12
"""No settling time is longer; a month this old in the newest release is taken as final."""
# A month is settled at an age from which nine in ten of them moved by no more than a twentieth.
_MOST_MOVED = 0.05
_MOST_OF_THEM = 0.9


@dataclass(frozen=True)
class Revision:
    """What a release said of a month, and what the newest release says of it (pence)."""

    release_id: str
    newest_month: str
    month: str
    then_pence: int
    now_pence: int

    @property
    def age(self) -> int:
        """Months that the month was old when the release said so; 0 for its newest month."""
        return months_between(self.month, self.newest_month)

    @property
    def moved(self) -> bool:
        return abs(self.now_pence - self.then_pence) > _MOST_MOVED * abs(self.now_pence)


@dataclass(frozen=True)
class Coverage:
    """The months of a feed: from, to, and how many of the newest are still provisional."""

    feed_id: str
    title: str
    oldest_month: str
    newest_month: str
    settling_months: int
    is_measured: bool
    """Whether the settling time is known from revisions; else it is the default."""

    @property
    def last_settled(self) -> str:
        return month_after(self.newest_month, -self.settling_months)

    def covers(self, month: str) -> bool:
        return self.oldest_month <= month <= self.newest_month


@dataclass(frozen=True)
class Settled:
    """The feeds of an edition that have data. `feed_ids` narrows every answer to some of them."""

    feeds: tuple[Coverage, ...]

    def of(self, *feed_ids: str) -> Settled:
        return Settled(tuple(feed for feed in self.feeds if feed.feed_id in feed_ids))

    @property
    def last_settled(self) -> str | None:
        """The newest month that is settled in every feed, as YYYY-MM-01; None without feeds."""
        return min((feed.last_settled for feed in self.feeds), default=None)

    @property
    def first_whole(self) -> str | None:
        """The oldest month that every feed covers."""
        return max((feed.oldest_month for feed in self.feeds), default=None)

    def is_provisional(self, month: str) -> bool:
        """Whether any feed may still raise the month, or has not reached it."""
        last = self.last_settled
        return last is None or month > last

    def is_whole(self, month: str) -> bool:
        """Whether every feed covers the month, so that a sum over feeds leaves none out."""
        return bool(self.feeds) and all(feed.covers(month) for feed in self.feeds)

    def is_comparable(self, month: str) -> bool:
        return self.is_whole(month) and not self.is_provisional(month)

    @property
    def sentence(self) -> str:
        """Which months are provisional and why, in words; empty without feeds."""
        if self.last_settled is None:
            return ""
        parts = [
            f"{words.month_name(month_after(feed.last_settled, 1))} and later in {feed.title} "
            f"({_how_known(feed)})"
            for feed in self.feeds
            if feed.settling_months
        ]
        return f"Provisional, and not compared: {'; '.join(parts)}." if parts else ""


def _how_known(feed: Coverage) -> str:
    if feed.is_measured:
        return f"its months usually settle within {feed.settling_months}"
    return f"the newest {feed.settling_months} months, as its releases are too few to tell"


def months_between(first: str, last: str) -> int:
    """Whole months from one ISO month to another: 2013-11-01 to 2014-06-01 is 7."""
    return 12 * (int(last[:4]) - int(first[:4])) + int(last[5:7]) - int(first[5:7])


def month_after(month: str, count: int) -> str:
    """The ISO month `count` months later, or earlier where it is below nought."""
    number = 12 * int(month[:4]) + int(month[5:7]) - 1 + count
    return f"{number // 12:04d}-{number % 12 + 1:02d}-01"


def settling_months(revisions: Iterable[Revision], newest_month: str) -> int | None:
    """The settling time that earlier releases show; None where they are too few to tell.

    Only months that are old in the newest release are asked: what those settled at is known.
    """
    ages: dict[int, list[bool]] = defaultdict(list)
    releases = set()
    for revision in revisions:
        if months_between(revision.month, newest_month) >= LONGEST and revision.age <= LONGEST:
            ages[revision.age].append(revision.moved)
            if revision.age == 0:
                releases.add(revision.release_id)
    if len(releases) < ENOUGH_RELEASES:
        return None
    settled = LONGEST
    for age in range(LONGEST, -1, -1):
        if not ages[age] or 1 - sum(ages[age]) / len(ages[age]) < _MOST_OF_THEM:
            break
        settled = age
    return settled


def coverage(feed: edition.Feed, rows: Iterable[dict[str, Any]]) -> Coverage:
    """The months of a feed that has a release; `rows` are those of settled.sql, of any feed."""
    revisions = [
        Revision(**{key: row[key] for key in Revision.__dataclass_fields__})
        for row in rows
        if row["feed_id"] == feed.feed_id
    ]
    newest = str(feed.newest_month)
    measured = settling_months(revisions, newest)
    return Coverage(
        feed_id=feed.feed_id,
        title=feed.title,
        oldest_month=str(feed.oldest_month),
        newest_month=newest,
        settling_months=DEFAULT_MONTHS if measured is None else measured,
        is_measured=measured is not None,
    )


def merged(feeds: Iterable[edition.Feed]) -> list[edition.Feed]:
    """Each feed once, with all the months of its current releases: some feeds add release by
    release, and stand in the edition with each of them."""
    found: dict[str, edition.Feed] = {}
    for feed in feeds:
        if feed.newest_month and feed.oldest_month:
            before = found.get(feed.feed_id, feed)
            oldest = min(feed.oldest_month, str(before.oldest_month))
            newest = max(feed.newest_month, str(before.newest_month))
            found[feed.feed_id] = replace(before, oldest_month=oldest, newest_month=newest)
    return list(found.values())


# Releases of an edition never change.
_KNOWN: dict[tuple[str, str], Settled] = {}


async def current(datasette: Any) -> Settled:
    """What is settled in the edition being served."""
    served = await edition.current(datasette)
    if served is None:
        return Settled(())
    key = (str(queries.database(datasette).path), served.edition_id)
    if key not in _KNOWN:
        rows = await queries.rows(datasette, "settled")
        feeds = tuple(coverage(feed, rows) for feed in merged(served.feeds))
        _KNOWN.clear()
        _KNOWN[key] = Settled(feeds)
    return _KNOWN[key]
