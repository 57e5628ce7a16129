"""Months of spend by size of firm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SME = "SME"
SME_NAME = "SMEs"
OTHER = "Other firms"
UNKNOWN = "Size not published"


@dataclass(frozen=True)
class Month:
    """Pence of one month: to SMEs, to other firms, and where the size is not published."""

    month: str
    sme: int
    other: int
    unknown: int

    @property
    def total(self) -> int:
        return self.sme + self.other + self.unknown

    @property
    def financial_year(self) -> str:
        year, month = int(self.month[:4]), int(self.month[5:7])
        start = year if month >= 4 else year - 1
        return f"{start}-{(start + 1) % 100:02d}"


def months_of(rows: Iterable[dict[str, Any]]) -> list[Month]:
    """Rows of month, supplier_size and amount_pence, gathered by month."""
    sums: dict[str, dict[str | None, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        sums[row["month"]][row["supplier_size"]] += row["amount_pence"]
    return [
        Month(
            month=month,
            sme=sizes.get(SME, 0),
            other=sum(pence for size, pence in sizes.items() if size not in (SME, None)),
            unknown=sizes.get(None, 0),
        )
        for month, sizes in sorted(sums.items())
    ]


def has_unknown(rows: Iterable[dict[str, Any]]) -> bool:
    """Whether any line is without a published size, even where such lines sum to nothing."""
    return any(row["supplier_size"] is None for row in rows)
