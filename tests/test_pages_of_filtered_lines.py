"""A page of filtered lines shows those very lines, and their number, without reading all others.

The cubes tell where the lines lie; columns of facets have no index of their own to find them by.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from conftest import Site, in_a_loop, serving
from datasette.app import Datasette
from datasette.filters import Filters
from govspend_site import late, lines, live
from hypothesis import given, settings
from hypothesis import strategies as st

COLUMNS = ("framework", "lot", "sector", "supplier_size", "financial_year", "month",
           "supplier_id", "buyer_id", "release_id", "amount_pence", "amount", "amount_pence",
           "description")  # fmt: skip
LOOKUPS = ("exact", "exact", "exact", "not", "in", "notin", "contains", "startswith", "gt", "lte",
           "isnull", "notnull", "isblank", "notblank", "glob")  # fmt: skip


@pytest.fixture(scope="module")
def build(sample_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's edition without the indexes that no page may need."""
    folder = tmp_path_factory.mktemp("no-indexes")
    source = (sample_build / "govspend.db").resolve()
    (folder / "editions").mkdir()
    copy = folder / "editions" / source.name
    shutil.copyfile(source, copy)
    with closing(sqlite3.connect(copy)) as db:
        for column in ("framework", "lot", "sector", "supplier_size", "financial_year"):
            db.execute(f"DROP INDEX IF EXISTS spend_{column}")
    (folder / "govspend.db").symlink_to(Path("editions") / source.name)
    return folder


@pytest.fixture(scope="module")
def site(build: Path) -> Iterator[Site]:
    with serving(build) as found:
        yield found


@pytest.fixture(scope="module")
def edition(build: Path) -> live.Edition:
    return live.Edition(Datasette([]), (build / "govspend.db").resolve(), "govspend")


@pytest.fixture(scope="module")
def plain(build: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(build / "govspend.db")) as db:
        yield db


@settings(max_examples=150)
@given(data=st.data())
def test_a_page_and_its_number_of_lines_are_those_of_plain_sql(
    edition: live.Edition, plain: sqlite3.Connection, data: st.DataObject
) -> None:
    """Protects from a page that leaves out lines because a cube was asked the wrong thing."""
    asked = data.draw(st.lists(st.tuples(st.sampled_from(COLUMNS), st.sampled_from(LOOKUPS)),
                               max_size=3))  # fmt: skip
    pairs = [(f"{column}__{lookup}", _value(plain, data, column)) for column, lookup in asked]
    tests, params = Filters(sorted(pairs)).build_where_clauses("spend")
    order = data.draw(st.sampled_from(("month", "month desc")))
    where = f"where {' and '.join(tests)} " if tests else ""
    # Of so few lines none are rare enough for their parties to be looked up, unless it is said so.
    many = data.draw(st.sampled_from((5, lines.MANY)))
    count = f"select count(*) from spend {where}"  # noqa: S608 - our own names
    page = f"select spend_id, month from spend {where}order by {order}, spend_id limit 11"  # noqa: S608
    column = data.draw(st.sampled_from(COLUMNS))
    # As Datasette's own facet asks.
    facet = (
        f" select {column} as value, count(*) as count from ( select spend_id, lot, {column} from "  # noqa: S608
        f"spend {where}) where {column} is not null group by {column} order by count desc, value "
        "limit 7 "
    )
    for sql in (count, page, facet):
        assert _rows(edition, sql, params, many) == plain.execute(sql, params).fetchall()
    found = plain.execute(page, params).fetchall()
    if found:
        sql, more = _onward(tests, params, order, data.draw(st.sampled_from(found)))
        assert _rows(edition, sql, more, many) == plain.execute(sql, more).fetchall()


def _value(plain: sqlite3.Connection, data: st.DataObject, column: str) -> str:
    values = plain.execute(f"SELECT DISTINCT {column} FROM spend ORDER BY 1").fetchall()  # noqa: S608
    return str(data.draw(st.sampled_from([*(row[0] for row in values[:40]), "2014", "none", "%"])))


def _onward(
    tests: list[str], params: dict[str, Any], order: str, last: tuple[str, str]
) -> tuple[str, dict[str, Any]]:
    """The page after the line `last`, in Datasette's words."""
    sign, or_null = ("<", " or month is null") if order.endswith("desc") else (">", "")
    after = f"(month {sign} :p91{or_null} or (month = :p91 and ((spend_id > :p90))))"
    where = " and ".join([*tests, after])
    sql = f"select spend_id, month from spend where {where} order by {order}, spend_id limit 11"  # noqa: S608
    return sql, {**params, "p90": last[0], "p91": last[1]}


def _rows(
    edition: live.Edition, sql: str, params: dict[str, Any], many: int
) -> list[tuple[Any, ...]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "MANY", many)
        found = in_a_loop(edition.execute(sql, params))
    return [tuple(row) for row in found.rows]


