"""A developer builds on /api/v1/: every way gives the same figures, every page adds up, and what
cannot be answered says why."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import asked
import cubes
import httpx
import pytest
import writable
from conftest import Site, serving
from govspend_site.api import asking, keyset
from govspend_site.api.resources import ENDINGS, RESOURCES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest import load

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def patchy_site(sample_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A small edition in which every seventh line lacks one of what need not be published."""
    build = tmp_path_factory.mktemp("patchy")
    shutil.copy(sample_build / "govspend.db", build / "govspend.db")
    with closing(sqlite3.connect(build / "govspend.db")) as db, db:
        writable.make(db)
        for number, column in enumerate(("supplier_size", "lot", "sector", "framework")):
            db.execute(f"UPDATE spend SET {column} = NULL WHERE rowid % 7 = {number}")  # noqa: S608
        # Two months of which nothing is known, or which come to less than nothing.
        db.execute("UPDATE spend SET supplier_size = NULL WHERE month = '2014-01-01'")
        db.execute("UPDATE spend SET amount_pence = -100 WHERE month = '2014-02-01'")
        db.execute("DELETE FROM release_months WHERE release_id IN (SELECT release_id FROM spend)")
        db.execute(
            """INSERT INTO release_months
            SELECT release_id, month, framework, lot, sector, supplier_size, count(*),
                sum(amount_pence) FROM spend GROUP BY 1, 2, 3, 4, 5, 6"""
        )
        db.commit()
        load.empty(db, cubes.OF_SPEND)
        db.commit()
        db.isolation_level = None
        cubes.make(db)
    with serving(build) as site:
        yield site


def rows(site: Site, path: str) -> list[dict[str, Any]]:
    """The rows of every page."""
    found: list[dict[str, Any]] = []
    url: str | None = site.url + path
    while url:
        answer = httpx.get(url, timeout=30)
        assert answer.status_code == 200, answer.text
        said = answer.json(parse_float=Decimal)
        found += said["rows"]
        assert said["truncated"] == (said["next"] is not None)
        assert (answer.links.get("next") or {}).get("url") == said["next"]
        url = said["next"]
    return found


def problem(site: Site, path: str, status: int, method: str = "GET") -> dict[str, Any]:
    answer = httpx.request(method, site.url + path, timeout=30)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM
    said: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "errors", "edition", "licence"} <= set(said)
    assert said["status"] == status
    return said


# The same figures every way


@pytest.mark.parametrize("way", asked.WAYS)
def test_sixty_combinations_of_filters_give_the_same_totals(patchy_site: Site, way: str) -> None:
    """Whoever asks, and how: as many lines and pence as the database file itself holds."""
    assert len(asked.COMBINATIONS) == 60
    answered = 0
    for filters in asked.COMBINATIONS:
        total = asked.WAYS[way](patchy_site, filters)
        if total is not None:
            assert total == asked.by_sqlite(patchy_site, filters), filters
            answered += 1
    # The table's page has no filter for "one of these, or not published".
    assert answered == 60 or (way.startswith("table") and answered >= 40)


def test_the_combinations_are_worth_asking(patchy_site: Site) -> None:
    """A test of nothing but empty or whole answers would prove little."""
    totals = [asked.by_sqlite(patchy_site, filters) for filters in asked.COMBINATIONS]
    assert sum(1 for count, _ in totals if count) >= 35
    assert len(set(totals)) >= 30


def test_an_amount_is_exact_to_the_penny(real_site: Site) -> None:
    """Pounds have two decimals, are what the pence say, and are never a float's approximation."""
    text = real_site.get("/api/v1/spend?limit=1000&sort=-amount&count=true").text
    said = json.loads(text, parse_float=Decimal)
    for found in [*said["rows"], said["total"]]:
        assert str(found["amount"]) == str(Decimal(found["amount_pence"]).scaleb(-2))
    assert said["total"] == {
        "count": 13492, "amount_pence": 21745567458, "amount": Decimal("217455674.58"),
    }  # fmt: skip


