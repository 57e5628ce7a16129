"""A chart of any result: which columns it is of, on what kind of axis, and its words.

Column names and texts are a visitor's: they go into a drawing as data and never as a field's name.
"""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from govspend_site import words

Kind = Literal["month", "day", "number", "text", "nothing"]

MARKS = {"bar": "Bars", "line": "Line"}
_NOUNS = {"bar": "bar", "line": "point"}
# What can be read: a bar with a name has a line to itself, the others share one axis.
MOST_NAMES = 50
MOST_POINTS = 400
# What a form can offer.
MOST_COLUMNS = 60
_LONGEST = 60
_LISTED = 12
_PENCE = 100


class Refused(ValueError):
    """A chart that cannot be drawn. One sentence for the visitor."""


@dataclass(frozen=True)
class Choices:
    """What the address asks for; None is left to be guessed."""

    mark: str
    x: str | None = None
    y: str | None = None


@dataclass(frozen=True)
class Plan:
    """A chart ready to be drawn: NAME.vl.json, its rows, its words, and the columns it is of."""

    name: str
    figures: list[dict[str, object]]
    title: str
    unit: str
    text: str
    mark: str
    x: str
    y: str


class Result:
    """Columns and rows of an answer, wherever from. Of two columns of one name it has the first."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self._places: dict[str, int] = {}
        for place, name in enumerate(columns):
            self._places.setdefault(name, place)
        self._rows = rows
        self._values: dict[str, list[Any]] = {}
        self.columns = list(self._places)
        self.row_count = len(rows)

    def values(self, column: str) -> list[Any]:
        if column not in self._values:
            place = self._places[column]
            self._values[column] = [_plain(row[place]) for row in self._rows]
        return self._values[column]

    def kind(self, column: str) -> Kind:
        return _kind(self.values(column))

    def is_distinct(self, column: str) -> bool:
        given = [value for value in self.values(column) if value is not None]
        return len(set(given)) == len(given)

    @property
    def offered(self) -> list[str]:
        """The columns that are looked at unasked: an answer can have two thousand."""
        return self.columns[:MOST_COLUMNS]

    @property
    def numeric(self) -> list[str]:
        return [name for name in self.offered if self.kind(name) == "number"]


def _plain(value: Any) -> Any:
    """A labelled key, which a table page has, is its label."""
    return value["label"] if isinstance(value, Mapping) and "label" in value else value


def _kind(values: Sequence[Any]) -> Kind:
    known = [value for value in values if value is not None]
    if not known:
        return "nothing"
    if all(isinstance(value, int | float) and math.isfinite(value) for value in known):
        return "number"
    if all(isinstance(value, str) and words.month_name(value) for value in known):
        return "month"
    return "day" if all(isinstance(value, str) and _day(value) for value in known) else "text"


def _day(text: str) -> datetime.date | None:
    if len(text) not in (7, 10):
        return None
    try:
        return datetime.date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        return None


def asked(arguments: Mapping[str, str]) -> Choices | None:
    """What `_chart`, `_x` and `_y` say; None where no chart is asked for."""
    mark = arguments.get("_chart") or ""
    return Choices(mark, arguments.get("_x"), arguments.get("_y")) if mark else None


def chosen(result: Result, choices: Choices) -> Choices:
    """The choices with what was left out filled in. Raises Refused."""
    if not result.row_count:
        raise Refused("There are no rows to draw.")
    if choices.mark not in MARKS:
        raise Refused(f"A chart cannot be “{_cut(choices.mark)}”. It can be {_either(MARKS)}.")
    for column in filter(None, (choices.x, choices.y)):
        if column not in result.columns:
            listed = words.listed([_cut(name) for name in result.columns[:_LISTED]])
            raise Refused(f"There is no column “{_cut(column)}” in this answer. It has {listed}.")
    x = choices.x or _first_x(result)
    numeric = result.numeric
    y = choices.y or next((name for name in numeric if name != x), None)
    if y is None:
        raise Refused("There is nothing to draw: no column of this answer holds numbers.")
    if result.kind(y) != "number":
        listed = words.listed([_cut(name) for name in numeric[:_LISTED]])
        such = f" It can be {listed}." if numeric else ""
        raise Refused(f"“{_cut(y)}” does not hold numbers, and a chart needs them.{such}")
    return Choices(choices.mark, x, y)


def _first_x(result: Result) -> str:
    """A column of months, days or names in which each row has its own; else the first of them."""
    kinds = {name: result.kind(name) for name in result.offered}
    order = [name for kind in ("month", "day", "text") for name in kinds if kinds[name] == kind]
    return next(filter(result.is_distinct, order), (order or result.columns)[0])


def _either(names: Mapping[str, str]) -> str:
    return " or ".join(names)


def _cut(text: object) -> str:
    """A visitor's text on one line and short. Without control characters, which stop a drawing."""
    said = " ".join("".join(c if c.isprintable() else " " for c in str(text)[:1000]).split())
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


