"""What a first sale looks like, how soon a second buyer follows, and how sure that is.

Pure functions over sales that are summed by firm, buyer and month. A month is an ISO first day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from govspend_site.settled import months_between

WATCHED = 12
"""Months within which a second buyer is looked for."""


@dataclass(frozen=True)
class Sale:
    """All that a firm sold to a buyer in a month: pence, above nought.

    `later_pence` is what it sold to that buyer later, where those months have no sale of their own.
    """

    supplier_id: str
    buyer_id: str
    month: str
    amount_pence: int
    later_pence: int = 0


@dataclass(frozen=True)
class Career:
    """What a firm's sales come to, how it began, and when it first sold to another buyer."""

    total_pence: int
    first_month: str
    first_pence: int
    first_buyers: tuple[str, ...]
    second_month: str | None

    def waited(self, end: str) -> tuple[int, bool]:
        """Months to the second buyer and True; months watched to `end` and False without one."""
        if self.second_month is not None and self.second_month <= end:
            return months_between(self.first_month, self.second_month), True
        return months_between(self.first_month, end), False


@dataclass(frozen=True)
class Step:
    """A month of the Kaplan-Meier table: firms still waiting at its start, and share arrived."""

    month: int
    at_risk: int
    reached: int
    estimate: Fraction

    @property
    def estimate_pct(self) -> float:
        return float(100 * self.estimate)


@dataclass(frozen=True)
class Second:
    """How many firms reached a second buyer, of those watched for long enough."""

    watched: int
    reached: int
    median_months: Fraction | None
    """Of those that did; None where none did."""
    steps: tuple[Step, ...]

    @property
    def at_a_year(self) -> Step | None:
        """The step at 12 months; None where no firm was watched for so long."""
        return next((s for s in self.steps if s.month == WATCHED and s.at_risk), None)


@dataclass(frozen=True)
class Totals:
    """Firms and what each sold in all (pence); quartiles by the middle of each half."""

    firms: int
    total_pence: int
    lower: Fraction
    median: Fraction
    upper: Fraction
    top_ten_pence: int


def careers(sales: Iterable[Sale]) -> dict[str, Career]:
    """supplier_id -> what it came to."""
    own: dict[str, list[Sale]] = defaultdict(list)
    for sale in sales:
        own[sale.supplier_id].append(sale)
    return {supplier_id: _career(found) for supplier_id, found in own.items()}


def _career(own: list[Sale]) -> Career:
    met: dict[str, str] = {}
    for sale in own:
        met[sale.buyer_id] = min(sale.month, met.get(sale.buyer_id, sale.month))
    months = sorted(met.values())
    first = months[0]
    return Career(
        total_pence=sum(sale.amount_pence + sale.later_pence for sale in own),
        first_month=first,
        first_pence=sum(sale.amount_pence for sale in own if sale.month == first),
        first_buyers=tuple(sorted(buyer for buyer, month in met.items() if month == first)),
        second_month=months[1] if len(months) > 1 else None,
    )


def median(values: Sequence[int]) -> Fraction:
    """The middle value, or the mean of the two in the middle. `values` is not empty."""
    ordered = sorted(values)
    return Fraction(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2], 2)


def totals(found: Iterable[Career]) -> Totals | None:
    """How much firms sold in all; None without firms."""
    sums = sorted(career.total_pence for career in found)
    if not sums:
        return None
    # The middle of an odd number belongs to neither half (Moore and McCabe); one firm is its own.
    half = max(1, len(sums) // 2)
    return Totals(
        firms=len(sums),
        total_pence=sum(sums),
        lower=median(sums[:half]),
        median=median(sums),
        upper=median(sums[-half:]),
        top_ten_pence=sum(sums[-10:]),
    )


def kaplan_meier(waits: Iterable[tuple[int, bool]]) -> list[Step]:
    """For each month to the longest wait: at risk, reached, and the share that has reached it.

    `waits` are months and whether they ended in the event. Who was last seen in a month counts as
    at risk in it.
    """
    known = list(waits)
    steps: list[Step] = []
    waiting = Fraction(1)
    for month in range(max((months for months, _ in known), default=-1) + 1):
        at_risk = sum(months >= month for months, _ in known)
        reached = sum(ended and months == month for months, ended in known)
        waiting *= 1 - Fraction(reached, at_risk)
        steps.append(Step(month, at_risk, reached, 1 - waiting))
    return steps


def second_buyer(found: Iterable[Career], end: str) -> Second:
    """How soon a second buyer followed, with nothing after the month `end` known."""
    waits = [career.waited(end) for career in found if career.first_month <= end]
    watched = [
        career.waited(end) for career in found if months_between(career.first_month, end) >= WATCHED
    ]
    ended = [months for months, did in waits if did]
    return Second(
        watched=len(watched),
        reached=sum(did and months <= WATCHED for months, did in watched),
        median_months=median(ended) if ended else None,
        steps=tuple(kaplan_meier(waits)),
    )
