"""The same question asked in every way that the site offers: filters, and the ways to ask.

`COMBINATIONS` are filters as the API has them. A way takes a site and such filters, and gives how
many lines they choose and what these come to in pence. To add a way is to add it to `WAYS`.
"""

from __future__ import annotations

import csv
import io
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import openpyxl
from conftest import Site
from pyarrow import parquet

Filters = dict[str, Any]
Total = tuple[int, int]

_SINGLE: list[Filters] = [
    {},
    {"supplier_size": ["SME"]},
    {"supplier_size": ["null"]},
    {"supplier_size": ["Large", "null"]},
    {"lot": ["Software as a Service (SaaS)"]},
    {"lot": ["Digital Outcomes", "null"]},
    {"sector": ["Health", "Education"]},
    {"sector": ["null"]},
    {"framework": ["G-Cloud 5", "G-Cloud 6"]},
    {"financial_year": ["2014-15"]},
    {"month": ["2014-06-01", "2015-01-01"]},
    {"month_from": "2015-04-01"},
    {"month_to": "2014-03-01"},
    {"month_from": "2013-01-01", "month_to": "2015-12-01"},
    {"amount_from": "1000.01"},
    {"amount_to": "-0.01"},
    {"amount_from": "-500", "amount_to": "2500.50"},
    {"q": "consultancy"},
    {"q": "backup recovery"},
    {"q": "no-such-word OR (\"'*"},
]


def _combinations() -> list[Filters]:
    """Each filter by itself, and forty of two or three together, always the same."""
    chance = random.Random(4)
    found = list(_SINGLE)
    while len(found) < 60:
        mixed: Filters = {}
        for part in chance.sample(_SINGLE, chance.choice((2, 3))):
            mixed |= part
        if mixed not in found:
            found.append(mixed)
    return found


COMBINATIONS = _combinations()
_ANY_OF = ("supplier_size", "lot", "sector", "framework", "financial_year", "month")


def where(filters: Filters) -> tuple[str, list[Any]]:
    """The filters as an analyst writes them in SQL, with values for its question marks."""
    parts, values = ["1"], []
    for name, given in filters.items():
        if name in _ANY_OF:
            known = [value for value in given if value != "null"]
            options = [f"{name} IS NULL"] * ("null" in given) + [f"{name} = ?"] * len(known)
            parts.append(f"({' OR '.join(options)})")
            values += known
        elif name == "q":
            quoted = " ".join('"' + word.replace('"', " ").strip() + '"' for word in given.split())
            parts.append("rowid IN (SELECT rowid FROM spend_fts WHERE spend_fts MATCH ?)")
            values.append(quoted)
        else:
            column = "month" if name.startswith("month") else "amount_pence"
            sign = ">=" if name.endswith("_from") else "<="
            parts.append(f"{column} {sign} ?")
            values.append(given if column == "month" else int(Decimal(given) * 100))
    return " AND ".join(parts), values


def by_sqlite(site: Site, filters: Filters) -> Total:
    """The database file itself, without the site: what the ways are held against."""
    text, values = where(filters)
    sql = f"SELECT count(*), coalesce(sum(amount_pence), 0) FROM spend WHERE {text}"  # noqa: S608
    with closing(sqlite3.connect(f"file:{site.db}?mode=ro", uri=True)) as db:
        count, pence = db.execute(sql, values).fetchone()
    return count, pence


def by_api(site: Site, filters: Filters) -> Total:
    """count=true."""
    total = site.get("/api/v1/spend", params={**filters, "limit": 1, "count": "true"}).json()[
        "total"
    ]
    return total["count"], total["amount_pence"]


def by_api_rows(site: Site, filters: Filters) -> Total:
    """Every page, added up from the pounds as they stand in the JSON."""
    lines, pounds = 0, Decimal(0)
    url: str | None = f"{site.url}/api/v1/spend?{urlencode({**filters, 'limit': 1000}, True)}"
    while url:
        answer = site.get(url.removeprefix(site.url)).json(parse_float=Decimal)
        lines += len(answer["rows"])
        pounds += sum((row["amount"] for row in answer["rows"]), Decimal(0))
        url = answer["next"]
    return lines, int(pounds * 100)


