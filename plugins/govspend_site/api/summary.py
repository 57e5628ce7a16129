"""The groups of /api/v1/summary: what lines can be put together by, and the columns of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from govspend_site import pounds, queries
from govspend_site.api.parameters import Parameters, SpendFilters

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


_OF_PARTIES = frozenset({"supplier_count", "buyer_count"})
# What a parameter or group is about, where that is no column of its name.
_COLUMN = {"supplier": "supplier_id", "buyer": "buyer_id", "month_from": "month",
           "month_to": "month", "quarter": "month"}  # fmt: skip
_FILTERS = frozenset(SpendFilters.model_fields) - frozenset(Parameters.model_fields)
_LINES = {
    "spend": "SELECT rowid, *, 1 AS line_count, amount_pence > 0 AS sale_count FROM spend",
    "pair_years": "SELECT *, last_month AS month FROM pair_years",
    "pair_months": f"SELECT * FROM {pounds.source_sql('pair_months')}",  # noqa: S608 - ours
}


def text(parameters: Any, fields: Sequence[str], there: Collection[str]) -> str:
    """The SQL that answers: of the smallest cube that tells all that is asked, or of lines.

    `there` are the tables of the edition.
    """
    filters = _FILTERS & parameters.model_fields_set
    needed = {_COLUMN.get(name, name) for name in {*filters, *parameters.group_by}}
    counts = bool(_OF_PARTIES & {*fields, parameters.sort.removeprefix("-")})
    # Of a whole month it is known how many sold and bought.
    whole = "month" in parameters.group_by and needed <= {"month", "financial_year"}
    whole = whole and "party_months" in there
    parties = {"supplier_id", "buyer_id"} if counts and not whole else set()
    # Who sold and who bought is counted in each, so a cube of one of them does not do.
    table = pounds.cube(needed | parties, _LINES.keys() & there)
    if table == "spend_months":
        of_months = queries.sql("api_summary_counts") if counts else ""
        return queries.sql("api_summary_cube").replace("/* counts */", of_months)
    return queries.sql("api_summary").replace("/* lines */", _LINES[table])


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
