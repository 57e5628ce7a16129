"""Adds the lines of a release up: whole pence as integers, fractions of a penny exactly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ingest.money import Amount
from ingest.parse import Facets


@dataclass
class Summary:
    """What one staged release holds. Sums in pence are integers; exact ones are pounds as text."""

    encoding: str
    newline: str
    delimiter: str
    heading_line: int
    headings: list[str]
    unknown_headings: list[list[str | None]]
    date_order: str
    last_line: int = 0
    """where the last row of the file starts"""
    line_count: int = 0
    """lines below the heading that are not blank: loaded and quarantined together"""
    blank_count: int = 0
    loaded_count: int = 0
    quarantined_count: int = 0
    unreadable_count: int = 0
    """quarantined lines whose amount cannot be read; they are in no sum"""
    credit_count: int = 0
    zero_count: int = 0
    undescribed_count: int = 0
    rounded_count: int = 0
    published_amount: str = "0"
    """pounds, exact: the sum of every amount that can be read, loaded or quarantined"""
    loaded_pence: int = 0
    quarantined_pence: int = 0
    quarantined_abs_pence: int = 0
    loaded_abs_pence: int = 0
    rounding_amount: str = "0"
    """pounds, exact: (loaded + quarantined) - published"""
    sme_pence: int = 0
    sized_pence: int = 0
    """sum of the lines whose supplier size is published"""
    months: dict[str, list[int]] = field(default_factory=dict)
    """month -> [lines, pence] of the loaded lines"""


@dataclass
class Counted:
    """What is counted under one set of facets."""

    facets: Facets
    place: int
    """in the order in which they were found"""
    line_count: int = 0
    pence: int = 0


class Tally:
    """Adds lines up into a Summary."""

    def __init__(self, summary: Summary) -> None:
        self.summary = summary
        self.under: dict[Facets, Counted] = {}
        self._whole_pence = 0
        self._fractions = Decimal(0)
        self._rounding = Decimal(0)

    def counted(self, facets: Facets) -> Counted:
        """What is counted under `facets`, of which it is the first time or not."""
        found = self.under.get(facets)
        if found is None:
            found = self.under[facets] = Counted(facets, len(self.under))
        return found

    def add(
        self, under: Iterable[Counted], pence: Sequence[int], descriptions: Sequence[str | None]
    ) -> None:
        """Counts lines that are loaded and published in whole pence."""
        total = self.summary
        for one, amount in zip(under, pence, strict=True):
            one.line_count += 1
            one.pence += amount
        total.loaded_abs_pence += sum(map(abs, pence))
        total.credit_count += sum(amount < 0 for amount in pence)
        total.zero_count += pence.count(0)
        total.undescribed_count += descriptions.count(None)
        self._whole_pence += sum(pence)

    def add_fraction(self, pence: int, exact: Decimal) -> None:
        """Of a line that `add` took for `pence`: the pounds that were published for it."""
        self._whole_pence -= pence
        self._publish(pence, exact)

    def reject(self, amount: Amount | None) -> None:
        """Counts a line that is quarantined."""
        total = self.summary
        total.quarantined_count += 1
        if amount is None:
            total.unreadable_count += 1
            return
        pence, exact = amount
        total.quarantined_pence += pence
        total.quarantined_abs_pence += abs(pence)
        if exact is None:
            self._whole_pence += pence
        else:
            self._publish(pence, exact)

    def _publish(self, pence: int, exact: Decimal) -> None:
        """Counts what was published apart from what is loaded: the audit compares two sums."""
        self.summary.rounded_count += 1
        self._fractions += exact
        self._rounding += Decimal(pence).scaleb(-2) - exact

    def finish(self) -> None:
        total = self.summary
        months: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for facets, one in self.under.items():
            if not one.line_count:
                continue
            total.loaded_count += one.line_count
            total.loaded_pence += one.pence
            months[facets.month][0] += one.line_count
            months[facets.month][1] += one.pence
            if facets.supplier_size is not None:
                total.sized_pence += one.pence
                total.sme_pence += one.pence if facets.supplier_size == "SME" else 0
        total.line_count = total.loaded_count + total.quarantined_count
        total.rounding_amount = str(self._rounding)
        total.published_amount = str(Decimal(self._whole_pence).scaleb(-2) + self._fractions)
        total.months = dict(sorted(months.items()))