def plan(result: Result, choices: Choices) -> Plan:
    """The chart that is asked for. Raises Refused."""
    full = chosen(result, choices)
    x, y = str(full.x), str(full.y)
    axis = _axis(result, full.mark, x)
    most = MOST_NAMES if (full.mark, axis) == ("bar", "text") else MOST_POINTS
    pairs = list(zip(result.values(x), result.values(y), strict=True))
    drawn = [(a, b) for a, b in pairs if axis == "text" or a is not None]
    labels = _labels([a for a, _ in drawn[:most]], axis)
    figures = [
        {"x": place, "y": _height(y, value), "tip": f"{label}: {said(y, value)}"}
        for (place, label), (_, value) in zip(labels, drawn[:most], strict=True)
    ]
    title = _cut(f"{_named(y)} by {_lowered(_named(x))}")
    return Plan(
        name=f"result_{full.mark}_{axis}",
        figures=figures,
        title=title,
        unit=_unit(y),
        text=_summary(full.mark, y, labels, drawn[:most], len(pairs), len(drawn))
        + ("" if result.is_distinct(x) else _repeated(full.mark, x)),
        mark=full.mark,
        x=x,
        y=y,
    )


def _axis(result: Result, mark: str, x: str) -> str:
    """month, day, number or text. What comes more than once has a place for each row."""
    kind = result.kind(x)
    if kind == "nothing" or not result.is_distinct(x):
        return "text"
    if mark == "bar":
        return "month" if kind == "month" else "text"
    return kind


def _labels(values: Sequence[Any], axis: str) -> list[tuple[object, str]]:
    """For each row its place on the axis, different for each, and its name in words."""
    if axis in ("month", "day"):
        name = words.month_name if axis == "month" else words.date_name
        days = [str(_day(str(value))) for value in values]
        return [(day, name(day) or day) for day in days]
    if axis == "number":
        return [(value, _plain_number(value)) for value in values]
    seen: Counter[str] = Counter()
    found: list[tuple[object, str]] = []
    for value in values:
        label = _text(value)
        seen[label] += 1
        shown = label if seen[label] == 1 else f"{label} ({seen[label]})"
        found.append((shown, label))
    return found


def _text(value: Any) -> str:
    if value is None or value == "":
        return "not known"
    if isinstance(value, bytes):
        return "binary"
    if isinstance(value, int | float):
        return _plain_number(value, comma="")
    return _dated(_cut(value))


def _dated(text: str) -> str:
    return words.month_name(text) or words.date_name(text) or text


def _height(column: str, value: int | float | None) -> float | None:
    """Pence are drawn in pounds."""
    if value is None:
        return None
    return value / _PENCE if column.endswith("_pence") else float(value)


def _unit(column: str) -> str:
    if column.endswith(("_pence", "_amount")) or column == "amount":
        return "Pounds"
    return "Per cent" if column.endswith("_pct") else ""


def said(column: str, value: int | float | None) -> str:
    """A value in words, by the ending of its column's name as in every table here."""
    if value is None:
        return "not known"
    unit = _unit(column)
    if unit == "Pounds":
        pence = value if column.endswith("_pence") else value * _PENCE
        return words.pounds(round(pence)) if math.isfinite(pence) else str(value)
    return f"{value:,.1f}%" if unit else _plain_number(value)


def _plain_number(value: int | float, comma: str = ",") -> str:
    if isinstance(value, int):
        return format(value, comma)
    return format(value, f"{comma}.6g")


def _named(column: str) -> str:
    return words.column_name(column) or column or "value"


def _lowered(heading: str) -> str:
    """A heading within a sentence; SME and ID stay as they are."""
    return heading if heading[:2].isupper() else heading[:1].lower() + heading[1:]


def _summary(
    mark: str,
    y: str,
    labels: Sequence[tuple[object, str]],
    drawn: Sequence[tuple[Any, Any]],
    row_count: int,
    placed_count: int,
) -> str:
    """What a chart shows, for who does not see it, and what it leaves out."""
    known = [(value, label) for (_, label), (_, value) in zip(labels, drawn, strict=True)
             if value is not None]  # fmt: skip
    noun = _NOUNS[mark]
    text = f"{len(drawn):,} {noun}{'' if len(drawn) == 1 else 's'}."
    if known:
        (low, at_low), (high, at_high) = min(known, key=_first), max(known, key=_first)
        text += f" Highest: {said(y, high)}, {at_high}. Lowest: {said(y, low)}, {at_low}."
    if placed_count > len(drawn):
        text += f" Only the first {len(drawn):,} of {row_count:,} rows are drawn."
    if row_count > placed_count:
        text += f" Rows without a place on the axis are left out ({row_count - placed_count:,})."
    return text


def _repeated(mark: str, x: str) -> str:
    noun = _NOUNS[mark]
    return f" “{_cut(x)}” repeats, so each row has a {noun} of its own; GROUP BY would add them up."


def _first(pair: tuple[Any, str]) -> Any:
    return pair[0]
