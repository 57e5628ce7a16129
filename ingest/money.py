"""Published amounts as exact pence. Knows the conventions of spreadsheets, not of any feed."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

# A single line of £100bn is an error, whatever it says; beyond it SQLite's integers could overflow.
MOST_PENCE = 10**13

# What nearly every line has, told without decimals: 1234.5 and £1,234.00.
_PLAIN = re.compile(r"(-?)[£\ufffd]?([0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,11})(?:\.([0-9]{1,2}))?")
_SIGNS = str.maketrans({"−": "-", "–": "-", "\xa0": " ", "\u202f": " ", "\ufffd": "£"})
_AMOUNT = re.compile(
    r"""
    (?P<open>\(?) \s* (?P<before>[-+]?) \s* (?:£|GBP)? \s* (?P<inside>\(?) \s*
    (?P<after>[-+]?) \s*
    (?P<digits> [0-9]{1,3}(?:[, ][0-9]{3})+ | [0-9]* )
    (?P<fraction> \.[0-9]* )?
    (?P<exponent> E[-+]?[0-9]{1,3} )?
    \s* (?:GBP)? \s* (?P<close>\)?) \s* (?P<suffix>-|CR|DR)? \s*
    """,
    re.VERBOSE | re.IGNORECASE,
)


class Amount(NamedTuple):
    pence: int
    exact: Decimal | None
    """The published pounds where they are no whole pence, else None."""


class NotMoney(ValueError):
    """The text is no amount; the message says why."""


def parse_amount(text: str, *, unit: str = "pounds", dash_is_zero: bool = True) -> Amount:
    """The amount that `text` states. Half a penny rounds away from zero.

    Takes `1234.5`, `£1,234.00`, `(£12.00)`, `-£12`, `12-`, `12 CR`, `1.2E+05` and, where the feed
    says so, a dash for nought. Raises NotMoney for anything else, never a guess.
    """
    if unit == "pounds" and (plain := _PLAIN.fullmatch(text.strip())):
        sign, pounds, fraction = plain.groups()
        pence = int(pounds.replace(",", "") + (fraction or "").ljust(2, "0"))
        return Amount(_within(-pence if sign else pence), None)
    pounds_exact = _decimal(text.translate(_SIGNS).strip(), dash_is_zero)
    if unit == "pence":
        pounds_exact = pounds_exact.scaleb(-2)
    hundredfold = pounds_exact.scaleb(2)
    if abs(hundredfold) > MOST_PENCE:
        raise NotMoney("is larger than any line can be")
    pence = int(hundredfold.quantize(Decimal(1), ROUND_HALF_UP))
    return Amount(pence, pounds_exact if hundredfold != pence else None)


def _within(pence: int) -> int:
    if abs(pence) > MOST_PENCE:
        raise NotMoney("is larger than any line can be")
    return pence


def _decimal(text: str, dash_is_zero: bool) -> Decimal:
    if dash_is_zero and text.replace("£", "").strip() in {"-", "--"}:
        return Decimal(0)
    match = _AMOUNT.fullmatch(text)
    if not match or not re.search("[0-9]", match["digits"] + (match["fraction"] or "")):
        raise NotMoney("is not an amount of money")
    opened = bool(match["open"]) + bool(match["inside"])
    signs = [match["before"], match["after"], match["suffix"] or ""]
    minus = sum(sign in ("-", "CR", "cr", "Cr", "cR") for sign in signs)
    if opened != bool(match["close"]) or minus + opened > 1:
        raise NotMoney("has signs or brackets that do not agree")
    digits = re.sub("[, ]", "", match["digits"]) or "0"
    fraction = match["fraction"] or ""
    number = Decimal(digits + (fraction if fraction != "." else "") + (match["exponent"] or ""))
    return -number if minus + opened else number
