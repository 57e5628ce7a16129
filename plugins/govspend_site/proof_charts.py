"""What the charts of proof cards draw, from the rows of their tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from govspend_site import settled, words
from govspend_site.figure import ChartData
from govspend_site.proof_kind import Draw, Rows, counted

_UNITS = ((10**11, "£ billion"), (10**8, "£ million"), (10**5, "£ thousand"), (100, "£"))
MOST_BARS = 10
"""Bars that an image of a card has room for; the table has the rest."""


def money(rows: Rows, known: settled.Settled) -> ChartData | None:
    """Months as bars in £, £k, £m or £bn by their size; SMEs, other firms, size not published."""
    if not rows:
        return None
    scale, unit = _unit(max(row["total_pence"] for row in rows))
    series = [("SMEs", "sme_pence"), ("Other firms", "other_firms_pence")]
    if any(row["size_not_published_pence"] for row in rows):
        series.append(("Size not published", "size_not_published_pence"))
    drawn: list[dict[str, object]] = [
        {
            "month": row["month"],
            "size": name,
            "order": order,
            "provisional": known.is_provisional(row["month"]),
            "amount": row[field] / scale,
            "tip": f"{words.month_name(row['month'])}: {name} {words.rounded_pounds(row[field])}",
        }
        for row in rows
        for order, (name, field) in enumerate(series)
        if row[field]
    ]
    final = [row for row in rows if not known.is_provisional(row["month"])]
    text = f"{counted(len(rows), 'month')} with lines."
    if final:
        peak = max(final, key=lambda row: row["total_pence"])
        text += (
            f" The highest settled one was {words.month_name(peak['month'])}, with "
            f"{words.rounded_pounds(peak['total_pence'])}."
        )
    unit, text = _with_provisional(f"{unit} a month, without VAT", text, rows, known)
    return ChartData("proof_months", drawn, "Month by month", unit, text)


def _unit(highest: int) -> tuple[int, str]:
    """Pence of one unit, and what it is called, for amounts up to `highest` pence."""
    return next((unit for unit in _UNITS if highest >= unit[0]), _UNITS[-1])


def _with_provisional(unit: str, text: str, rows: Rows, known: settled.Settled) -> tuple[str, str]:
    """Unit and text of a chart, with which of its months are provisional, if any."""
    if not any(known.is_provisional(row["month"]) for row in rows):
        return unit, text
    return f"{unit}; paler months are provisional", f"{text} {known.sentence}"


def sme_share(rows: Rows, known: settled.Settled) -> ChartData | None:
    """The SME share of each month, as a line."""
    drawn: list[dict[str, object]] = [
        {
            "month": row["month"],
            "share": row["sme_pct"],
            "provisional": known.is_provisional(row["month"]),
            "tip": f"{words.month_name(row['month'])}: {row['sme_pct']:.1f}%",
        }
        for row in rows
        if row["sme_pct"] is not None
    ]
    if not drawn:
        return None
    final = [row for row in drawn if not row["provisional"]]
    text = "No month is settled yet."
    if final:
        text = f"Settled months, from first to last: {final[0]['share']}% to {final[-1]['share']}%."
    unit, text = _with_provisional("% of the spend of each month", text, rows, known)
    return ChartData("proof_share", drawn, "SME share of each month", unit, text)


def counts(by: str, one: str = "firm", many: str = "firms", column: str = "supplier_count") -> Draw:
    """Numbers of firms, or of what `one` is, by the table's first column, in its order."""

    def draw(rows: Rows, _known: settled.Settled) -> ChartData | None:
        unit = f"Number of {many} by {by}"
        said = partial(counted, one=one, many=many)
        return _bars(rows[:MOST_BARS], column, 1, unit, "Most", said)

    return draw


def amounts(what: str, column: str = "amount_pence") -> Draw:
    """Pence by the table's first column, in its order; `what` they are of."""

    def draw(rows: Rows, _known: settled.Settled) -> ChartData | None:
        scale, unit = _unit(max((abs(row[column]) for row in rows), default=0))
        said = f"{unit}, {what}"
        return _bars(rows[:MOST_BARS], column, scale, said, "Largest", words.rounded_pounds)

    return draw


def _bars(
    rows: Rows, column: str, scale: int, unit: str, most: str, said: Callable[[int], str]
) -> ChartData | None:
    """A bar for each row, named by its first column."""
    if not rows:
        return None
    by = next(iter(rows[0]))
    drawn: list[dict[str, object]] = [
        {
            "band": _band(row[by]),
            "amount": row[column] / scale if scale > 1 else row[column],
            "tip": f"{_band(row[by])}: {said(row[column])}",
        }
        for row in rows
    ]
    top = max(rows, key=lambda row: abs(row[column]))
    text = f"{most}: {_band(top[by])}, with {said(top[column])}."
    return ChartData("proof_bands", drawn, unit, unit, text)


def _band(value: Any) -> str:
    if value is None:
        return "not known"
    # 2011-12 is a financial year, and only a whole date is a month.
    text = str(value)
    return (words.month_name(text) if len(text) == len("2014-06-01") else None) or text


def changes(rows: Rows, known: settled.Settled) -> ChartData | None:
    """The months that a release changed most, by what it added or took off."""
    told = [row for row in rows if row["change_pence"]]
    told.sort(key=lambda row: -abs(row["change_pence"]))
    found = amounts("the change in each month", "change_pence")(told[:MOST_BARS], known)
    return found and replace(found, title="The months that it changed most")


def waits(rows: Rows, _known: settled.Settled) -> ChartData | None:
    """The share of firms that has reached a second buyer, month by month."""
    if not rows:
        return None
    drawn: list[dict[str, object]] = [
        {
            "month": row["month_number"],
            "share": row["reached_one_pct"],
            "tip": f"Month {row['month_number']}: {row['reached_one_pct']:.1f}%, "
            f"{counted(row['at_risk_count'], 'firm')} at risk",
        }
        for row in rows
    ]
    text = (
        f"{rows[0]['reached_one_pct']:.1f}% in the month of the first sale, "
        f"{rows[-1]['reached_one_pct']:.1f}% by {counted(rows[-1]['month_number'], 'month')} after."
    )
    unit = "% of firms with a second buyer, by months after the first sale"
    return ChartData("proof_waits", drawn, "Kaplan-Meier estimate", unit, text)
