"""The journey: 24 pages that people ask for, and what comes nearest to each on the stock stack."""
# ruff: noqa: S608 - SQL of our own words, for stock to run

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from .server import Client, Server

_WORD = "hosting"
_SUMS = "count(*) AS lines, sum(amount) AS amount, sum((supplier_size = 'SME') * amount) AS sme"


@dataclass(frozen=True)
class Page:
    """`paths` are the addresses of ours by preference: the first that the site has counts."""

    name: str
    paths: tuple[str, ...]
    stock: str
    is_summary: bool = True
    """a page of facets or sums, which stock makes from the lines"""


@dataclass(frozen=True)
class Most:
    """The values with most lines, and their names: the hardest pages."""

    supplier_id: str
    supplier: str
    buyer_id: str
    buyer: str
    lot: str
    sector: str
    financial_year: str


def most(edition: Path) -> Most:
    db = sqlite3.connect(f"{edition.as_uri()}?mode=ro&immutable=1", uri=True)
    with closing(db):
        # Of cubes, which are there wherever the lines are.
        def first(column: str) -> str:
            sql = (
                "SELECT [{0}] FROM pair_years WHERE [{0}] NOTNULL GROUP BY 1 "
                "ORDER BY sum(line_count) DESC"
            )
            return str(db.execute(sql.format(column)).fetchone()[0])

        def name(kind: str, party: str) -> str:
            # The name that most of its lines carry.
            sql = (
                "SELECT published_name FROM pair_totals JOIN {0}_names USING ({0}_name_id) "
                "WHERE pair_totals.{0}_id = ? GROUP BY 1 ORDER BY sum(line_count) DESC"
            )
            return str(db.execute(sql.format(kind), [party]).fetchone()[0])

        supplier, buyer = first("supplier_id"), first("buyer_id")
        return Most(
            supplier, name("supplier", supplier), buyer, name("buyer", buyer),
            first("lot"), first("sector"), first("financial_year"),
        )  # fmt: skip


def pages(top: Most) -> list[Page]:
    return [*_tables(top), *_summaries(top), *_searches(), *_for_programs(top)]


def _tables(top: Most) -> list[Page]:
    """The table with its default facets, as it is, by a value of each facet, and by several."""
    asked: list[tuple[str, dict[str, str]]] = [
        ("table", {}),
        ("facet: supplier size", {"supplier_size": "SME"}),
        ("facet: lot", {"lot": top.lot}),
        ("facet: sector", {"sector": top.sector}),
        ("facet: financial year", {"financial_year": top.financial_year}),
        ("facet asked for: framework", {"_facet": "framework"}),
        ("filters: year and size", {"financial_year": top.financial_year, "supplier_size": "SME"}),
        ("filters: sector and lot", {"sector": top.sector, "lot": top.lot}),
        ("filters: supplier", {"supplier_id": top.supplier_id}),
        ("filters: buyer and size", {"buyer_id": top.buyer_id, "supplier_size": "SME"}),
    ]
    names = {"supplier_id": ("supplier", top.supplier), "buyer_id": ("buyer", top.buyer)}
    facets = [("_facet", name) for name in ("supplier_size", "lot", "sector", "financial_year")]
    return [
        Page(
            name,
            (_asked("/govspend/spend", arguments),),
            "/stock/spend?"
            + urlencode(
                [*(names.get(key, (key, text)) for key, text in arguments.items()), *facets]
            ),
        )
        for name, arguments in asked
    ]


def _summaries(top: Most) -> list[Page]:
    """Home, profiles, rankings, the market and the digest."""
    by_month = _sql(f"SELECT month, {_SUMS} FROM spend GROUP BY month")
    return [
        Page("home", ("/",), by_month),
        Page("supplier", (f"/suppliers/{quote(top.supplier_id)}",), _of("supplier", top.supplier)),
        Page("buyer", (f"/buyers/{quote(top.buyer_id)}",), _of("buyer", top.buyer)),
        Page("ranking of suppliers", ("/suppliers",), _ranking("supplier")),
        Page("ranking of buyers", ("/buyers",), _ranking("buyer")),
        Page("ranking: SME suppliers", ("/govspend/top-sme-suppliers",),
             _ranking("supplier", "SME")),
        Page("market", ("/market",), _sql(f"SELECT financial_year, {_SUMS}, "
             "count(DISTINCT supplier) FROM spend GROUP BY financial_year")),
        Page("digest", ("/digest",), by_month),
        Page("SME spend by month", ("/govspend/sme-spend-by-month",), by_month),
    ]  # fmt: skip


def _searches() -> list[Page]:
    return [
        Page("search", (_asked("/search", {"q": _WORD}),),
             _asked("/stock/spend", {"_search": _WORD}), is_summary=False),
        Page("search of the table", (_asked("/govspend/spend", {"_search": _WORD}),),
             _asked("/stock/spend", {"_search": _WORD}), is_summary=False),
    ]  # fmt: skip


def _for_programs(top: Most) -> list[Page]:
    by_month = _sql(f"SELECT month, {_SUMS} FROM spend GROUP BY month")
    return [
        Page("API: sums", ("/api/v1/summary?group_by=month", "/govspend/sme-spend-by-month.json"),
             by_month.replace("/stock?", "/stock.json?")),
        Page("API: lines", (_asked("/api/v1/spend", {"lot": top.lot}),
                            _asked("/govspend/spend.json", {"lot": top.lot})),
             _asked("/stock/spend.json", {"lot": top.lot}), is_summary=False),
        Page("API: suppliers", ("/api/v1/suppliers", "/suppliers.json"),
             _ranking("supplier").replace("/stock?", "/stock.json?")),
    ]  # fmt: skip


def _of(kind: str, name: str) -> str:
    """A party by month."""
    sql = f"SELECT month, {_SUMS} FROM spend WHERE {kind} = :name GROUP BY month"
    return f"{_sql(sql)}&{urlencode({'name': name})}"


def _ranking(kind: str, size: str = "") -> str:
    where = f"WHERE supplier_size = '{size}'" if size else ""
    return _sql(f"SELECT {kind}, {_SUMS} FROM spend {where} GROUP BY 1 ORDER BY 3 DESC LIMIT 50")


def _sql(sql: str) -> str:
    return _asked("/stock", {"sql": sql})


def _asked(path: str, arguments: dict[str, str]) -> str:
    return path + f"?{urlencode(arguments)}" * bool(arguments)


def addresses(server: Server, journey: list[Page]) -> list[str]:
    """The address of each page of ours that this site has. Raises LookupError, naming the page.

    One that is there and refused, as when it takes too long, is an error of the journey's figures.
    """
    client = Client(server.port)
    found = []
    for page in journey:
        answers = {path: client.get(path).status for path in page.paths}
        there = [path for path, status in answers.items() if status == 200]
        there += [path for path, status in answers.items() if status not in (0, 200, 404)]
        if not there:
            raise LookupError(f"{page.name}: no page of the journey: {answers}")
        found.append(there[0])
    client.close()
    return found
