"""Figures and names as people read them. Nothing here reads the database or the request."""

from __future__ import annotations

import datetime
from decimal import Decimal, InvalidOperation

# A suffix says the unit or kind; the cell shows it, so the heading does without it.
_KIND_SUFFIXES = ("_pence", "_pct", "_at", "_date")
# An id shows the name that it stands for, and links to it: the heading names the party.
_SHOWN_BY_NAME = (
    *("supplier_id", "buyer_id", "largest_supplier_id"),
    *("release_id", "previous_release_id", "feed_id"),
)
_ACRONYMS = {
    "sme": "SME",
    "id": "ID",
    "url": "URL",
    "sha256": "SHA-256",
    "etag": "ETag",
    "smes": "SMEs",
}
# What a count can be of, in the singular.
_COUNTABLE = (
    "buyer", "byte", "credit", "customer", "line", "month", "name", "other", "region", "release",
    "revision", "sale", "sector", "sme", "supplier",
)  # fmt: skip
_MONTH_LENGTH = len("2014-06-01")


def pounds(pence: int) -> str:
    """An exact amount for a table: 123456 is £1,234.56 and -1200 is -£12.00."""
    sign = "-" if pence < 0 else ""
    whole, part = divmod(abs(pence), 100)
    return f"{sign}£{whole:,}.{part:02d}"


def pounds_from_text(value: object) -> str | None:
    """An amount in pounds, with at least two decimals and no digit lost; None if not a number."""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    if not amount.is_finite():
        return None
    if isinstance(value, float):
        amount = amount.quantize(Decimal("0.01"))
    decimals = max(2, -int(amount.as_tuple().exponent))
    return f"{'-' if amount < 0 else ''}£{abs(amount):,.{decimals}f}"


def rounded_pounds(pence: int) -> str:
    """An amount for a sentence: £1.2bn, £217.5m, £13.9k or £950."""
    sign, amount = ("-" if pence < 0 else ""), Decimal(abs(pence)) / 100
    for limit, unit in ((10**9, "bn"), (10**6, "m"), (10**3, "k")):
        # 999,950 would round to £1000.0k: the larger unit takes over where the rounding does.
        if amount >= limit * Decimal("0.99995"):
            return f"{sign}£{amount / limit:.1f}{unit}"
    return f"{sign}£{amount:.0f}"


def percent(part: int, whole: int) -> str | None:
    """A share to one decimal, or None where there is nothing to be a share of."""
    return f"{100 * part / whole:.1f}%" if whole > 0 else None


def month_name(month: object) -> str | None:
    """2014-06-01 and 2014-06 are June 2014; None for anything else."""
    text = str(month)
    if len(text) not in (7, _MONTH_LENGTH):
        return None
    try:
        day = datetime.date.fromisoformat(text if len(text) == _MONTH_LENGTH else f"{text}-01")
    except ValueError:
        return None
    return f"{day:%B %Y}" if day.day == 1 else None


def date_name(date: object) -> str | None:
    """2014-07-14 is 14 July 2014; None for anything else."""
    try:
        day = datetime.date.fromisoformat(str(date))
    except ValueError:
        return None
    return f"{day.day} {day:%B %Y}"


def instant_name(instant: object) -> str | None:
    """2026-11-23T03:02:32.2Z is 23 November 2026, 03:02 UTC; None for anything else."""
    try:
        at = datetime.datetime.fromisoformat(str(instant))
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    at = at.astimezone(datetime.UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def column_name(column: str) -> str:
    """A column's heading: supplier_size is Supplier size, amount_pence is Amount."""
    stem = column
    for suffix in _KIND_SUFFIXES:
        stem = stem.removesuffix(suffix) or stem
    if column.endswith(("_count", "_pence")):
        stem = _measured(stem.removesuffix("_count"), column.endswith("_count"))
    if stem in _SHOWN_BY_NAME:
        stem = stem.removesuffix("_id")
    words = [_ACRONYMS.get(word, word) for word in stem.split("_") if word]
    text = " ".join(words) + (" (%)" if column.endswith("_pct") else "")
    return text[:1].upper() + text[1:]


def _measured(stem: str, counted: bool) -> str:
    """What a count or an amount is of: line is lines, loaded is lines loaded or amount loaded."""
    if stem in ("amount", "change"):
        return stem
    if stem in ("zero", "blank"):
        return f"{stem}_lines"
    is_one_word = "_" not in stem
    if is_one_word and (stem.endswith(("ed", "able")) or stem in ("before", "after")):
        return f"lines_{stem}" if counted else f"amount_{stem}"
    if counted:
        # Only what can be counted gets an s: suppliers_that_sold has said all.
        return f"{stem}s" if stem.rpartition("_")[2] in _COUNTABLE else stem
    return f"{stem}_amount"


def listed(words: list[str]) -> str:
    """Words joined as in a sentence: a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
