"""The groups of /api/v1/summary: what lines can be put together by, and the columns of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from govspend_site import queries

# Group -> its columns and their SQL; the first tells groups apart.
GROUPS = {
    "month": {"month": "spend.month"},
    "quarter": {
        "quarter": "substr(spend.month, 1, 4) || '-Q' || "
        "((CAST(substr(spend.month, 6, 2) AS INTEGER) + 2) / 3)"
    },
    "financial_year": {"financial_year": "spend.financial_year"},
    "framework": {"framework": "spend.framework"},
    "lot": {"lot": "spend.lot"},
    "sector": {"sector": "spend.sector"},
    "supplier_size": {"supplier_size": "spend.supplier_size"},
    "supplier": {
        "supplier_id": "spend.supplier_id",
        "supplier_name": "(SELECT name FROM suppliers "
        "WHERE suppliers.supplier_id = spend.supplier_id)",
    },
    "buyer": {
        "buyer_id": "spend.buyer_id",
        "buyer_name": "(SELECT name FROM buyers WHERE buyers.buyer_id = spend.buyer_id)",
    },
}


# Groups, filters and figures of single lines, which no sum tells.
_OF_LINES = {"amount_from", "amount_to", "q"}
# Those of buyers and suppliers, which the sums by release and month cannot tell.
_OF_PARTIES = {"supplier", "buyer", "supplier_id", "buyer_id", "supplier_count", "buyer_count"}
# Those of which the sums of buyers and suppliers by year, or by month, know nothing.
_OF_MONTHS = {"month", "quarter", "month_from", "month_to", "release_id"}
_OF_YEARS = {"framework", "lot", "sector"}


def statement(parameters: Any, fields: Sequence[str]) -> str:
    """The SQL that answers: that of lines, or of sums where these can tell all that is asked."""
    asked = {*parameters.model_fields_set, *fields, *parameters.group_by}
    asked.add(parameters.sort.removeprefix("-"))
    if asked & _OF_LINES or (asked & _OF_PARTIES and asked & _OF_MONTHS and asked & _OF_YEARS):
        return queries.sql("api_summary")
    if not asked & _OF_PARTIES:
        return queries.sql("api_summary_cube")
    source = "api_summary_months" if asked & _OF_MONTHS else "api_summary_years"
    return queries.sql("api_summary_parties").replace("/* source */", f"\n{queries.sql(source)}\n")


def columns_but(groups: Sequence[str]) -> set[str]:
    """The columns of the groups that were not asked for."""
    return {column for name in GROUPS if name not in groups for column in GROUPS[name]}


def keys(groups: Sequence[str]) -> tuple[str, ...]:
    return tuple(next(iter(GROUPS[name])) for name in groups)


def grouped(sql: str, groups: Sequence[str]) -> str:
    """The SQL of a summary with the columns of the groups, and grouped by them."""
    shown = [f"{told} AS {name}," for group in groups for name, told in GROUPS[group].items()]
    # The + keeps SQLite from reading the lines in the order of an index, one by one.
    told = [f"+{next(iter(GROUPS[group].values()))}" for group in groups]
    sql = sql.replace("/* groups */", " ".join(shown))
    return sql.replace("/* group by */", f"GROUP BY {', '.join(told)}" if told else "")
