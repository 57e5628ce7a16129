"""Break spend down in pounds: the same figures from a cube as from the lines, page after page."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from conftest import Site
from govspend_site import words


def asked(site: Site, sql: str) -> list[tuple[Any, ...]]:
    """The rows of SQL on the database that the site serves, read apart from the site."""
    with closing(sqlite3.connect(site.build / "govspend.db")) as db:
        return db.execute(sql).fetchall()


@pytest.mark.parametrize("given", ["", "buyer_id=home-office", "supplier_id__notnull=1"])
def test_page_after_page_gives_every_line_once(real_site: Site, given: str) -> None:
    """Protects from lines of one month that fall between two pages of results."""
    url = f"/govspend/spend.json?_shape=objects&_size=500&_nofacet=1&{given}"
    ids: list[str] = []
    while url:
        page = real_site.get(url).json()
        ids += [row["spend_id"] for row in page["rows"]]
        url = (page["next_url"] or "").removeprefix(real_site.url)
    assert len(ids) == len(set(ids)) == page["filtered_table_rows_count"]


FACETS = ("supplier_size", "lot", "sector", "financial_year", "framework", "month",
          "supplier_id", "buyer_id")  # fmt: skip
FILTERS = {
    "all lines": ("", "1"),
    "of a size": ("&supplier_size=SME", "supplier_size = 'SME'"),
    "of a lot and a year": ("&lot__contains=oftware&financial_year=2013-14",
                            "lot LIKE '%oftware%' AND financial_year = '2013-14'"),
    "of a month": ("&month=2013-09-01", "month = '2013-09-01'"),
    "of a buyer": ("&buyer_id=home-office", "buyer_id = 'home-office'"),
    "of a buyer in a month": ("&buyer_id=home-office&month__gte=2014-01-01",
                              "buyer_id = 'home-office' AND month >= '2014-01-01'"),
    "above nought": ("&amount_pence__gt=0", "amount_pence > 0"),
    "large": ("&amount_pence__gte=20000000", "amount_pence >= 20000000"),
    "of amounts between, of a lot": (
        "&amount_pence__gt=100&amount_pence__lte=5000000&lot__contains=oftware",
        "amount_pence > 100 AND amount_pence <= 5000000 AND lot LIKE '%oftware%'"),
    "large of a buyer": ("&amount_pence__gte=1000000&buyer_id=home-office",
                         "amount_pence >= 1000000 AND buyer_id = 'home-office'"),
    "in pounds, described, before a year": (
        "&amount__lt=500.5&description__notnull=1&financial_year__lt=2013-14",
        "amount < 500.5 AND description IS NOT NULL AND financial_year < '2013-14'"),
    "by words": ("&_search=hosting",
                 "rowid IN (SELECT rowid FROM spend_fts WHERE spend_fts MATCH 'hosting')"),
    "by words, above nought, of a lot": (
        "&_search=hosting&amount_pence__gt=0&lot__contains=oftware",
        "rowid IN (SELECT rowid FROM spend_fts WHERE spend_fts MATCH 'hosting') "
        "AND amount_pence > 0 AND lot LIKE '%oftware%'"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILTERS)
def test_breakdowns_in_pounds_are_those_of_the_lines(real_site: Site, name: str) -> None:
    """Protects from a cube that answers for other lines than the filters choose."""
    given, where = FILTERS[name]
    more = "".join(f"&_facet_pounds={column}" for column in FACETS[4:])
    url = f"/govspend/spend.json?_size=0&_facet_size=max{given}{more}"
    found = real_site.get(url).json()["facet_results"]
    assert set(found) == set(FACETS)
    for column in FACETS:
        rows = asked(
            real_site,
            f"SELECT {column}, count(*), sum(amount_pence), CASE WHEN sum(amount_pence) > 0 AND "  # noqa: S608 - our own words
            "count(supplier_size) > 0 THEN round(100.0 * sum(CASE WHEN supplier_size = 'SME' "
            "THEN amount_pence ELSE 0 END) / sum(amount_pence), 1) END "
            f"FROM spend WHERE {where} GROUP BY 1",
        )
        told = {r["value"]: (r["count"], r["amount_pence"]) for r in found[column]["results"]}
        shares = {r["value"]: r["sme_share"] for r in found[column]["results"]}
        if found[column]["not_published"]:
            one = found[column]["not_published"]
            told[None], shares[None] = (one["count"], one["amount_pence"]), one["sme_share"]
        assert told == {row[0]: (row[1], row[2]) for row in rows}
        for value, _, _, share in rows:
            assert shares[value] == (None if share is None else pytest.approx(share, abs=0.11))


def test_the_total_of_a_page_is_that_of_its_lines(real_site: Site) -> None:
    """Protects from a headline of a page that another way of adding up contradicts."""
    for given, where in FILTERS.values():
        ((count, pence),) = asked(
            real_site,
            f"SELECT count(*), sum(amount_pence) FROM spend WHERE {where}",  # noqa: S608 - our own words
        )
        text = real_site.get(f"/govspend/spend?_nofacet=1{given}").text
        assert f"{count:,} lines, {words.pounds(pence)} in all" in text


def test_breakdowns_that_cannot_be_made_are_refused(real_site: Site) -> None:
    """Protects from an address that costs a query for each of hundreds of breakdowns."""
    nine = "&".join(f"_facet={column}" for column in (*FACETS, "description"))
    refused = real_site.get(f"/govspend/spend.json?{nine}")
    assert refused.status_code == 400
    assert "9 breakdowns are asked for; 8 is the most." in refused.text
    assert real_site.get("/govspend/spend.json?_facet_pounds=nothing").status_code == 400
    assert real_site.get("/govspend/lots.json?_facet_pounds=framework").status_code == 400
    plain = real_site.get("/govspend/lots.json?_facet=framework").json()["facet_results"]
    assert plain["framework"]["type"] == "column"
