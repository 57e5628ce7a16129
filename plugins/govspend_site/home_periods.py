"""Spend by month, quarter or financial year, and whether it grew: the home page's figures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from govspend_site import words
from govspend_site.home_months import OTHER, SME_NAME, UNKNOWN, Month
from govspend_site.settled import Settled, month_after, months_between

PERIODS = {"month": "Month", "quarter": "Quarter", "year": "Financial year"}
MEASURES = {"pounds": "£", "share": "Share"}
_YEAR = 12
# Fewer months than these say little of growth: one large order would.
_LEAST_COMPARED = 3


@dataclass(frozen=True)
class Period:
    """Some months as one bar; `label` names it, `missing` is how many of its months are absent."""

    label: str
    months: tuple[Month, ...]
    missing: int
    is_provisional: bool

    @property
    def sme(self) -> int:
        return sum(month.sme for month in self.months)

    @property
    def other(self) -> int:
        return sum(month.other for month in self.months)

    @property
    def unknown(self) -> int:
        return sum(month.unknown for month in self.months)

    @property
    def total(self) -> int:
        return self.sme + self.other + self.unknown

    @property
    def share(self) -> str | None:
        """The SME share; None where there is nothing to be a share of, or no size is published."""
        is_sized = any(month.sme or month.other for month in self.months)
        return words.percent(self.sme, self.total) if is_sized else None

    @property
    def note(self) -> str:
        """What to know of the period beside its name; empty for most."""
        parts = ["in part"] * bool(self.missing) + ["provisional"] * self.is_provisional
        return ", ".join(parts)

    def lines(self, releases: Iterable[str] = ()) -> str:
        """Query string of the spend table with the lines of the period; of all feeds without."""
        first, last = self.months[0].month, self.months[-1].month
        pairs = {"month": first} if first == last else {"month__gte": first, "month__lte": last}
        of = ",".join(releases)
        return urlencode({**pairs, **({"release_id__in": of} if of else {})})


def label_of(month: str, by: str) -> str:
    """The period that a month is in: June 2014, April to June 2014, or 2014-15."""
    if by == "month":
        return words.month_name(month) or month
    year, number = int(month[:4]), int(month[5:7])
    if by == "quarter":
        first = (number - 1) // 3 * 3 + 1
        start = words.month_name(f"{year}-{first:02d}") or ""
        return f"{start.split()[0]} to {words.month_name(f'{year}-{first + 2:02d}')}"
    start_year = year if number >= 4 else year - 1
    return f"{start_year}-{(start_year + 1) % 100:02d}"


def periods(months: list[Month], by: str, covered: Settled) -> list[Period]:
    """The months, gathered. A period is provisional where any of its months is."""
    found = []
    for label, group in groupby(months, key=lambda month: label_of(month.month, by)):
        own = tuple(group)
        length = {"month": 1, "quarter": 3, "year": _YEAR}[by]
        provisional = any(covered.is_provisional(month.month) for month in own)
        found.append(Period(label, own, length - len(own), provisional))
    return found


def chart_rows(found: list[Period], unknown: bool, measure: str) -> list[dict[str, object]]:
    """One row for each bar's part: its period, series, place in the pile, and £ million or %."""
    series = [(SME_NAME, "sme"), (OTHER, "other")] + ([(UNKNOWN, "unknown")] * unknown)
    rows: list[dict[str, object]] = []
    for place, period in enumerate(found):
        # A share of nothing is no share: such a period has no bar.
        if measure == "share" and (period.share is None or period.total <= 0):
            continue
        for n, (name, field) in enumerate(series):
            pence = getattr(period, field)
            value = 100 * pence / period.total if measure == "share" else pence / 1e8
            rows.append({
                "month": period.months[0].month, "period": short(period), "place": place,
                "size": name, "order": n, "amount_m": value,
                "provisional": period.is_provisional, "tip": _tip(period, name, pence),
            })  # fmt: skip
    return rows


def _tip(period: Period, name: str, pence: int) -> str:
    """What a part of a bar says to who points at it."""
    note = f" ({period.note})" if period.note else ""
    share = words.percent(pence, period.total)
    part = f", {share}" if share else ""
    return f"{period.label}{note}: {name} {words.rounded_pounds(pence)}{part}"


def short(period: Period) -> str:
    """The period's name under its bar: Jun 2014, Q2 2014 (a calendar quarter) or 2014-15."""
    first, _, rest = period.label.partition(" to ")
    return f"{first[:3]}–{rest[:3]} {rest[-4:]}" if rest else period.label


def compared(months: list[Month], covered: Settled) -> tuple[list[Month], list[Month]] | None:
    """The last 12 settled months and the 12 before; None where they cannot be compared.

    Where the data begins too late for that, the months that both years have.
    """
    last = covered.last_settled
    by_month = {month.month: month for month in months if covered.is_comparable(month.month)}
    if last is None or last not in by_month:
        return None
    window = [month_after(last, back - _YEAR + 1) for back in range(_YEAR)]
    both = [m for m in window if m in by_month and month_after(m, -_YEAR) in by_month]
    if len(both) < _LEAST_COMPARED or months_between(both[0], last) + 1 != len(both):
        return None
    return [by_month[m] for m in both], [by_month[month_after(m, -_YEAR)] for m in both]


def growth(months: list[Month], covered: Settled) -> str:
    """One sentence on the last settled months against those a year before; empty without any."""
    found = compared(months, covered)
    if found is None:
        return ""
    now, before = found
    return growth_words(together(now), together(before), now[-1].month)


def together(months: list[Month]) -> Month:
    """The months as one, under the name of the first."""
    sums = (sum(getattr(m, size) for m in months) for size in ("sme", "other", "unknown"))
    return Month(months[0].month, *sums)


def growth_words(now: Month, before: Month, last_month: str) -> str:
    """Two spans, each summed up, in words: their money, the change, and the share of SMEs in each.

    `now` goes by its first month, and runs to `last_month`.
    """
    first, last = words.month_name(now.month) or "", words.month_name(last_month)
    if months_between(now.month, last_month) + 1 == _YEAR:
        when, then = f"In the last 12 settled months, to {last},", "the 12 months before"
    else:
        when = f"From {first.split()[0]} to {last}, the latest months that are settled,"
        then = "the same months a year before (the data does not reach further back)"
    said = (
        f"{when} {words.rounded_pounds(now.total)} was spent, {_change(now.total, before.total)} "
    )
    said += f"{words.rounded_pounds(before.total)} of {then}"
    shares = [_share(span) for span in (before, now)]
    if None in shares:
        return f"{said}."
    return f"{said}; the share of SMEs went from {shares[0]} to {shares[1]}."


def _change(now: int, before: int) -> str:
    """How an amount stands to an earlier one, to go before 'that amount': 12% more than the."""
    if before <= 0:
        return "after the"
    if now >= 2 * before:
        return f"{now / before:.1f} times the"
    part = f"{abs(now - before) * 100 / before:.0f}%"
    if part == "0%":
        return "about as much as the"
    return f"{part} {'more' if now > before else 'less'} than the"


def _share(span: Month) -> str | None:
    is_sized = (span.sme or span.other) and not span.unknown
    return words.percent(span.sme, span.total) if is_sized else None
