"""The kinds of values that parameters and fields hold: what is allowed, and what JSON shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

LONGEST_TEXT = 200
MOST_VALUES = 100
"""Values of one parameter that can be given at once."""
MOST_ROWS = 1000
"""Rows of a page at most."""
MOST_POUNDS = 10**12
NOT_PUBLISHED = "null"
"""The value of a filter that stands for: not published."""

_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True)
class PoundsOf:
    """Marks a field in pounds: JSON works it out from this field in pence, exactly."""

    pence: str


def _whole(given: Any) -> Any:
    """Only digits: int() would also take spaces, underscores and the digits of other scripts."""
    if isinstance(given, str) and not re.fullmatch(r"-?[0-9]{1,18}", given):
        raise ValueError("not a whole number")
    return given


def _true_or_false(given: Any) -> Any:
    if isinstance(given, str) and given not in ("true", "false"):
        raise ValueError("neither true nor false")
    return given == "true" if isinstance(given, str) else given


def _decimal(given: Any) -> Any:
    if isinstance(given, str) and not _NUMBER.fullmatch(given):
        raise ValueError("not a number")
    return given


def first_day(month: str) -> str:
    """2014-06 as the database has it, 2014-06-01."""
    return month if len(month) == len("2014-06-01") else f"{month}-01"


def least_pence(pounds: Decimal) -> int:
    return int((pounds * 100).to_integral_value(ROUND_CEILING))


def most_pence(pounds: Decimal) -> int:
    return int((pounds * 100).to_integral_value(ROUND_FLOOR))


# What a parameter can hold. The JSON schema of each says the same as its validator.
Month = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])(-01)?$", examples=["2014-06"]),
    AfterValidator(first_day),
]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Limit = Annotated[int, Field(ge=1, le=MOST_ROWS), BeforeValidator(_whole)]
TrueOrFalse = Annotated[bool, BeforeValidator(_true_or_false)]
Pounds = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    Field(ge=-MOST_POUNDS, le=MOST_POUNDS),
    WithJsonSchema({"type": "number", "minimum": -MOST_POUNDS, "maximum": MOST_POUNDS}),
]
# What a field of an answer holds.
Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