def test_the_lines_are_not_gone_through(edition: live.Edition) -> None:
    """Protects from pages that take as long as there are lines, once nothing has an index."""
    params = {"p0": "Police", "p1": "x"}
    count = 'select count(*) from spend where "sector" = :p0 '
    page = 'select * from spend where "sector" = :p0 order by month desc limit 51'
    found = in_a_loop(lines.quicker(edition, count, params))
    assert found is not None
    assert "FROM spend " not in found[0]
    found = in_a_loop(lines.quicker(edition, page, params))
    assert found is not None
    assert "spend.month in (" in found[0]


@pytest.mark.parametrize(
    "where",
    ["where lower(lot) = :p0 ", "where lot = :p0 or 1 ", "where exists (select 1) ",
     'where "lot" = (select 1) ', 'where :p0 in (select value from json_each("spend"."lot")) '],
)  # fmt: skip
def test_what_is_not_a_plain_filter_is_left_alone(where: str) -> None:
    """Protects from answers of a cube to a question that it does not understand."""
    assert lines.tests_of(where) is None


def test_page_after_page_gives_every_line_once(site: Site) -> None:
    """Protects from lines that are left out where the months of one page end."""
    with closing(sqlite3.connect(site.build / "govspend.db")) as db:
        asked = "SELECT count(*) FROM spend WHERE sector = 'Health' AND supplier_size = 'SME'"
        (there,) = db.execute(asked).fetchone()
    url = "/govspend/spend.json?_shape=objects&_size=7&_nofacet=1&sector=Health&supplier_size=SME"
    ids: list[str] = []
    while url:
        page = site.get(url).json()
        ids += [row["spend_id"] for row in page["rows"]]
        url = (page["next_url"] or "").removeprefix(site.url)
    assert len(ids) == len(set(ids)) == page["filtered_table_rows_count"] == there


def test_the_api_gives_every_line_once(site: Site) -> None:
    """Protects a program that walks the pages of a filter, and its total."""
    filters = {"lot": "Digital Outcomes", "supplier_size": ["SME", "null"], "limit": 9}
    url = "/api/v1/spend?" + urlencode({**filters, "count": "true"}, doseq=True)
    found: list[dict[str, Any]] = []
    while url:
        page = site.get(url).json()
        found += page["rows"]
        url = (page["next"] or "").removeprefix(site.url)
    assert len({row["spend_id"] for row in found}) == len(found) == page["total"]["count"] > 0
    assert sum(row["amount_pence"] for row in found) == page["total"]["amount_pence"]
    assert all(row["lot"] == "Digital Outcomes" for row in found)


def test_a_facet_and_a_search_count_what_plain_sql_counts(
    edition: live.Edition, plain: sqlite3.Connection
) -> None:
    """Protects Datasette's own facets and the number of lines that a search finds."""
    inner = 'select spend_id, lot, sector from spend where "sector" = :p0 '
    facet = (  # as Datasette writes it
        f"\n select lot as value, count(*) as count from (\n {inner}\n )\n"  # noqa: S608 - ours
        " where lot is not null\n"
        " group by lot order by count desc, value limit 3\n"
    )
    params = {"p0": "Health"}
    found = in_a_loop(lines.quicker(edition, facet, params))
    assert found is not None
    assert "release_months" in found[0]
    assert plain.execute(*found).fetchall() == plain.execute(facet, params).fetchall() != []
    search = (
        "select count(*) from spend where rowid in "
        "(select rowid from spend_fts where spend_fts match escape_fts(:search)) "
    )
    plain.create_function("escape_fts", 1, lambda words: words)
    assert "from spend " not in late.of(search)
    (count,) = plain.execute(search, {"search": "support"}).fetchone()
    assert plain.execute(late.of(search), {"search": "support"}).fetchone() == (count,)
    assert count > 0


@pytest.mark.parametrize(("words", "is_often"), [("support", True), ("zanzibar", False)])
def test_a_search_shows_the_newest_lines_that_it_finds(
    edition: live.Edition, plain: sqlite3.Connection, words: str, is_often: bool
) -> None:
    """Protects the first page of a search that goes back from the newest line until it is full."""
    plain.create_function("escape_fts", 1, lambda given: given)
    params = {"search": words}
    asked = (
        "select spend_id, month from spend where rowid in "
        "(select rowid from spend_fts where spend_fts match escape_fts(:search)) "
        "order by month desc limit 3"
    )
    found = in_a_loop(lines.quicker(edition, asked, params))
    assert (found is not None) == is_often
    shown = in_a_loop(edition.execute(asked, params, truncate=True))
    expected = plain.execute(
        asked.replace("month desc limit", "month desc, spend_id limit"), params
    )
    assert [tuple(row) for row in shown.rows] == expected.fetchall()
