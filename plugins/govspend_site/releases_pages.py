"""What a release was, and what it changed: the figures of /releases and /releases/ID."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from govspend_site import behind, queries, words
from govspend_site.behind import Behind

Row = dict[str, Any]

MOST_SUPPLIERS = 20
MOST_QUARANTINED = 100
_MEASURES = {
    "total_pounds": "Total of all months",
    "sme_pct": "Share of small and medium-sized firms",
    "central_government_pct": "Share of central government",
}


@dataclass(frozen=True)
class Check:
    """A figure stated at the time beside what the file comes to."""

    measure: str
    stated: str
    tolerance: str
    found: str
    source: str


@dataclass(frozen=True)
class Release:
    """What the page of a release shows. What compares is empty where no release is before it."""

    row: Row
    headings: list[str]
    unknown_headings: list[str]
    checks: list[Check]
    checks_behind: Behind
    quarantined: list[Row]
    quarantine_behind: Behind
    faults: list[Row]
    faults_behind: Behind
    months: list[Row]
    months_behind: Behind
    lines: Row | None
    suppliers: list[Row]
    supplier_count: int
    suppliers_behind: Behind
    sizes: list[Row]
    sizes_behind: Behind
    sizes_words: str
    reclassified: list[Row]
    reclassified_count: int
    reclassified_behind: Behind

    @property
    def revised(self) -> list[Row]:
        """Months that both releases tell, and tell otherwise."""
        return [
            month
            for month in self.months
            if month["before_pence"] is not None
            and (month["change_pence"] or month["before_count"] != month["after_count"])
        ]

    @property
    def added(self) -> list[Row]:
        """Months that the release before did not have."""
        return [month for month in self.months if month["before_count"] is None]


def check_words(row: Row) -> Check:
    """A row of releases_pages_checks.sql in words, in its own unit."""
    in_pounds = row["measure"].endswith("_pounds")
    found = row["found"]
    return Check(
        measure=_MEASURES.get(row["measure"], words.column_name(row["measure"])),
        stated=_amount(row["value"], in_pounds),
        tolerance=_amount(row["tolerance"], in_pounds),
        found="not known" if found is None else _found(found, in_pounds),
        source=row["source"],
    )


def _amount(value: str, in_pounds: bool) -> str:
    """A stated figure, with the digits that it was stated in."""
    number = Decimal(value)
    shown = f"{number:,f}"
    return f"£{shown}" if in_pounds else f"{shown}%"


def _found(value: float, in_pounds: bool) -> str:
    return f"£{value:,.2f}" if in_pounds else f"{value:.1f}%"


def sizes_words(sizes: list[Row], previous_id: str | None) -> str:
    """What can be said of firms whose published size changed."""
    if not previous_id:
        return "There is no release before this one to compare with."
    before = {row["supplier_size"] for row in sizes if row["before_count"]}
    after = {row["supplier_size"] for row in sizes if row["after_count"]}
    if before <= {None} and after <= {None}:
        return "Neither release publishes the size of firms."
    if before <= {None}:
        return "The release before did not publish the size of firms, so none was reclassified."
    if after <= {None}:
        return "This release no longer publishes the size of firms."
    return (
        "The sums show how far the sizes of earlier lines were published anew; the list after them "
        "names the firms whose size differs between the two releases."
    )


async def listed(datasette: Any) -> list[Row]:
    """Every release, newest data first."""
    return await queries.rows(datasette, "releases_pages_list")


async def one(datasette: Any, release_id: str) -> Release | None:
    """What the page of a release shows; None where this edition holds no such release."""
    found = await queries.rows(datasette, "releases_pages_one", {"release_id": release_id})
    if not found:
        return None
    row = found[0]
    asked = {"release_id": release_id}
    pair = {**asked, "previous_id": row["previous_id"] or ""}
    told = {**asked, "previous_month": row["previous_month"] or ""}
    both = {**pair, "previous_month": row["previous_month"] or ""}
    place = {"feed_id": row["feed_id"], "position": row["position"]}
    restated = bool(row["previous_id"] and row["restates_history"])
    suppliers = await _rows(datasette, "suppliers", told) if restated else []
    sizes = await _rows(datasette, "sizes", both) if restated else []
    reclassified = await _rows(datasette, "reclassified", asked) if restated else []
    return Release(
        row=row,
        headings=json.loads(row["headings"]),
        unknown_headings=json.loads(row["unknown_headings"]),
        checks=[check_words(check) for check in await _rows(datasette, "checks", asked)],
        checks_behind=_behind(datasette, "checks", asked),
        quarantined=(await _rows(datasette, "quarantine", asked))[:MOST_QUARANTINED],
        quarantine_behind=behind.by_table(datasette, "quarantine", asked),
        faults=await _rows(datasette, "faults", asked),
        faults_behind=behind.by_table(datasette, "data_quality", asked),
        months=await _rows(datasette, "months", pair),
        months_behind=_behind(datasette, "months", pair),
        lines=(await _rows(datasette, "lines", place))[0] if restated else None,
        suppliers=suppliers[:MOST_SUPPLIERS],
        supplier_count=len(suppliers),
        suppliers_behind=_behind(datasette, "suppliers", told),
        sizes=sizes,
        sizes_behind=_behind(datasette, "sizes", both),
        sizes_words=sizes_words(sizes, row["previous_id"]),
        reclassified=reclassified[:MOST_SUPPLIERS],
        reclassified_count=len(reclassified),
        reclassified_behind=_behind(datasette, "reclassified", asked),
    )


async def _rows(datasette: Any, name: str, parameters: dict[str, Any]) -> list[Row]:
    return await queries.rows(datasette, f"releases_pages_{name}", parameters)


def _behind(datasette: Any, name: str, parameters: dict[str, Any]) -> Behind:
    return behind.by_sql(datasette, queries.sql(f"releases_pages_{name}"), parameters)
