"""Published dates as months. Whether day or month comes first is settled for a whole column."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterable
from typing import Literal

Order = Literal["day-first", "month-first"]
_ORDERS: tuple[Order, Order] = ("day-first", "month-first")

_TIME = r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?Z?)?"
# The release of December 2013 has a stray letter behind each date: 2012-10-01l.
_ISO = re.compile(rf"([0-9]{{4}})[-/]([0-9]{{1,2}})(?:[-/]([0-9]{{1,2}}))?{_TIME}[A-Za-z]?")
_SLASHED = re.compile(rf"([0-9]{{1,2}})[/.-]([0-9]{{1,2}})[/.-]([0-9]{{4}}|[0-9]{{2}}){_TIME}")
_NAMED = re.compile(r"(?:([0-9]{1,2})[-/ ])?([A-Za-z]{3,9})[-/ ,.'’]*([0-9]{4}|[0-9]{2})")
_MONTH_YEAR = re.compile(r"([0-9]{1,2})[/-]([0-9]{4})")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})?")
_SERIAL = re.compile(r"([0-9]{5})(?:\.[0-9]+)?")
_EPOCH = dt.date(1899, 12, 30)
_MONTHS = {
    name.casefold(): number
    for names in (calendar.month_name, calendar.month_abbr)
    for number, name in enumerate(names)
    if name
} | {"sept": 9}


def settle(values: Iterable[str], declared: Order) -> Order:
    """Whether 01/04/2014 in this column of `values` is 1 April or 4 January.

    A column of months names first or last days, so the order under which more values are dates,
    and then more are such days, is the column's. When that decides nothing, `declared` stands.
    """
    parts = [match.groups() for value in values if (match := _SLASHED.fullmatch(value))]

    def evidence(order: Order) -> tuple[int, int]:
        dates = [
            date for first, second, year in parts if (date := _ordered(first, second, year, order))
        ]
        return len(dates), sum(_is_month_edge(date) for date in dates)

    other = _ORDERS[1 - _ORDERS.index(declared)]
    return other if evidence(other) > evidence(declared) else declared


def parse_month(text: str, order: Order, *, serials: bool) -> str | None:
    """The first day of the month that `text` names, as ISO text; None when it names none."""
    date = _date(text, order, serials)
    return f"{date.year:04}-{date.month:02}-01" if date else None


def _date(text: str, order: Order, serials: bool) -> dt.date | None:
    if match := _ISO.fullmatch(text):
        return _valid(match[1], match[2], match[3] or "1")
    if match := _SLASHED.fullmatch(text):
        return _ordered(match[1], match[2], match[3], order)
    if match := _NAMED.fullmatch(text):
        number = _MONTHS.get(match[2].casefold())
        return _valid(_year(match[3]), str(number), match[1] or "1") if number else None
    if match := _MONTH_YEAR.fullmatch(text):
        return _valid(match[2], match[1], "1")
    if serials and (match := _SERIAL.fullmatch(text)):
        return _EPOCH + dt.timedelta(days=int(match[1]))
    if match := _COMPACT.fullmatch(text):
        return _valid(match[1], match[2], match[3] or "1")
    return None


def _ordered(first: str, second: str, year: str, order: Order) -> dt.date | None:
    day, month = (first, second) if order == "day-first" else (second, first)
    return _valid(_year(year), month, day)


def _year(text: str) -> str:
    return text if len(text) == 4 else f"20{text}"


def _valid(year: str, month: str, day: str) -> dt.date | None:
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None


def _is_month_edge(date: dt.date) -> bool:
    return date.day in (1, calendar.monthrange(date.year, date.month)[1])
