"""An edition of many lines keeps them in several files, and nobody who reads it can tell.

The same sample is served twice, from one file and from a shard for each financial year, and both
must say the same. What the shards are made by here (`splitting`) is not what the build makes them
by: the site stands on the contract alone.
"""

from __future__ import annotations

import csv
import hashlib
import html
import io
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
import yaml
from conftest import ROOT, Site, in_a_loop, serving
from govspend_site import late, live, queries, serve
from govspend_site.shards import files, statement, together
from govspend_site.shards.reader import Reader
from govspend_site.shards.together import MOST_ATTACHED, Together
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from splitting import split, split_copy

from ingest import publish

QUARTER = "substr(month, 1, 4) || '-Q' || ((substr(month, 6, 2) + 2) / 3)"
# Tables that are the same in both, for statements that a test asks of both.
COLUMNS = (
    "spend_id", "month", "financial_year", "framework", "lot", "sector", "supplier_size",
    "amount_pence", "amount", "supplier_id", "buyer_id", "description",
)  # fmt: skip


@pytest.fixture(scope="module")
def split_build(sample_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return split_copy(sample_build, tmp_path_factory.mktemp("split"))


@pytest.fixture(scope="module")
def split_site(split_build: Path) -> Iterator[Site]:
    with serving(split_build) as site:
        yield site


@pytest.fixture(scope="module")
def month_site(sample_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The same in a file a month: many more than SQLite attaches."""
    build = split_copy(sample_build, tmp_path_factory.mktemp("months"), "substr(month, 1, 7)")
    assert len(list(build.glob("editions/*/lines-*.db"))) > 6 * MOST_ATTACHED
    with serving(build) as site:
        yield site


@pytest.fixture(params=["split_site", "month_site"])
def several(request: pytest.FixtureRequest) -> Site:
    """The same lines in several files, few or many."""
    found: Site = request.getfixturevalue(request.param)
    return found


def reader_of(database: Path) -> Reader:
    """A reader of an edition's lines, as a process of the site has it."""

    def connect(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{path}?mode=ro&immutable=1", uri=True, isolation_level=None,
            check_same_thread=False,
        )  # fmt: skip

    return Reader(connect(database), database, files.of(database), connect, at_once=2)


@pytest.fixture(scope="module")
def by_quarter(sample_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An edition's file with a shard a quarter: twice what SQLite attaches."""
    database = tmp_path_factory.mktemp("quarters") / "govspend.db"
    shutil.copyfile((sample_build / "govspend.db").resolve(), database)
    database.with_suffix("").mkdir()
    split(database, database.with_suffix(""), QUARTER)
    return database


@pytest.fixture(scope="module")
def by_size(sample_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An edition's file with a shard a size of supplier, so that every month is in several."""
    database = tmp_path_factory.mktemp("sizes") / "govspend.db"
    shutil.copyfile((sample_build / "govspend.db").resolve(), database)
    database.with_suffix("").mkdir()
    split(database, database.with_suffix(""), "coalesce(supplier_size, 'unknown')")
    return database


def a_line(site: Site) -> dict[str, Any]:
    """A line from the middle of the data."""
    found = site.get("/govspend/spend.json?_shape=array&_sort=spend_id&_size=1").json()
    return dict(found[0])


def said(site: Site, path: str) -> tuple[int, str]:
    """Status and body of an address without what names the site or the clock."""
    answer = site.get(path)
    text = answer.text.replace(site.url, "")
    # SQLite gives a whole amount as 44800 or 44800.0, by the index that it takes.
    text = re.sub(r"(\d)\.0(?=[,\]}])", r"\1", text)
    return answer.status_code, re.sub(r'"query_ms": [\d.]+', "", text)


TABLE = [
    "/govspend/spend",
    "/govspend/spend?_search=hosting&_facet_pounds=buyer_id",
    "/govspend/spend?financial_year=2014-15&_facet=supplier_id",
    "/govspend/spend.json?_size=max",
    "/govspend/spend.json?month=2014-03-01&supplier_size__isnull=1",
    "/govspend/spend.json?amount_pence__gt=1000000&_sort_desc=month",
    "/govspend/spend.json?_search=support&_sort=amount_pence",
    "/govspend/spend.json?month__gte=2013-11-01&month__lte=2014-05-01&_sort=month",
    "/govspend/spend.json?supplier_size=SME&lot__in=Cloud+Hosting,Cloud+Support&_sort=spend_id",
    "/govspend/spend_named",
    "/govspend/spend_named.json?_sort_desc=amount_pence&_next=200",
    "/govspend/spend_named.json?_facet=supplier_name&supplier_name__contains=a",
    "/govspend/spend_named?_facet=buyer_name&_facet=lot",
    "/govspend/line_spans.json",
    "/govspend/spend_keyed",
    "/govspend/spend_keyed.json?supplier_key=3&_sort_desc=amount_pence",
    "/govspend/spend_keyed.json?_facet=categories_key&amount_pence__lt=0",
    "/govspend/ended_spans",
    "/govspend/ended_spans.json?first_position=1&_size=max",
]
PAGES = [
    "/search?q=hosting",
    "/firms-like-mine?words=hosting",
    "/firms-like-mine?size=SME",
    "/govspend/search?words=cloud",
    "/govspend/who-sells",
    "/govspend/who-sells?words=support&supplier_size=SME",
    "/govspend/what-one-buyer-bought",
    "/govspend/what-one-buyer-bought.json?financial_year=2015-16",
    "/releases/gcloud-sales-2017-06",
    "/govspend/releases/gcloud-sales-2017-06",
    "/proof/",
]
API = [
    "/api/v1/spend",
    "/api/v1/spend?q=hosting&sort=amount&count=true",
    "/api/v1/spend?sort=-amount&limit=7&count=true",
    "/api/v1/spend?supplier=ltd&buyer=council&month_from=2014-01&count=true",
    "/api/v1/spend?amount_from=100000&sort=month&limit=1000",
    "/api/v1/summary?group_by=lot&q=hosting",
    "/api/v1/summary?group_by=supplier&amount_from=1000",
    "/api/v1/suppliers",
    "/api/v1/buyers?limit=3",
]


@pytest.mark.parametrize("paths", [TABLE, PAGES, API], ids=["table", "pages", "api"])
def test_pages_of_lines_are_the_same(sample_site: Site, several: Site, paths: list[str]) -> None:
    """Protects every reader: how the lines are kept shows nowhere."""
    for path in paths:
        status, body = said(sample_site, path)
        assert status == 200, path
        assert said(several, path) == (status, body), path


@pytest.mark.parametrize("column", [c for c in COLUMNS if c != "description"])
def test_the_table_can_be_sorted_by_each_column(
    sample_site: Site, split_site: Site, column: str
) -> None:
    """Rows of several files are merged in the very order of SQLite: unknown first, ties by id."""
    for way in ("_sort", "_sort_desc"):
        path = f"/govspend/spend.json?{way}={column}&_size=500"
        assert said(split_site, path) == said(sample_site, path)


def test_a_line_its_history_and_its_parties(sample_site: Site, split_site: Site) -> None:
    """A line is found by its id alone, in whichever file it lies; so is one that is gone."""
    line = a_line(sample_site)
    with closing(sqlite3.connect(sample_site.db)) as db:
        sql = "SELECT spend_id FROM line_spans EXCEPT SELECT spend_id FROM spend LIMIT 1"
        gone = db.execute(sql).fetchone()[0]
    for path, status in (
        (f"/govspend/spend/{line['spend_id']}", 200),
        (f"/govspend/spend/{line['spend_id']}.json", 200),
        (f"/govspend/spend_keyed/{line['spend_id']}.json", 200),
        (f"/api/v1/spend/{line['spend_id']}", 200),
        (f"/suppliers/{line['supplier_id']}", 200),
        (f"/buyers/{line['buyer_id']}", 200),
        (f"/govspend/suppliers/{line['supplier_id']}", 200),
        (f"/govspend/buyers/{line['buyer_id']}", 200),
        (f"/govspend/spend/{gone}", 410),
        (f"/api/v1/spend/{gone}", 410),
        ("/govspend/spend/no-such-line", 404),
        ("/api/v1/spend/no-such-line", 404),
    ):
        assert sample_site.get(path).status_code == status, path
        assert said(split_site, path) == said(sample_site, path), path


@pytest.mark.parametrize(
    "first",
    [
        "/govspend/spend.json?_size=400",
        "/govspend/spend.json?_size=400&_sort=amount_pence",
        "/govspend/spend.json?_size=90&_search=hosting",
        "/api/v1/spend?limit=700",
        "/api/v1/spend?limit=700&sort=amount",
        "/api/v1/spend?limit=40&q=hosting&sort=month",
    ],
)
def test_pages_follow_each_other_through_the_borders(
    sample_site: Site, several: Site, first: str
) -> None:
    """No line is lost or given twice where one file ends and the next begins."""
    seen: dict[str, list[Any]] = {}
    for site in (sample_site, several):
        path, rows = first, []
        while path:
            found = site.get(path).json()
            rows += found["rows"]
            onward = found.get("next_url") or found.get("next") or ""
            path = onward if onward.startswith("/") else onward.removeprefix(site.url)
        seen[site.url] = rows
    one, other = seen.values()
    assert other == one
    ids = [row["spend_id"] if isinstance(row, dict) else row[0] for row in one]
    assert len(set(ids)) == len(ids) > 80


def table_of(answer: httpx.Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text)))


@pytest.mark.parametrize(
    "path",
    [
        "/govspend/spend.{}",
        "/govspend/spend.{}?_sort=amount_pence",
        "/govspend/spend.{}?_size=600&supplier_size=SME",
        "/api/v1/spend.{}?sort=-amount",
        "/api/v1/spend.{}?limit=50&month_to=2014-06",
        "/govspend/who-sells.{}",
        "/govspend/what-one-buyer-bought.{}",
    ],
)
@pytest.mark.parametrize("ending", ["csv", "ndjson", "parquet"])
def test_files_of_lines_are_the_same(
    sample_site: Site, split_site: Site, path: str, ending: str
) -> None:
    """Byte for byte, so that a program that compares hashes sees no change."""
    asked = path.format(ending)
    one, several = sample_site.get(asked), split_site.get(asked)
    assert one.status_code == several.status_code == 200
    assert several.content == one.content
    assert len(one.content) > 500


@pytest.mark.parametrize(
    ("rest", "names"),
    [
        ("spend where month >= :from order by month desc, spend_id", ["2017-18", "2016-17"]),
        ("spend_named where month >= :from order by month, [spend_id]", ["2016-17", "2017-18"]),
        ("spend where financial_year = '2013-14'", ["2013-14"]),
        ("spend order by amount_pence", []),
        ("spend order by month limit 9", []),
        ("spend a join spend b using (spend_id)", []),
    ],
)
def test_arrow_reads_the_files_of_lines_where_their_rows_follow_each_other(
    split_build: Path, rest: str, names: list[str]
) -> None:
    """A Parquet file is written by the quick way: by values only where rows have to be merged."""
    with closing(reader_of((split_build / "govspend.db").resolve())) as reader:
        found = reader.in_turn(f"select spend_id from {rest}", {"from": "2016-04-01"})  # noqa: S608
        assert [path.stem.removeprefix("lines-") for path in found] == names
        (alone,) = reader.in_turn("select name from buyers", {})
        assert alone == (split_build / "govspend.db").resolve()


@pytest.mark.parametrize("ending", ["csv", "parquet", "xml"])
def test_files_of_very_many_files_are_the_same(
    sample_site: Site, month_site: Site, ending: str
) -> None:
    """Where lines have to be copied to be read together, a file has them all, too."""
    for path in (
        "/govspend/spend.{}", "/govspend/spend.{}?_sort_desc=amount_pence",
        "/govspend/suppliers.{}",
        "/govspend/spend_named.{}?lot=Cloud+Support&_sort=buyer_name",
        "/api/v1/spend.{}?q=hosting&sort=month", "/govspend/what-one-buyer-bought.{}",
        "/govspend/who-sells.{}",
    ):  # fmt: skip
        asked = path.format(ending)
        one, several = sample_site.get(asked), month_site.get(asked)
        assert one.status_code == several.status_code == 200, asked
        assert several.content == one.content, asked


def test_a_file_of_all_lines_in_no_order_has_them_all(sample_site: Site, split_site: Site) -> None:
    """Whoever asks for no order gets the lines as they are stored, which is by shard."""
    one, several = (table_of(s.get("/api/v1/spend.csv")) for s in (sample_site, split_site))
    assert several[0] == one[0]
    assert sorted(several) == sorted(one)
    assert len(one) == 2998


def test_a_workbook_of_a_search_has_its_lines(sample_site: Site, split_site: Site) -> None:
    """The count that a workbook needs first and the rows that follow are of the same lines."""
    path = "/api/v1/spend.xlsx?q=hosting&sort=amount"
    one, several = sample_site.get(path), split_site.get(path)
    assert one.status_code == several.status_code == 200
    assert len(several.content) == pytest.approx(len(one.content), abs=50)


SUMMARIES = [
    "/", "/govspend", "/suppliers", "/buyers", "/map", "/market", "/digest", "/releases",
    "/firms-like-mine", "/about", "/downloads", "/data-dictionary", "/data-quality",
    "/api/v1/summary?group_by=lot", "/api/v1/summary?group_by=month,lot",
    "/api/v1/summary?group_by=quarter,sector&supplier_size=SME",
    "/api/v1/suppliers", "/api/v1/buyers", "/api/v1/releases",
    "/api/v1/revisions", "/govspend/suppliers", "/govspend/pair_years",
    "/govspend/sme-spend-by-month", "/govspend/top-sme-suppliers", "/govspend/concentration",
    "/govspend?sql=select+count(*)+from+pair_years", "/-/health", "/openapi.json",
]  # fmt: skip


def test_pages_of_summaries_open_no_shard(
    split_build: Path, split_site: Site, tmp_path: Path
) -> None:
    """The files of lines are not even there, and every page that shows sums stands."""
    shutil.copytree(split_build / "editions", tmp_path / "editions")
    (tmp_path / "govspend.db").symlink_to((split_build / "govspend.db").readlink())
    removed = list(tmp_path.glob("editions/*/lines-*.db"))
    for shard in removed:
        shard.unlink()
    assert len(removed) == 6
    line = a_line(split_site)
    parties = [f"/govspend/suppliers/{line['supplier_id']}", f"/govspend/buyers/{line['buyer_id']}"]
    with serving(tmp_path) as site:
        for path in [*SUMMARIES, *parties]:
            assert site.get(path).status_code == 200, path
        # And the test would see it: a page of lines needs them.
        assert site.get("/govspend/spend").status_code == 500


@pytest.mark.parametrize(
    ("where", "opened"),
    [
        ("month = :a", ["2013-14"]),
        ("month >= :a and month <= :b", ["2013-14"]),
        ("financial_year in (:c, :d)", ["2016-17", "2012-13"]),
        ("amount_pence > 100 and month = :a", ["2013-14"]),
        ("supplier_id = :nobody", []),
        ("rowid in (select rowid from spend_fts where spend_fts match :w) and month = :a",
         ["2013-14"]),
    ],
)  # fmt: skip
def test_a_list_goes_to_the_shards_of_its_filters(
    split_build: Path, where: str, opened: list[str]
) -> None:
    """Filters choose the files, whatever else they ask; where nothing can match, none is opened."""
    values = {
        "a": "2013-11-01", "b": "2013-12-01", "c": "2016-17", "d": "2012-13", "nobody": "nobody",
        "w": "cloud",
    }  # fmt: skip
    with closing(reader_of((split_build / "govspend.db").resolve())) as reader:
        sql = f"select spend_id from spend where {where} order by amount_pence desc, spend_id"  # noqa: S608
        list(reader.execute(sql, values))
        assert reader.opened == opened


def test_a_first_page_needs_the_newest_shard_alone(split_build: Path) -> None:
    """In the order of months a list stops where it has rows enough, from either end."""
    sql = "select spend_id, month from spend order by month{}, spend_id limit {}"
    for way, most, opened in (
        (" desc", 100, ["2017-18"]),
        ("", 20, ["2012-13"]),
        (" desc", 397, ["2017-18", "2016-17"]),
    ):
        with closing(reader_of((split_build / "govspend.db").resolve())) as reader:
            assert len(list(reader.execute(sql.format(way, most), {}))) == most
            assert reader.opened == opened


values = st.sampled_from
CONDITIONS: dict[str, dict[str, Any]] = {
    "month >= :month": {"month": values(["2012-06-01", "2014-03-01", "2016-01-01", "2030-01-01"])},
    "month < :until": {"until": values(["2013-04-01", "2016-12-01"])},
    '"supplier_size" = :size': {"size": values(["SME", "Large"])},
    "[supplier_size] is null": {},
    "amount_pence > :least": {"least": values([-10_000, 0, 500_000])},
    "spend.lot in (:lot, 'Cloud Hosting')": {"lot": values(["Cloud Software", "none"])},
    "(sector = :sector or sector is null)": {"sector": values(["Health", "Education"])},
    "spend.rowid in (select rowid from spend_fts where spend_fts match :words)": {
        "words": values(["hosting", '"cloud" "support"', "quagga"])
    },
}
ORDERS = [
    "month desc, spend_id", "month, spend_id", "amount_pence, spend_id", "lot desc, spend_id",
    "framework is null, framework, spend_id desc", "spend_id", "sector desc, month, spend_id",
]  # fmt: skip


@pytest.fixture(scope="module")
def readers(by_quarter: Path, by_size: Path, split_build: Path) -> Iterator[list[Reader]]:
    """Of the same lines by quarter, by size and by financial year."""
    paths = (by_quarter, by_size, (split_build / "govspend.db").resolve())
    found = [reader_of(path) for path in paths]
    yield found
    for reader in found:
        reader.close()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    conditions=st.lists(st.sampled_from(list(CONDITIONS)), max_size=3, unique=True),
    order=st.sampled_from(ORDERS),
    limit=st.integers(1, 400),
    offset=st.sampled_from([0, 0, 3]),
    data=st.data(),
)
def test_any_list_is_that_of_one_file(
    readers: list[Reader], sample_build: Path,
    conditions: list[str], order: str, limit: int, offset: int, data: st.DataObject,
) -> None:  # fmt: skip
    """Whatever is filtered and sorted, and whatever the key of the shards: rows, counts, sums."""
    asked = {k: data.draw(v) for c in conditions for k, v in CONDITIONS[c].items()}
    where = f" where {' and '.join(conditions)}" if conditions else ""
    cut = f" limit {limit}" + f" offset {offset}" * bool(offset)
    lines = f"from spend{where}"
    statements = [
        f"select spend_id, month, amount_pence, description {lines} order by {order}{cut}",
        f"select count(*) {lines}",
        f"select lot, count(*) as n, sum(amount_pence) {lines} group by lot",
        f"SELECT coalesce(sum(amount_pence), 0) AS a, sum(supplier_size = 'SME') AS b {lines}",
        # As a facet asks.
        f"select sector as value, count(*) as count from (select sector, lot {lines}) where lot "  # noqa: S608
        "is not null group by sector order by count desc, value limit 3",
    ]
    with closing(sqlite3.connect(sample_build / "govspend.db")) as whole:
        for sql in statements:
            expected = whole.execute(sql, asked).fetchall()
            assert whole.execute(late.of(sql), asked).fetchall() == expected, sql
            for reader in readers:
                found = list(reader.execute(sql, asked))
                if "order by" not in sql:
                    found, expected = sorted(found, key=repr), sorted(expected, key=repr)
                assert found == expected, sql


TOGETHER = [
    "SELECT count(DISTINCT supplier_id), max(month) FROM spend WHERE amount_pence > :least",
    "SELECT supplier_name, sum(amount_pence) FROM spend_named GROUP BY 1 ORDER BY 2 DESC LIMIT 5",
    "WITH placed AS (SELECT lot, amount_pence, row_number() OVER (PARTITION BY lot ORDER BY "
    "amount_pence, spend_id) AS place FROM spend NOT INDEXED) SELECT * FROM placed WHERE place = 2",
    "SELECT count(*) FROM spend JOIN pair_totals USING (buyer_id) WHERE sale_count > 1",
    "SELECT release_id, count(*) FROM release_lines GROUP BY 1 ORDER BY 1",
    "SELECT lot, count(DISTINCT buyer_id) FROM spend WHERE rowid IN (SELECT rowid FROM spend_fts "
    "WHERE spend_fts MATCH :words) GROUP BY lot ORDER BY lot",
    "SELECT (SELECT count(*) FROM spend WHERE buyer_id = buyers.buyer_id) AS n, name FROM buyers "
    "ORDER BY n DESC, name LIMIT 9",
    "SELECT max(amount_pence) - min(amount_pence) FROM spend",
    "SELECT sum(amount_pence) / count(*) FROM spend",
    "SELECT spend_id FROM spend WHERE amount_pence = (SELECT max(amount_pence) FROM spend) "
    "ORDER BY spend_id",
    "SELECT DISTINCT lot FROM spend ORDER BY lot LIMIT 3",
    "SELECT (SELECT count(*) FROM spend WHERE amount_pence > :least "
    "AND buyer_id = buyers.buyer_id) AS n, name FROM buyers ORDER BY n DESC, name LIMIT 9",
    "SELECT max(place) FROM (SELECT row_number() OVER (ORDER BY spend_id) AS place FROM spend "
    "WHERE amount_pence > :least AND (lot > 'C' OR sector < 'D') AND month IN "
    "(SELECT max(first_sale_month) FROM pair_totals UNION "
    "SELECT min(first_month) FROM pair_totals))",
]


@pytest.mark.parametrize("sql", TOGETHER)
def test_what_needs_all_lines_at_once_gets_them(
    by_quarter: Path, split_build: Path, sample_build: Path, sql: str
) -> None:
    """Counts of different buyers, medians, joins with cubes: none is the sum of its parts."""
    asked = {"least": 0, "words": "hosting"}
    with closing(sqlite3.connect(sample_build / "govspend.db")) as whole:
        expected = whole.execute(sql, asked).fetchall()
    for database in (by_quarter, (split_build / "govspend.db").resolve()):
        with closing(reader_of(database)) as reader:
            assert list(reader.execute(sql, asked)) == expected
    assert expected


@pytest.mark.parametrize("word", ["hosting", "support", "quagga"])
def test_what_each_file_tells_is_put_together(
    by_quarter: Path, by_size: Path, sample_build: Path, monkeypatch: pytest.MonkeyPatch,
    word: str,
) -> None:  # fmt: skip
    """What was bought under a word: groups of several files are one, and no line is copied."""
    sql, asked = queries.sql("search_bought"), {"words": word, "most": 20}
    with closing(sqlite3.connect(sample_build / "govspend.db")) as whole:
        expected = whole.execute(sql, asked).fetchall()
    assert bool(expected) == (word != "quagga")
    monkeypatch.delattr(Together, "_copy")
    for database in (by_quarter, by_size):
        with closing(reader_of(database)) as reader:
            found = reader.execute(sql, asked)
            assert list(found) == expected
            assert [name for name, *_ in found.description][:2] == ["description", "supplier_id"]


def test_a_search_that_takes_too_long_is_ended_in_every_thread(by_quarter: Path) -> None:
    """Protects the other visitors: no thread reads on for a page that was given up."""
    with closing(reader_of(by_quarter)) as reader:
        reader.limit(lambda: True)
        for sql in (queries.sql("search_bought"), "select lot, count(*) from spend group by lot"):
            with pytest.raises(sqlite3.OperationalError, match="interrupted"):
                list(reader.execute(sql, {"words": "hosting", "most": 20}))


@pytest.mark.parametrize(
    ("sql", "is_late"),
    [
        ("select spend_id, lot from spend where lot = :lot and rowid in (select rowid from "
         "spend_fts where spend_fts match :search) order by amount_pence, spend_id limit 9", True),
        ("select * from [spend] where rowid in (select rowid from spend_fts where spend_fts match "
         "escape_fts(:search)) order by lot desc, spend_id limit 9 offset 3", True),
        ("select count(*) from spend where rowid in (select rowid from spend_fts where spend_fts "
         "match escape_fts(:search)) ", True),
        ("select spend_id, lot from spend where \"supplier_id\" = :supplier and spend.month in "
         "(:month) order by month desc, spend_id limit 9", True),
        ("SELECT spend.spend_id, buyers.name FROM spend LEFT JOIN buyers ON buyers.buyer_id = "
         "spend.buyer_id WHERE spend.supplier_id = :supplier AND spend.amount_pence > 0 ORDER BY "
         "spend.month, spend.amount_pence DESC, spend.spend_id LIMIT 5", True),
        ("select count(*) from spend where lot = :lot and rowid in (select rowid from spend_fts "
         "where spend_fts match escape_fts(:search)) ", True),
        ('select count(*) from spend where "amount_pence" > :most ', True),
        ("SELECT [lot], spend.sector, coalesce(sum(CASE WHEN supplier_size = 'SME' THEN "
         "amount_pence END), 0) AS sme FROM spend WHERE month = :month "
         "GROUP BY [lot], spend.sector", True),
        ("select count(*) from spend", False),
        # A party among others, a party of a pair, or a party that a word names.
        ("select spend_id from spend where supplier_id = :supplier or lot = :lot "
         "order by month, spend_id limit 9", False),
        ("select spend_id from pair_months join spend using (supplier_id) where supplier_id = "
         ":supplier order by 1 limit 9", False),
        # An index has the order, all of them are shown, or none is in any place.
        ("select spend_id from spend order by amount_pence, spend_id limit 9", False),
        ("select spend_id from spend where rowid in (select rowid from spend_fts where spend_fts "
         "match :search) order by month, spend_id limit 9", False),
        ("select spend_id from spend where rowid in (select rowid from spend_fts where spend_fts "
         "match :search) order by lot, spend_id", False),
        ("select spend_id from spend limit 9", False),
        ("select lot, count(*) from spend group by lot order by 2 limit 9", False),
        ("select spend_id from spend_named order by month limit 9", False),
        ("select spend_id from spend join buyers using (buyer_id) order by month limit 9", False),
        ("select buyer_id from pair_months order by month limit 9", False),
    ],
)  # fmt: skip
def test_names_are_looked_up_of_what_is_shown(sample_build: Path, sql: str, is_late: bool) -> None:
    """Protects a search from names of lines that nobody sees, and everything else from change."""
    with closing(sqlite3.connect(sample_build / "govspend.db")) as db:
        most = "SELECT supplier_id, last_month FROM pair_totals ORDER BY line_count DESC"
        supplier, month = db.execute(most).fetchone()
        asked = {
            "lot": "Cloud Hosting", "search": "hosting", "supplier": supplier, "month": month,
            "most": 10**6,
        }  # fmt: skip
        db.create_function("escape_fts", 1, lambda words: words, deterministic=True)
        assert db.execute(late.of(sql), asked).fetchall() == db.execute(sql, asked).fetchall()
    assert (late.of(sql) != sql) == is_late


COPIES = """
SELECT copies.name, columns.name
FROM sqlite_temp_master AS copies, pragma_table_info(copies.name, 'temp') AS columns
WHERE copies.name IN ('spend', 'line_spans', 'spend_keyed', 'ended_spans')
"""


@pytest.mark.parametrize(
    ("sql", "copied"),
    [
        ("SELECT (SELECT min(month) FROM spend), count(*) FROM pair_years", set()),
        ("SELECT max(amount_pence) FROM spend", {"amount_pence"}),
        ("SELECT count(DISTINCT lot) FROM spend WHERE rowid IN (SELECT rowid FROM spend_fts WHERE "
         "spend_fts MATCH :words)", {"lot", "description"}),
        ("WITH asked AS (\n    SELECT :buyer AS buyer_id\n)\nSELECT max(lot) FROM asked "
         "JOIN spend ON spend.buyer_id = asked.buyer_id AND (lot > '')", {"lot", "buyer_id"}),
        ("WITH chosen AS (SELECT amount_pence FROM spend WHERE buyer_id = :buyer AND month IN "
         "(SELECT max(last_month) FROM pair_totals WHERE buyer_id = :buyer)) "
         "SELECT max(amount_pence) FROM chosen", {"amount_pence", "buyer_id", "month"}),
        ("SELECT 2 * count(*) FROM line_spans", {"no_column"}),
        ("SELECT max(supplier_key) FROM spend_keyed", {"supplier_key"}),
    ],
)  # fmt: skip
def test_no_more_is_copied_than_a_statement_reads(
    by_quarter: Path, sample_build: Path, monkeypatch: pytest.MonkeyPatch, sql: str,
    copied: set[str],
) -> None:  # fmt: skip
    """Of more files than SQLite attaches lines are copied: what is looked for, and no more."""
    seen: dict[str, int] = {}
    finish = Together._finish

    def noted(self: Together, db: sqlite3.Connection) -> None:
        for table, column in db.execute(COPIES).fetchall():
            seen[column] = db.execute(f"SELECT count(*) FROM temp.{table}").fetchone()[0]  # noqa: S608
        finish(self, db)

    monkeypatch.setattr(Together, "_finish", noted)
    with closing(sqlite3.connect(sample_build / "govspend.db")) as whole:
        buyer = whole.execute("SELECT buyer_id FROM pair_totals LIMIT 1").fetchone()[0]
        asked = {"words": "hosting", "buyer": buyer}
        expected = whole.execute(sql, asked).fetchall()
        all_lines = whole.execute("SELECT count(*) FROM spend").fetchone()[0]
    with closing(reader_of(by_quarter)) as reader:
        assert list(reader.execute(sql, asked)) == expected
    assert set(seen) == copied
    assert all(count < all_lines / 2 for count in seen.values()) == (
        any(word in sql for word in ("asked", "chosen", "MATCH")) or not copied
    )


def test_a_copy_of_too_many_lines_is_refused(
    by_quarter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One question must not fill the disk of the site."""
    monkeypatch.setattr(together, "MOST_COPIED", 40_960)
    with (
        closing(reader_of(by_quarter)) as reader,
        pytest.raises(sqlite3.OperationalError, match="database or disk is full"),
    ):
        reader.execute("SELECT count(DISTINCT spend_id) FROM spend", {})


@pytest.mark.parametrize(
    "sql",
    [
        "select sum(a) / sum(b) from spend",
        "select spend_id from spend where amount_pence > (select avg(amount_pence) from spend)",
        "select spend_id, row_number() over (order by month) from spend limit 5",
        "select distinct lot from spend",
        "select lot, count(*) from spend group by lot order by 2",
        "select lot as a, count(*) as n from spend group by lot limit 2",
        "select lot as a, count(*) as n from spend group by lot order by lot, n",
        "select lot as a, count(*) as n from (select lot from spend limit 9) group by lot",
        "select a, count(*) as n from (select distinct lot as a from spend) group by a",
        "select lot, month, count(*) from spend group by lot",
        "select a.spend_id from spend a join spend b on b.month = a.month",
        "select lot from spend union select sector from spend",
        "select spend_id, month from spend order by 2 limit 5",
        "select spend_id, lot as name from spend order by name limit 5",
        "select spend_id from spend order by lot collate nocase limit 5",
        "select spend_id from spend where month = (select max(month) from spend) limit 5",
        "select (select name from buyers limit 1), spend_id from spend limit 5",
        "select spend_id from spend where month between '2013-01-01' and '2014-01-01'",
    ],
)
def test_a_statement_that_is_not_understood_is_asked_of_all_shards_together(sql: str) -> None:
    """What is taken for a list or a sum and is none would be answered wrongly, in silence."""
    assert statement.read(sql) is None


@pytest.mark.parametrize("key", ["sme-share", "first-sale", "march-peak"])
def test_a_figure_is_worked_out_again_from_the_published_files(
    sample_site: Site, split_site: Site, tmp_path: Path, key: str
) -> None:
    """The commands of a proof card fetch every file of lines, and print the same figure."""
    one, several = (site.get(f"/proof/{key}.json").json() for site in (sample_site, split_site))
    for name in ("figure", "sentence", "table", "prints"):
        assert several[name] == one[name]
    assert several["commands"][0].count("lines-") == 2 * 6
    done = subprocess.run(
        ["bash", "-ec", "\n".join(several["commands"])],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.count(": OK") == 7
    assert done.stdout.rstrip("\n").endswith(one["prints"])
    # Where there is one file, the page links to the statement with its rows.
    assert "/govspend.csv?sql=" in sample_site.get(f"/proof/{key}").text
    # And the page offers no statement that the site would not answer.
    page = split_site.get(f"/proof/{key}").text
    for link in re.findall(r'href="(/govspend[^"]*sql=[^"]*)"', page):
        assert split_site.get(html.unescape(link)).status_code == 200


def test_the_files_of_lines_can_be_taken(split_site: Site, tmp_path: Path) -> None:
    """Each is listed with its size, rows and hash, and opens by itself."""
    listed = split_site.get("/downloads.json").json()["files"]
    found = [file for file in listed if file["kind"] == "lines"]
    assert sum(file["row_count"] for file in found) == 2997
    body = split_site.get(f"/downloads/{found[0]['name']}").content
    assert hashlib.sha256(body).hexdigest() == found[0]["sha256"]
    (tmp_path / "lines.db").write_bytes(body)
    with closing(sqlite3.connect(tmp_path / "lines.db")) as db:
        rows = db.execute("SELECT count(supplier_name) FROM spend_named").fetchone()[0]
        assert rows == found[0]["row_count"]
        assert db.execute("SELECT count(*) FROM spend_fts WHERE spend_fts MATCH 'cloud'").fetchone()
    assert found[0]["name"] in split_site.get("/downloads").text


SQL = "select count(*) as lines, sum(amount_pence) as pence from spend"


def test_visitors_sql_asks_one_shard_and_says_so(sample_site: Site, split_site: Site) -> None:
    """Page, JSON and CSV answer from the file that was chosen, name it, and keep the choice."""
    with closing(sqlite3.connect(sample_site.db)) as db:
        expected = db.execute(f"{SQL} WHERE financial_year = '2015-16'").fetchone()
    asked = {"sql": SQL, "shard": "2015-16"}
    said_so = "This edition keeps its lines in 6 files. This answer is from the lines of 2015-16."
    for ending in (".json", ".csv", ""):
        answer = split_site.get(f"/govspend{ending}", params=asked)
        assert answer.status_code == 200
        assert answer.headers["govspend-note"] == said_so
        if ending == ".json":
            assert answer.json()["rows"] == [list(expected)]
        elif ending == ".csv":
            assert table_of(answer)[1] == [str(value) for value in expected]
        else:
            assert said_so in answer.text
            assert "<option selected>2015-16</option>" in answer.text
            links = re.findall(
                r'href="([^"]*govspend\.(?:json|csv|xlsx|parquet)[^"]*)"', answer.text
            )
            assert len(links) >= 3
            assert all("shard=2015-16" in link for link in links)


def test_visitors_sql_about_summaries_needs_no_shard(sample_site: Site, split_site: Site) -> None:
    """Cubes, names and releases are in one file, and the same statement works as before."""
    asked = {"sql": "select sum(line_count), sum(amount_pence) from pair_years"}
    answer = split_site.get("/govspend.json", params=asked)
    assert answer.json()["rows"] == sample_site.get("/govspend.json", params=asked).json()["rows"]
    assert "This answer is from the summaries" in answer.headers["govspend-note"]
    assert "govspend-note" not in sample_site.get("/govspend.json", params=asked).headers


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"sql": SQL}, "Choose one, as shard=2017-18"),
        ({"sql": "select count(*) from spend_named"}, "spend is in those"),
        ({"sql": "select 1 from buyers join spend using (buyer_id)"}, "spend is in those"),
        ({"sql": "select count(*) from spend_fts where spend_fts match 'cloud'"}, "Choose one"),
        ({"sql": "select * from release_lines"}, "2017-18, 2016-17, 2015-16, 2014-15, 2013-14"),
        ({"sql": SQL, "shard": "1999-00"}, "and none is “1999-00”: 2017-18"),
        ({"sql": "select 1", "shard": "../govspend"}, "and none is “../govspend”"),
        ({"sql": "select count(*) from pair_years", "shard": "2015-16"}, "without shard=2015-16"),
        ({"sql": "select count(*) from revisions", "shard": "2015-16"}, "in none of them"),
    ],
)
def test_no_answer_is_empty_because_it_looked_in_the_wrong_file(
    split_site: Site, asked: dict[str, str], says: str
) -> None:
    """An empty table taken for the data would be a wrong answer: the error names the files."""
    for path in ("/govspend.json", "/govspend.csv", "/govspend"):
        answer = split_site.get(path, params=asked)
        assert answer.status_code == 400, path
        text = answer.json()["error"] if path.endswith("json") else html.unescape(answer.text)
        assert "This edition keeps its lines in 6 files" in text
        assert says in text


def test_a_condition_in_sql_asks_one_shard_too(sample_site: Site, split_site: Site) -> None:
    """`_where` on the table is a visitor's SQL: it names its shard, or is told which there are."""
    path = "/govspend/spend.json?_where=amount_pence+>+50000&_shape=objects&_size=1000"
    answer = split_site.get(path)
    assert answer.status_code == 400
    assert "_shard on a table's page" in answer.json()["error"]
    found = split_site.get(f"{path}&_shard=2014-15").json()["rows"]
    assert found == sample_site.get(f"{path}&financial_year=2014-15").json()["rows"]
    assert found


def test_each_statement_to_start_from_has_an_answer(split_site: Site) -> None:
    """The SQL page offers nothing that then says it looked in the wrong file."""
    page = split_site.get("/govspend").text
    starts = re.findall(r'<li><a href="(/govspend\?sql=[^"]+)">', page)
    assert len(starts) > 15
    for start in starts:
        assert split_site.get(html.unescape(start)).status_code == 200, start
    assert any("shard=2017-18" in start for start in starts)


def test_all_lines_at_once_with_duckdb(
    sample_site: Site, split_site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The example of the README and of the SQL page runs, and its answer is that of all lines."""
    readme = (ROOT / "README.md").read_text("utf-8")
    (example,) = re.findall(r"```sql\n(.*?)\n```", readme, re.DOTALL)
    metadata = yaml.safe_load((ROOT / "metadata.yml").read_text("utf-8"))
    assert example == metadata["ask_in_sql"]["all_lines"]["sql"]
    for site in (sample_site, split_site):
        assert example in html.unescape(site.get("/govspend").text)
    (tmp_path / "spend.parquet").write_bytes(split_site.get("/downloads/spend.parquet").content)
    monkeypatch.chdir(tmp_path)
    with closing(sqlite3.connect(sample_site.db)) as db:
        sql = example.replace("'spend.parquet'", "spend")
        assert duckdb.execute(example).fetchall() == db.execute(sql).fetchall()
    assert (
        sample_site.get("/downloads/spend.parquet").content
        == (tmp_path / "spend.parquet").read_bytes()
    )


@pytest.fixture
def two_editions(split_build: Path, sample_build: Path, tmp_path: Path) -> Path:
    """A build folder whose newest edition is one file, and the one before it has shards."""
    shutil.copytree(split_build / "editions", tmp_path / "editions")
    newest = tmp_path / "editions" / "govspend-2099-01-00000000.db"
    shutil.copyfile((sample_build / "govspend.db").resolve(), newest)
    newest.with_suffix("").mkdir()
    (tmp_path / "govspend.db").symlink_to(Path("editions") / newest.name)
    return tmp_path


def test_a_kept_edition_with_shards_is_read_as_ever(two_editions: Path, sample_site: Site) -> None:
    """Under /as-of/ as well, beside a newest edition that has none."""
    (old,) = (p.stem for p in two_editions.glob("editions/*.db") if "2099" not in p.name)
    base = f"/as-of/{old.removeprefix('govspend-')}"
    with serving(two_editions) as site:
        for path in ("/govspend/spend.json?_sort=amount_pence", "/api/v1/spend?q=hosting&limit=5"):
            kept, newest = site.get(base + path).json(), site.get(path).json()
            assert kept["rows"] == newest["rows"] == sample_site.get(path).json()["rows"]
        line = a_line(sample_site)
        assert site.get(f"{base}/govspend/spend/{line['spend_id']}").status_code == 200
        asked = {"sql": SQL, "shard": "2013-14"}
        assert site.get(f"{base}/govspend.json", params=asked).json()["rows"][0][0] > 100
        # The newest edition is one file: it needs no choice.
        assert site.get("/govspend.json", params={"sql": SQL}).json()["rows"][0][0] > 2000


def test_an_edition_that_is_read_keeps_its_shards(
    two_editions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request opens shards when it needs them: what is tidied up meanwhile leaves them be."""
    monkeypatch.setenv("DATASETTE_SECRET", "of no use")
    (path,) = (p for p in two_editions.glob("editions/*.db") if "2099" not in p.name)
    old = path.stem.removeprefix("govspend-")

    async def work() -> tuple[list[str], int]:
        datasette = serve.site(two_editions)
        await datasette.invoke_startup()
        shelf = live.shelf_of(datasette)
        assert shelf is not None
        kept = shelf.kept(old)
        assert kept is not None
        with shelf.reading(kept, f"/as-of/{old}/"):
            gone = publish.retire(two_editions, 1)
            found = await kept.execute("select count(*) from spend where amount_pence > 0")
        return gone, found.rows[0][0]

    gone, lines = in_a_loop(work())
    assert gone == []
    assert lines > 2000
    assert publish.retire(two_editions, 1) == [old]
    assert not path.with_suffix("").exists()