def by_api_summary(site: Site, filters: Filters) -> Total:
    (row,) = site.get("/api/v1/summary", params=filters).json()["rows"]
    return row["line_count"], row["amount_pence"]


def by_api_csv(site: Site, filters: Filters) -> Total:
    text = site.get("/api/v1/spend.csv", params={**filters, "fields": "amount_pence"}).text
    return _added(text)


def by_api_parquet(site: Site, filters: Filters) -> Total:
    asked = {**filters, "fields": "amount_pence"}
    table = parquet.read_table(io.BytesIO(site.get("/api/v1/spend.parquet", params=asked).content))
    return table.num_rows, sum(table.column("amount_pence").to_pylist())


def by_api_workbook(site: Site, filters: Filters) -> Total:
    asked = {**filters, "fields": "amount_pence"}
    content = site.get("/api/v1/spend.xlsx", params=asked).content
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    heading, *cells = (row[0] for row in book.worksheets[0].iter_rows(values_only=True))
    assert heading == "amount_pence"
    pence = [int(str(cell)) for cell in cells]
    return len(pence), sum(pence)


def by_sql(site: Site, filters: Filters) -> Total:
    """SQL of one's own, in the site's editor or by a program."""
    text, values = where(filters)
    named = {f"p{number}": value for number, value in enumerate(values)}
    for name in named:
        text = text.replace("?", f":{name}", 1)
    sql = f"select count(*), coalesce(sum(amount_pence), 0) from spend where {text}"  # noqa: S608
    asked = {"sql": sql, "_shape": "arrays", **named}
    ((count, pence),) = site.get("/govspend.json", params=asked).json()["rows"]
    return count, pence


def table_query(filters: Filters) -> dict[str, Any] | None:
    """The filters as the table's page has them; None where it cannot say "one of, or unknown"."""
    found: dict[str, Any] = {}
    for name, given in filters.items():
        if name in _ANY_OF:
            if given == ["null"]:
                found[f"{name}__isnull"] = "1"
            elif "null" in given:
                return None
            else:
                found[f"{name}__in"] = ",".join(given)
        elif name == "q":
            _, (found["_search"],) = where({"q": given})
            found["_searchmode"] = "raw"
        else:
            column = "month" if name.startswith("month") else "amount_pence"
            value = given if column == "month" else int(Decimal(given) * 100)
            found[f"{column}__{'gte' if name.endswith('_from') else 'lte'}"] = value
    return found


def by_table_json(site: Site, filters: Filters) -> Total | None:
    query = table_query(filters)
    if query is None:
        return None
    # By id: sorted by another column, Datasette's first page leaves rows that tie in any order, and
    # the next page then passes some over.
    asked = {**query, "_sort": "spend_id", "_size": "max", "_nofacet": "1", "_shape": "objects"}
    url: str | None = f"/govspend/spend.json?{urlencode(asked)}"
    lines, pence = 0, 0
    while url:
        answer = site.get(url.removeprefix(site.url)).json()
        lines += len(answer["rows"])
        pence += sum(row["amount_pence"] for row in answer["rows"])
        url = answer["next_url"]
    return lines, pence


def by_table_csv(site: Site, filters: Filters) -> Total | None:
    query = table_query(filters)
    if query is None:
        return None
    return _added(site.get("/govspend/spend.csv", params={**query, "_size": "max"}).text)


def _added(text: str) -> Total:
    rows = list(csv.DictReader(io.StringIO(text)))
    return len(rows), sum(int(row["amount_pence"]) for row in rows)


WAYS: dict[str, Callable[[Site, Filters], Total | None]] = {
    "api-count": by_api,
    "api-rows": by_api_rows,
    "api-summary": by_api_summary,
    "api-csv": by_api_csv,
    "api-parquet": by_api_parquet,
    "api-xlsx": by_api_workbook,
    "sql": by_sql,
    "table-json": by_table_json,
    "table-csv": by_table_csv,
}
