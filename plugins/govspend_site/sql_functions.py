"""Three functions for anyone's SQL: gbp(), sme_share() and financial_year().

They never raise: what is no amount or no date gives null, as what is not known does everywhere
here. (A Python function that raises reaches the visitor as "user-defined function raised
exception", which helps nobody.) Nothing here needs Datasette, so that any process can have them.
"""

from __future__ import annotations

import datetime
import functools
import math
import re
import sqlite3
from decimal import ROUND_HALF_UP, Decimal

from govspend_site import words

# What SQLite holds as an integer; a real beyond it is no amount of money.
_MOST = 2**63
_DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2})(?:[T ][^\n]*)?)?", re.ASCII)
_LONGEST = 40
_APRIL = 4


def register(connection: sqlite3.Connection) -> None:
    """Adds the functions to a connection; what a visitor reads of them is in metadata.yml."""
    connection.create_function("gbp", 1, gbp, deterministic=True)
    connection.create_function("financial_year", 1, financial_year, deterministic=True)
    connection.create_aggregate("sme_share", 2, SmeShare)  # type: ignore[arg-type]


def _number(value: object) -> int | float | None:
    """The value where it is a number that can be an amount, else None."""
    if isinstance(value, int | float) and math.isfinite(value) and abs(value) <= _MOST:
        return value
    return None


def gbp(pence: object) -> str | None:
    """123456 is '£1,234.56'. Part of a penny rounds half away from zero, as the loading does.

    Null for what is no number: null, a text (which could be pounds or pence), a blob, infinity.
    """
    amount = _number(pence)
    if isinstance(amount, float):
        amount = int(Decimal(amount).quantize(Decimal(1), ROUND_HALF_UP))
    return None if amount is None else words.pounds(amount)


def financial_year(date: object) -> str | None:
    """'2014-03-01' is '2013-14', as in the column financial_year: 1 April to 31 March.

    Takes a day, a month (2014-03) or an instant that begins with its day; null for anything else.
    """
    # Only what is short is looked up: the texts of a visitor's making must not be kept.
    return _year_of(date) if isinstance(date, str) and len(date) <= _LONGEST else None


@functools.lru_cache(maxsize=1024)
def _year_of(date: str) -> str | None:
    """The same months come again on every line, and this is six times as fast as reading each."""
    found = _DATE.fullmatch(date)
    if found is None:
        return None
    year, month, day = (int(part or 1) for part in found.groups())
    try:
        datetime.date(year, month, day)
    except ValueError:
        return None
    first = year if month >= _APRIL else year - 1
    return f"{first:04d}-{(first + 1) % 100:02d}"


class SmeShare:
    """sme_share(supplier_size, amount_pence): per cent of all spend that went to SMEs.

    As on every page: of all spend, with that of firms of unknown size; null where no size is
    published or all spend comes to zero or less; never clamped, so credits can take it below 0 or
    above 100. A line without an amount is left out, as sum() does. An amount that is no number
    makes the share null, since it cannot be told.
    """

    def __init__(self) -> None:
        self.sme: int | float = 0
        self.all: int | float = 0
        self.sized = False
        self.told = True

    def step(self, supplier_size: object, amount: object) -> None:
        if amount is None:
            return
        pence = _number(amount)
        if pence is None:
            self.told = False
            return
        self.all += pence
        if supplier_size is not None:
            self.sized = True
            self.sme += pence if supplier_size == "SME" else 0

    def finalize(self) -> float | None:
        if not self.told or not self.sized or self.all <= 0:
            return None
        return _number(100 * self.sme / self.all)