def test_a_line_is_told_as_the_view_with_names_tells_it(real_site: Site) -> None:
    """What the API says of a line is what SQL on spend_named says of it."""
    said = {row["spend_id"]: row for row in rows(real_site, "/api/v1/spend?buyer_id=home-office")}
    with closing(sqlite3.connect(f"file:{real_site.db}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        found = db.execute("SELECT * FROM spend_named WHERE buyer_id = 'home-office'").fetchall()
    assert len(said) == len(found) > 100
    for row in found:
        line = {key: row[key] for key in row.keys() if key != "amount"}  # noqa: SIM118
        assert {key: v for key, v in said[row["spend_id"]].items() if key != "amount"} == line


SUMS = (
    "month,quarter,financial_year,framework,lot,sector,supplier_size,amount,amount_pence,"
    "line_count,sme_amount,sme_amount_pence,sme_share,is_provisional"
)


@pytest.mark.parametrize(
    "query",
    ["", "group_by=month", "group_by=quarter,supplier_size&sort=-sme_share", "group_by=lot,sector",
     "group_by=financial_year,framework&financial_year=2013-14", "group_by=framework",
     "group_by=sector&supplier_size=SME", "group_by=supplier_size,lot,month&sort=-amount",
     "group_by=supplier&lot=null&sort=supplier_count", "group_by=buyer,quarter",
     "group_by=lot,supplier_size&supplier=ltd", "group_by=month&buyer=council",
     "month_from=2013-07&month_to=2013-12&lot=Specialist+Cloud+Services", "month=1999-01",
     "supplier_size=null&sector=null", "release_id=gcloud-sales-2014-06",
     "release_id=gcloud-sales-2017-06&group_by=month&sort=sme_amount"],
)  # fmt: skip
def test_sums_made_beforehand_and_lines_tell_the_same(patchy_site: Site, query: str) -> None:
    """A summary comes from sums by release and month, or with its counts from those of parties."""
    every_line = "amount_from=-1000000000"
    path = f"/api/v1/summary?limit=1000&{query}"
    of_lines = patchy_site.get(f"{path}&{every_line}").json()["rows"]
    assert patchy_site.get(path).json()["rows"] == of_lines
    of_sums = patchy_site.get(f"/api/v1/summary?limit=1000&{query}&fields={SUMS}").json()["rows"]
    assert of_sums == [{k: v for k, v in row.items() if k in SUMS.split(",")} for row in of_lines]


@pytest.mark.parametrize("name", RESOURCES)
def test_a_file_holds_what_the_pages_hold(real_site: Site, name: str) -> None:
    """CSV is whole, with the columns of the JSON and, but for lines, in its order."""
    query = "?group_by=month,lot" if name == "summary" else "?limit=1000"
    told = rows(real_site, f"/api/v1/{name}{query}")
    whole = query if name == "summary" else ""
    found = list(csv.DictReader(io.StringIO(real_site.get(f"/api/v1/{name}.csv{whole}").text)))
    assert len(told) > 1
    assert list(found[0]) == list(told[0])
    if name == "spend":
        # All lines come as they stand in the database, which is the fastest; a sort is obeyed.
        sorted_file = real_site.get("/api/v1/spend.csv?sort=-month&fields=spend_id").text
        assert sorted_file.split()[1:] == [row["spend_id"] for row in told]
        for lines in (found, told):
            lines.sort(key=lambda row: row["spend_id"])
    for key in ("spend_id", "supplier_id", "buyer_id", "release_id", "month", "amount_pence"):
        if key in told[0]:
            assert [row[key] for row in found] == [str(row[key]) for row in told]


@pytest.mark.parametrize("ending", [e for e in ENDINGS if e != "json"])
def test_a_file_of_a_page_says_where_it_goes_on(real_site: Site, ending: str) -> None:
    """What is cut says so in a header, in every format."""
    answer = real_site.get(f"/api/v1/suppliers.{ending}?limit=3&sort=name&count=true")
    assert answer.status_code == 200
    assert answer.headers["govspend-count"] == "351"
    assert answer.headers["govspend-edition"]
    assert "cursor=" in answer.links["next"]["url"]
    assert answer.links["license"]["url"] == LICENCE
    whole = real_site.get(f"/api/v1/suppliers.{ending}?sort=name")
    assert "next" not in whole.links
    assert len(whole.content) > len(answer.content)


def test_json_by_its_ending_is_the_same(real_site: Site) -> None:
    """/api/v1/spend.json says what /api/v1/spend says."""
    plain, ended = (real_site.get(f"/api/v1/spend{e}?limit=2").json() for e in ("", ".json"))
    assert plain["rows"] == ended["rows"]


# Pages


def filters_of(name: str) -> Any:
    """Filters of a resource that the sample has rows for."""
    if name not in ("spend", "summary"):
        return st.just({})
    return st.fixed_dictionaries(
        {},
        optional={
            "supplier_size": st.lists(st.sampled_from(["SME", "null"]), min_size=1, unique=True),
            "lot": st.sampled_from([["null"], ["Digital Outcomes", "Specialist Cloud Services"]]),
            "month_from": st.sampled_from(["2013-05", "2016-01"]),
            "amount_from": st.sampled_from(["-100", "2000.5"]),
            "amount_to": st.sampled_from(["0", "30000"]),
        },
    )


@st.composite
def questions(draw: Any) -> tuple[str, dict[str, Any]]:
    """A resource and parameters of it."""
    name = draw(st.sampled_from(list(RESOURCES)))
    query = {
        **draw(filters_of(name)),
        "sort": draw(st.sampled_from(RESOURCES[name].sort_names)),
        "limit": draw(st.integers(40, 1000) if name == "spend" else st.integers(3, 200)),
    }
    if name == "summary":
        groups = ["month", "lot", "sector", "supplier_size", "supplier", "quarter", "framework"]
        query["group_by"] = draw(st.lists(st.sampled_from(groups), max_size=3, unique=True))
        query["limit"] = draw(st.integers(60, 1000))
    return name, query


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=questions())
def test_the_pages_give_each_row_once_in_order(
    patchy_site: Site, question: tuple[str, dict[str, Any]]
) -> None:
    """Whatever is asked: no row is passed over, none comes twice, and the order is that asked."""
    name, query = question
    walked = rows(patchy_site, f"/api/v1/{name}?{urlencode(query, True)}")
    resource = RESOURCES[name]
    known = reading_of(patchy_site, name, query)
    assert [identity(row, name, query) for row in walked] == known
    column = resource.sorts[query["sort"].removeprefix("-")]
    if column:
        values: list[Any] = [row[column] for row in walked]
        told = [value for value in values if value is not None]
        assert told == sorted(told, reverse=query["sort"].startswith("-"))
        assert values == told + [None] * (len(values) - len(told))


def identity(row: dict[str, Any], name: str, query: dict[str, Any]) -> tuple[Any, ...]:
    """What tells a row apart, and its figures."""
    groups = {"supplier": "supplier_id", "buyer": "buyer_id"}
    if name == "summary":
        keys = [groups.get(group, group) for group in query["group_by"]]
        return (*(row[key] for key in keys), row["line_count"], row["amount_pence"])
    return tuple(row[key] for key in RESOURCES[name].keys)


def reading_of(site: Site, name: str, query: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The same from SQL of the test's own, in the order that a person would ask for."""
    groups = {
        "supplier": "supplier_id",
        "quarter": "substr(month, 1, 4) || '-Q' || ((substr(month, 6, 2) + 2) / 3)",
    }
    text, values = asked.where(
        {k: f"{v}-01" if k == "month_from" else v for k, v in query.items() if k in asked_names()}
    )
    column, sign = query["sort"].removeprefix("-"), "DESC" if query["sort"][0] == "-" else "ASC"
    sme = "sum(CASE WHEN supplier_size = 'SME' THEN amount_pence"
    if name == "spend":
        sql = f"""SELECT spend_id FROM spend WHERE {text}
            ORDER BY {column} {sign}, spend_id"""  # noqa: S608
    elif name == "summary":
        keys = [groups.get(group, group) for group in query["group_by"]]
        order = {
            "group": ", ".join(f"{n + 1} {sign} NULLS LAST" for n in range(len(keys))) or "1",
            "amount": f"sum(amount_pence) {sign}", "line_count": f"count(*) {sign}",
            "supplier_count": "count(DISTINCT CASE WHEN amount_pence > 0 THEN supplier_id END) "
            + sign,
            "buyer_count": f"count(DISTINCT CASE WHEN amount_pence > 0 THEN buyer_id END) {sign}",
            "sme_amount": f"{sme} WHEN supplier_size IS NOT NULL THEN 0 END) {sign} NULLS LAST",
            "sme_share": "CASE WHEN sum(amount_pence) > 0 AND count(supplier_size) THEN round("
            f"1.0 * {sme} ELSE 0 END) / sum(amount_pence), 6) END {sign} NULLS LAST",
        }[column]  # fmt: skip
        last = "".join(f", {n + 1} NULLS LAST" for n in range(len(keys)))
        select = "".join(f"{key}, " for key in keys)
        grouped = "GROUP BY " + ", ".join(keys) if keys else ""
        sql = f"""SELECT {select} count(*), coalesce(sum(amount_pence), 0) FROM spend
            WHERE {text} {grouped} ORDER BY {order}{last}"""  # noqa: S608
    else:
        return of_table(site, name, column, sign)
    with closing(sqlite3.connect(f"file:{site.db}?mode=ro", uri=True)) as db:
        return [tuple(row) for row in db.execute(sql, values)]


def asked_names() -> tuple[str, ...]:
    return ("supplier_size", "lot", "month_from", "amount_from", "amount_to")


def of_table(site: Site, name: str, column: str, sign: str) -> list[tuple[Any, ...]]:
    """Keys of the rows of a table, ordered by what Python adds up of its lines."""
    with closing(sqlite3.connect(f"file:{site.db}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        if name in ("releases", "revisions"):
            order = {"loaded_amount": "loaded_pence", "change_amount": "change_pence"}
            keys = ", ".join(RESOURCES[name].keys)
            by = f"{order.get(column, column)} {sign}"
            sql = f"SELECT {keys} FROM {name} ORDER BY {by}, {keys}"  # noqa: S608
            return [tuple(row) for row in db.execute(sql)]
        party, other = name[:-1], "buyer" if name == "suppliers" else "supplier"
        lines: dict[str, list[sqlite3.Row]] = {}
        for line in db.execute("SELECT * FROM spend"):
            lines.setdefault(line[f"{party}_id"], []).append(line)
        names = list(db.execute(f"SELECT {party}_id AS id, name FROM {name}"))  # noqa: S608
    sums = {row["id"]: party_sums(row["name"], lines.get(row["id"], []), other) for row in names}
    known = sorted(key for key in sums if sums[key][column] is not None)
    known.sort(key=lambda key: sums[key][column], reverse=sign == "DESC")
    return [(key,) for key in [*known, *sorted(set(sums) - set(known))]]


def party_sums(name: str, lines: list[sqlite3.Row], other: str) -> dict[str, Any]:
    sales = [line for line in lines if line["amount_pence"] > 0]
    sized = [line for line in lines if line["supplier_size"] is not None]
    pence = sum(line["amount_pence"] for line in lines)
    sme = sum(line["amount_pence"] for line in sized if line["supplier_size"] == "SME")
    months = sorted(line["month"] for line in sales)
    return {
        "name": name,
        "amount": pence,
        "line_count": len(lines),
        f"{other}_count": len({line[f"{other}_id"] for line in sales}),
        "sme_amount": sme if sized else None,
        "sme_share": round(sme / pence, 6) if sized and pence > 0 else None,
        "first_month": months[0] if months else None,
        "last_month": months[-1] if months else None,
    }


def test_a_damaged_cursor_is_refused(real_site: Site) -> None:
    """One letter lost, changed or added, and the answer says that the cursor is damaged."""
    cursor = str(httpx.URL(real_site.get("/api/v1/spend?limit=2").json()["next"]).params["cursor"])
    for wrong in (cursor[:-1], cursor[1:], cursor + "0", cursor.swapcase(), "x", "a.b", "é.f", ""):
        said = problem(real_site, f"/api/v1/spend?{urlencode({'cursor': wrong})}", 400)
        assert said["errors"][0]["parameter"] == "cursor"
        assert "damaged" in said["errors"][0]["allowed"]


def test_a_cursor_of_another_order_is_refused(real_site: Site) -> None:
    """A cursor of one sort or resource would begin at a place without meaning in another."""
    cursor = str(httpx.URL(real_site.get("/api/v1/spend?limit=2").json()["next"]).params["cursor"])
    for path in ("spend?sort=amount&", "suppliers?", "summary?group_by=month&", "summary?"):
        said = problem(real_site, f"/api/v1/{path}{urlencode({'cursor': cursor})}", 400)
        assert "another order" in said["errors"][0]["allowed"]


def test_a_forged_cursor_harms_nothing(real_site: Site) -> None:
    """What a hostile visitor puts into a cursor is a value, never SQL and never a header."""
    bad = "2014\r\nSet-Cookie: a=b"
    forged: list[list[Any]] = [["' OR 1=1 --", "x"], [None, None], [1.5, 2], [{}, []], [2**70, "x"]]
    for values in [*forged, ["a"]]:
        place = keyset.Place(bad, tuple(values))
        cursor = keyset.encode("spend -month ", place)
        for ending in ("", ".csv"):
            answer = real_site.get(f"/api/v1/spend{ending}", params={"cursor": cursor, "limit": 1})
            assert answer.status_code in (200, 400)
            assert "set-cookie" not in answer.headers


def test_a_cursor_of_another_edition_goes_on_and_says_so(real_site: Site) -> None:
    """Keyset pages survive a new edition, and the answer names both."""
    first = real_site.get("/api/v1/spend?limit=2").json()
    last = first["rows"][-1]
    place = keyset.Place("2013-11-00000000", (last["month"], last["spend_id"]))
    cursor = keyset.encode("spend -month ", place)
    said = real_site.get("/api/v1/spend", params={"limit": 2, "cursor": cursor}).json()
    assert said["rows"] == real_site.get(first["next"].removeprefix(real_site.url)).json()["rows"]
    (note,) = said["notes"]
    assert "2013-11-00000000" in note
    assert said["edition"]["edition_id"] in note


def test_columns_know_their_types() -> None:
    """What Parquet and workbooks are told of each column is what the model says of it."""
    kinds = {
        name: {column.name: column.storage for column in asking.columns(resource).values()}
        for name, resource in RESOURCES.items()
    }
    assert kinds["spend"]["month"] == "date"
    assert kinds["spend"]["amount"] == "real"
    assert kinds["spend"]["amount_pence"] == kinds["releases"]["is_current"] == "integer"
    assert kinds["buyers"]["sme_share"] == "real"
    assert kinds["buyers"]["published_names"] == kinds["spend"]["lot"] == "text"
