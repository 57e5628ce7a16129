"""The filters of a table page in words, each with the address of the page without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from govspend_site import words

Pairs = list[tuple[str, str]]

_LOOKUPS = {
    "exact": "is {}", "not": "is not {}", "contains": "contains “{}”",
    "notcontains": "does not contain “{}”", "startswith": "starts with “{}”",
    "endswith": "ends with “{}”", "gt": "is over {}", "gte": "is {} or over", "lt": "is under {}",
    "lte": "is {} or under", "like": "is like “{}”", "notlike": "is not like “{}”",
    "glob": "matches “{}”", "in": "is one of {}", "notin": "is none of {}", "date": "is on {}",
    "arraycontains": "holds {}", "arraynotcontains": "does not hold {}",
    "isnull": "is not published", "notnull": "is published", "isblank": "is not published",
    "notblank": "is published",
}  # fmt: skip
# The form sends these anew; the others go along unseen.
_OF_THE_FORM = ("_search", "_next", "_filter_column", "_filter_op", "_filter_value")


@dataclass(frozen=True)
class Filter:
    """One filter: its column and value as asked, its words, and the query string without it."""

    column: str
    lookup: str
    value: str
    without: str

    def text(self, name: str) -> str:
        """The filter in words; `name` is its value as people know it."""
        if self.column == "_search":
            return f"Words: “{name}”"
        if self.column == "_where":
            return f"SQL: {name}"
        return f"{words.column_name(self.column)} {_LOOKUPS[self.lookup].format(name)}"


def active(pairs: Pairs) -> list[Filter]:
    """Filters among the arguments of a request, in their order."""
    found = []
    for place, (key, value) in enumerate(pairs):
        column, lookup = key, "exact"
        if "__" in key:
            column, lookup = key.rsplit("__", 1)
        elif key.startswith("_") and (key not in ("_search", "_where") or not value):
            continue
        if lookup in _LOOKUPS:
            others = [p for n, p in enumerate(pairs) if n != place and p[0] != "_next"]
            found.append(Filter(column, lookup, value, urlencode(others)))
    return found


def unknown(pairs: Pairs, columns: list[str]) -> str | None:
    """What is wrong with the first filter that cannot be applied, or None.

    SQLite takes an unknown column for a text, and Datasette passes over an unknown test: both
    would give a wrong answer without a word.
    """
    for key, _ in pairs:
        column, found, lookup = key.rpartition("__")
        if not found:
            column, lookup = key, "exact"
        if key.startswith("_") and not found:
            continue
        if column not in columns:
            return f"There is no column “{column}” to filter on."
        if lookup not in _LOOKUPS:
            return f"There is no test “{lookup}” to filter “{column}” with."
    return None


def kept(pairs: Pairs) -> Pairs:
    """What the filter form sends along unseen, so that what was asked before stays asked."""
    return [pair for pair in pairs if pair[0] not in _OF_THE_FORM]


def readable(column: str, value: str) -> str:
    """A value as people read it: months in words, pence as pounds."""
    if column.endswith("_pence"):
        try:
            return words.pounds(int(value))
        except ValueError:
            return value
    is_month = column == "month" or column.endswith("_month")
    return (words.month_name(value) if is_month else None) or value


def where_of(sql: str) -> str | None:
    """The WHERE clause of the SQL that Datasette shows for a page of spend, or None."""
    head, found, tail = sql.partition(" from spend ")
    if not found or not head.startswith("select "):
        return None
    return tail.rpartition("order by ")[0] if " order by " in f" {tail}" else None


def worth_words(pence: int, sme_share: float | None, shared: bool) -> str:
    """What the lines of one value come to and, unless they are of one size, the SME share of it."""
    text = words.rounded_pounds(pence)
    if not shared or (sme_share is not None and sme_share < 0):
        return text
    return (
        f"{text}, SME {sme_share:.1f}%" if sme_share is not None else f"{text}, SME share not known"
    )


def totals_words(sums: dict[str, Any], shared: bool) -> str:
    """What the lines come to and, unless they are of one size, the SME share of it."""
    lines = f"{sums['lines']:,} line{'' if sums['lines'] == 1 else 's'}"
    if not sums["lines"]:
        return lines
    share = words.percent(sums["sme_pence"], sums["pence"]) if sums["sized_lines"] else None
    text = f"{lines}, {words.pounds(sums['pence'])} in all"
    if not shared:
        return text
    if share is None:
        return f"{text}; the share of SMEs in it is not known"
    return f"{text}, {share} of it to SMEs" if sums["sme_pence"] >= 0 else text
