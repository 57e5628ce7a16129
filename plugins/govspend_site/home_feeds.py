"""How fresh each feed is: the month it reaches, its release, when the next is due, and if late."""

from __future__ import annotations

import calendar
import datetime
from dataclasses import dataclass

from govspend_site import words

_EVERY_MONTHS = {"monthly": 1, "quarterly": 3, "annual": 12}
# A publisher that is a fortnight behind is not late yet.
_GRACE_DAYS = 14


@dataclass(frozen=True)
class Fresh:
    """A feed with the newest of its current releases."""

    feed_id: str
    title: str
    cadence: str
    newest_month: str
    published_date: str | None
    release_id: str
    release_count: int

    @property
    def due_date(self) -> datetime.date | None:
        """When the next release was to come by its cadence; None where that is not known."""
        months = _EVERY_MONTHS.get(self.cadence)
        if months is None or self.published_date is None:
            return None
        return months_later(datetime.date.fromisoformat(self.published_date), months)

    def is_late(self, today: datetime.date) -> bool:
        due = self.due_date
        return due is not None and today > due + datetime.timedelta(days=_GRACE_DAYS)

    def due_in_words(self, today: datetime.date) -> str:
        """When the next release is or was due, in words."""
        due = self.due_date
        if due is None:
            return "When the next release is due is not known."
        verb = "is" if today <= due else "was"
        return f"It is {self.cadence}: the next release {verb} due by {words.date_name(due)}."


def months_later(day: datetime.date, months: int) -> datetime.date:
    """The same day so many months later, or the last of the month where it has no such day."""
    number = 12 * day.year + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return datetime.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def late_notice(feeds: list[Fresh], today: datetime.date) -> str:
    """Which feeds are late; empty where none is."""
    late = [feed for feed in feeds if feed.is_late(today)]
    if not late:
        return ""
    parts = [f"{feed.title} (due by {words.date_name(feed.due_date)})" for feed in late]
    one = len(late) == 1
    return (
        f"No newer release of {words.listed(parts)} has been taken here: "
        f"{'the feed is' if one else 'these feeds are'} late, and the figures end where "
        f"{'it does' if one else 'they do'}."
    )
