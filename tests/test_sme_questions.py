"""A visitor asks the site's own questions: the answers are right, and the same wherever asked."""

from __future__ import annotations

import csv
import html
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import cubes
import httpx
import pytest
import writable
from conftest import BIN, ROOT, Site, free_port
from govspend_site import canned

FOLDER = ROOT / "canned_queries"
QUERIES = canned.load(FOLDER)
BAD_VALUES = (
    " ", "x" * 10_000, "a " * 5_000, "'", '"', "''; --", "<script>alert(1)</script>", '"a AND (',
    "*", "(", "NEAR(a b)", "a:b", "^", "-1", "1e400", "\0", "a\0b", "\ud7ff\U0001f600", "%", "NULL",
)  # fmt: skip

Row = dict[str, Any]


def file_rows(db: Path, name: str, given: Mapping[str, object] | None = None) -> list[Row]:
    """The answer of the file itself, run on the database; what is not given is NULL."""
    query = QUERIES[name]
    parameters = {**dict.fromkeys(query.header.parameters), **(given or {})}
    with closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(query.path.read_text(), parameters)]


def site_rows(site: Site, name: str, given: Mapping[str, Any] | None = None) -> list[Row]:
    """The answer of the site's JSON."""
    found = site.get(f"/govspend/{name}.json", params={**(given or {}), "_shape": "array"})
    assert found.status_code == 200, found.text
    rows: list[Row] = found.json()
    return rows


def csv_rows(site: Site, name: str, given: Mapping[str, str] | None = None) -> list[dict[str, str]]:
    found = site.get(f"/govspend/{name}.csv", params=given)
    assert found.status_code == 200, found.text
    return list(csv.DictReader(io.StringIO(found.text)))


def as_csv(rows: list[Row]) -> list[dict[str, str]]:
    return [{key: "" if v is None else str(v) for key, v in row.items()} for row in rows]


def page_rows(text: str) -> int:
    body = re.search(r"<tbody>(.*?)</tbody>", text, re.DOTALL)
    return body[1].count("<tr>") if body else 0


@pytest.mark.parametrize("name", QUERIES)
def test_page_json_csv_and_file_agree(real_site: Site, name: str) -> None:
    """A figure is the same on the page, in both exports and in the file run by anyone's SQLite."""
    expected = file_rows(real_site.db, name)
    assert expected or name == "search"
    assert site_rows(real_site, name) == expected
    assert csv_rows(real_site, name) == as_csv(expected)
    page = real_site.get(f"/govspend/{name}")
    assert page.status_code == 200
    assert html.escape(QUERIES[name].header.title) in page.text
    assert page_rows(page.text) == len(expected)


@pytest.mark.parametrize("name", QUERIES)
def test_file_runs_in_the_sqlite3_shell(real_site: Site, name: str) -> None:
    """`sqlite3 govspend.db < FILE` answers as the site does, without setting any parameter."""
    shell = shutil.which("sqlite3")
    if shell is None:
        pytest.skip("there is no sqlite3 shell")
    done = subprocess.run(
        [shell, "-readonly", "-json", str(real_site.db)],
        input=QUERIES[name].path.read_text(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout or "[]")
    expected = site_rows(real_site, name)
    assert [list(row) for row in rows] == [list(row) for row in expected]
    for row, other in zip(rows, expected, strict=True):
        # The shell writes 15 digits.
        assert row == {
            key: pytest.approx(v) if isinstance(v, float) else v for key, v in other.items()
        }


def test_every_question_has_an_answer_in_the_sample(sample_site: Site) -> None:
    """The demonstration shows every question with rows, DOS among them."""
    for name in QUERIES:
        expected = file_rows(sample_site.db, name)[:1000]
        assert expected or name == "search"
        assert site_rows(sample_site, name) == expected, name
        assert sample_site.get(f"/govspend/{name}").status_code == 200
    frameworks = site_rows(sample_site, "sme-spend-by-framework")
    assert any(row["framework"].startswith("Digital Outcomes") for row in frameworks)


def defaults() -> list[tuple[str, str]]:
    return [
        (name, key)
        for name, query in QUERIES.items()
        for key, parameter in query.header.parameters.items()
        if parameter.default_in_sql != "NULL"
    ]


@pytest.mark.parametrize(("name", "key"), defaults())
def test_default_is_one_thing(real_site: Site, name: str, key: str) -> None:
    """A parameter left out, left empty, or given its default gives one answer everywhere, and the
    form shows that default."""
    parameter = QUERIES[name].header.parameters[key]
    with closing(sqlite3.connect(real_site.db)) as db:
        (default,) = db.execute(f"SELECT {parameter.default_in_sql}").fetchone()
    expected = site_rows(real_site, name)
    for given in ({key: ""}, {key: str(default)}):
        assert site_rows(real_site, name, given) == expected
        assert csv_rows(real_site, name, given) == as_csv(expected)
        assert page_rows(real_site.get(f"/govspend/{name}", params=given).text) == len(expected)
    page = real_site.get(f"/govspend/{name}").text
    shown = f'<option value="{default}" selected>' if parameter.kind == "choice" else (
        f'value="{default}"'
    )  # fmt: skip
    assert shown in page


def choices() -> list[tuple[str, str]]:
    return [
        (name, key)
        for name, query in QUERIES.items()
        for key, parameter in query.header.parameters.items()
        if parameter.kind == "choice"
    ]


@pytest.mark.parametrize(("name", "key"), choices())
def test_every_choice_is_offered_and_answers(real_site: Site, name: str, key: str) -> None:
    """A select offers what the data has, each choice works, and choosing narrows the answer."""
    page = real_site.get(f"/govspend/{name}").text
    select = re.search(rf'<select id="ask-{key}".*?</select>', page, re.DOTALL)
    assert select
    values = [html.unescape(value) for value in re.findall(r'option value="([^"]+)"', select[0])]
    assert values
    for value in values[:12]:
        found = site_rows(real_site, name, {key: value})
        assert found == file_rows(real_site.db, name, {key: value})
        chosen = real_site.get(f"/govspend/{name}", params={key: value}).text
        assert f'<option value="{html.escape(value)}" selected>' in chosen
        assert "is not one of the choices" not in chosen


@pytest.mark.parametrize("name", [name for name in QUERIES if QUERIES[name].header.parameters])
def test_bad_input_is_no_error(real_site: Site, name: str) -> None:
    """Whatever is typed into a field gives an answer or none, never an error, and is never run."""
    with httpx.Client(base_url=real_site.url, timeout=30) as client:
        for key in QUERIES[name].header.parameters:
            for value in BAD_VALUES:
                for ending in ("", ".json"):
                    found = client.get(f"/govspend/{name}{ending}", params={key: value})
                    assert found.status_code == 200, (key, value[:40], ending, found.text[:300])
                    if not ending:
                        assert "<script>alert" not in found.text


def test_bad_input_is_explained(real_site: Site) -> None:
    """Who types what cannot be meant is told so beside the field, and gets no figure for it."""
    for name, key, value, words in (
        ("revisions-of-a-month", "month", "foo", "“foo” is not a month"),
        ("top-sme-suppliers", "top", "many", "“many” is not a number"),
        ("top-sme-suppliers", "top", "0", "0 is less than 1"),
        ("concentration", "who", "Nobody", "“Nobody” is not one of the choices"),
        ("first-sale-size-of-smes", "since", "foo", "“foo” is not a month"),
        ("time-from-first-to-second-buyer", "watched", "x", "“x” is not a number"),
    ):
        page = real_site.get(f"/govspend/{name}", params={key: value}).text
        assert words in html.unescape(page)
        assert "No rows fit these choices" in page
        assert re.search(rf'aria-describedby="[^"]*wrong-{key}"', page)


def test_words_are_looked_for_not_obeyed(real_site: Site) -> None:
    """Search syntax in a visitor's words changes nothing: only the words count, in any order."""
    plain = site_rows(real_site, "who-sells", {"words": "cloud hosting"})
    assert plain
    for words in ('"cloud hosting', "hosting (cloud", "+cloud* hosting)", " cloud  hosting "):
        assert site_rows(real_site, "who-sells", {"words": words}) == plain
    assert site_rows(real_site, "who-sells", {"words": "cloud NOT hosting"}) != plain
    found = site_rows(real_site, "search", {"words": "home offi"})
    assert [row["buyer_id"] for row in found if row["found"] == "buyer"] == ["home-office"]


# Known answers of the real releases.


def test_share_of_smes_is_as_published(real_site: Site) -> None:
    """The figure that the site is for: 53.4% of £217,455,674.58 to the end of June 2014."""
    (row,) = site_rows(real_site, "sme-spend-by-framework")
    assert (row["amount"], row["sme_pct"]) == (217_455_674.58, 53.4)
    for name in ("month", "financial-year", "lot", "sector"):
        rows = site_rows(real_site, f"sme-spend-by-{name}")
        assert sum(row["amount_pence"] for row in rows) == 21_745_567_458
        assert sum(row["sme_pence"] for row in rows) == row_sum(real_site.db, "SME")


def row_sum(db: Path, size: str) -> int:
    with closing(sqlite3.connect(db)) as connection:
        sql = "SELECT sum(amount_pence) FROM spend WHERE supplier_size = ?"
        total: int = connection.execute(sql, [size]).fetchone()[0]
    return total


def test_home_office(real_site: Site) -> None:
    """One buyer's total is the same in the two questions that give it: £31.6m."""
    bought = site_rows(real_site, "what-one-buyer-bought", {"buyer": "home-office"})
    total = sum(row["amount_pence"] for row in bought)
    assert round(total / 1e8, 1) == 31.6
    shares = site_rows(real_site, "sme-share-by-buyer")
    assert {row["buyer_id"]: row["amount_pence"] for row in shares}["home-office"] == total


def test_revisions_of_known_months(real_site: Site) -> None:
    """What each release said of a month stays to be seen, though the newest one replaced it."""
    rows = site_rows(real_site, "revisions-of-a-month", {"month": "2013-09"})
    assert [row["amount"] for row in rows] == [9_084_659.55, 8_432_991.72]
    assert [row["change_pence"] for row in rows] == [None, 843_299_172 - 908_465_955]
    # The first release does not publish sizes: unknown, not nought.
    assert [row["sme_pct"] is None for row in rows] == [True, False]
    rows = site_rows(real_site, "revisions-of-a-month", {"month": "2013-11"})
    assert [round(row["amount"] / 1e6, 1) for row in rows] == [10.5, 14.3]


# The same answers worked out in another way, from the lines themselves.


@pytest.fixture(scope="module")
def lines(real_site: Site) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(real_site.db)) as db:
        db.row_factory = sqlite3.Row
        return db.execute("SELECT * FROM spend").fetchall()


def months_since_zero(month: str) -> int:
    return 12 * int(month[:4]) + int(month[5:7])


def first_months(lines: list[sqlite3.Row], party: str) -> dict[str, str]:
    firsts: dict[str, str] = {}
    for line in lines:
        if line["amount_pence"] > 0:
            firsts[line[party]] = min(line["month"], firsts.get(line[party], "9999"))
    return firsts


def sme_first_sales(lines: list[sqlite3.Row]) -> dict[str, list[sqlite3.Row]]:
    """supplier -> its sales of its first month, for those with an SME line among them."""
    firsts = first_months(lines, "supplier_id")
    sales: dict[str, list[sqlite3.Row]] = defaultdict(list)
    for line in lines:
        if line["amount_pence"] > 0 and line["month"] == firsts[line["supplier_id"]]:
            sales[line["supplier_id"]].append(line)
    return {s: own for s, own in sales.items() if any(x["supplier_size"] == "SME" for x in own)}


def test_first_sale_sizes(real_site: Site, lines: list[sqlite3.Row]) -> None:
    """A firm counts once, by all that it sold in its first month; the median is the true one."""
    sums = sorted(
        sum(line["amount_pence"] for line in own) for own in sme_first_sales(lines).values()
    )
    rows = site_rows(real_site, "first-sale-size-of-smes")
    assert sum(row["supplier_count"] for row in rows) == len(sums)
    assert rows[0]["supplier_count"] == sum(pence < 100_000 for pence in sums)
    assert rows[-1]["supplier_count"] == sum(pence >= 25_000_000 for pence in sums)
    middle = (sums[(len(sums) - 1) // 2] + sums[len(sums) // 2]) / 2
    assert rows[0]["median_amount"] == pytest.approx(middle / 100, abs=0.01)


def test_time_to_second_buyer(real_site: Site, lines: list[sqlite3.Row]) -> None:
    """Only firms watched for long enough count, each by its second buyer's first month."""
    firsts = {s: own[0]["month"] for s, own in sme_first_sales(lines).items()}
    newest = max(line["month"] for line in lines)
    to_buyer: dict[str, dict[str, str]] = defaultdict(dict)
    for line in lines:
        if line["amount_pence"] > 0:
            own = to_buyer[line["supplier_id"]]
            own[line["buyer_id"]] = min(line["month"], own.get(line["buyer_id"], "9999"))
    waits: dict[int | None, int] = defaultdict(int)
    for supplier, first in firsts.items():
        if months_since_zero(newest) - months_since_zero(first) >= 12:
            second = sorted(to_buyer[supplier].values())[1:2]
            wait = months_since_zero(second[0]) - months_since_zero(first) if second else None
            waits[wait if wait is None or wait <= 12 else 13] += 1
    rows = site_rows(real_site, "time-from-first-to-second-buyer")
    assert [row["supplier_count"] for row in rows] == [waits[n] for n in range(14)] + [waits[None]]
    assert rows[-2]["of_those_that_did_pct"] == 100.0
    assert rows[-1]["of_those_that_did_pct"] is None


def test_newcomers(real_site: Site, lines: list[sqlite3.Row]) -> None:
    """Every supplier and buyer with a sale is new once, in its first month."""
    for name, party, column in (
        ("new-sme-suppliers-by-month", "supplier_id", "new_supplier_count"),
        ("new-buyers-by-month", "buyer_id", "new_buyer_count"),
    ):
        rows = site_rows(real_site, name)
        firsts = list(first_months(lines, party).values())
        assert [row["month"] for row in rows] == sorted({line["month"] for line in lines})
        assert {row["month"]: row[column] for row in rows} == {
            row["month"]: firsts.count(row["month"]) for row in rows
        }
    smes = sum(
        row["new_sme_supplier_count"] for row in site_rows(real_site, "new-sme-suppliers-by-month")
    )
    assert smes == len(sme_first_sales(lines))


def test_concentration(real_site: Site, lines: list[sqlite3.Row]) -> None:
    """The largest ten are the ten with the largest sums, under each choice of whom to rank."""
    for who, party, sizes in (
        ("Suppliers", "supplier_id", ("SME", "Large", None)),
        ("SME suppliers", "supplier_id", ("SME",)),
        ("Buyers", "buyer_id", ("SME", "Large", None)),
    ):
        sums: dict[str, int] = defaultdict(int)
        for line in lines:
            if line["supplier_size"] in sizes:
                sums[line[party]] += line["amount_pence"]
        largest = sorted(sums.values(), reverse=True)
        rows = site_rows(real_site, "concentration", {"who": who})
        assert [row["amount_pence"] for row in rows] == [sum(largest[:n]) for n in (10, 25, 100)]
        assert {row["all_name_count"] for row in rows} == {len(sums)}


def test_buyers_by_sme_suppliers(real_site: Site, lines: list[sqlite3.Row]) -> None:
    """A credit alone does not make a firm a buyer's supplier; a firm counts once for a buyer."""
    firms: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line["amount_pence"] > 0 and line["supplier_size"] == "SME":
            firms[line["buyer_id"]].add(line["supplier_id"])
    rows = site_rows(real_site, "buyers-by-sme-suppliers", {"top": "1000"})
    assert {row["buyer_id"]: row["sme_supplier_count"] for row in rows} == {
        buyer: len(own) for buyer, own in firms.items()
    }


# The rules, on lines made for them.


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """An empty database with the real tables, one release and two buyers."""
    path = tmp_path / "govspend.db"
    with closing(sqlite3.connect(path)) as db:
        for part in ("schema.sql", "views.sql"):
            db.executescript((ROOT / "ingest" / part).read_text())
        columns = [row[1:4] for row in db.execute("PRAGMA table_info(releases)")]
        filler: Row = {name: 0 if kind == "INTEGER" else "" for name, kind, _ in columns}
        row = {
            **filler,
            "release_key": 0,
            "release_id": "r",
            "feed_id": "f",
            "position": 1,
            "is_current": 1,
        }
        marks = ", ".join(f":{name}" for name in row)
        db.execute(f"INSERT INTO releases VALUES ({marks})", row)  # noqa: S608
        db.executemany("INSERT INTO buyers VALUES (?, ?, ?)", [(0, "a", "A"), (1, "b", "B")])
        db.commit()
    return path


def add(path: Path, *lines: tuple[str, str, str, int, str | None]) -> None:
    """Lines of supplier, buyer, month, pence and size; the cubes as the build would make it."""
    with closing(sqlite3.connect(path)) as db:
        writable.make(db)
        for number, (supplier, buyer, month, pence, size) in enumerate(lines):
            db.execute(
                "INSERT OR IGNORE INTO suppliers (supplier_id, name) VALUES (?1, ?1)", [supplier]
            )
            db.execute(
                "INSERT INTO spend (spend_id, release_id, line_number, month, supplier_size, "
                "amount_pence, supplier_id, buyer_id, supplier_name_id, buyer_name_id) "
                "VALUES (?1, 'r', ?2, ?3, ?4, ?5, ?6, ?7, "
                "(SELECT rowid FROM suppliers WHERE supplier_id = ?6), "
                "(SELECT rowid FROM buyers WHERE buyer_id = ?7))",
                [str(number), number, f"{month}-01", size, pence, supplier, buyer],
            )
        db.execute(
            "INSERT INTO release_months SELECT release_id, month, framework, lot, sector, "
            "supplier_size, count(*), sum(amount_pence) FROM spend GROUP BY 2, 3, 4, 5, 6"
        )
        db.commit()
        db.isolation_level = None
        cubes.make(db)


def test_a_share_of_nothing_or_of_unknown_is_unknown(made: Path) -> None:
    """A month of credits has no share, and where no size is published the share is not nought."""
    add(
        made,
        ("s", "a", "2013-01", -500, "SME"), ("t", "a", "2013-01", 100, "Large"),
        ("s", "a", "2013-02", 700, None),
        ("s", "a", "2013-03", 300, "SME"), ("s", "a", "2013-03", 100, None),
        ("t", "a", "2013-04", 100, "Large"),
    )  # fmt: skip
    rows = file_rows(made, "sme-spend-by-month")
    assert [(row["sme_pence"], row["sme_pct"]) for row in rows] == [
        (-500, None), (None, None), (300, 75.0), (0, 0.0),
    ]  # fmt: skip
    assert [row["not_published_amount"] for row in rows] == [0, 7.0, 1.0, 0]
    (row,) = file_rows(made, "sme-spend-by-sector")
    assert row["sector"] is None
    assert file_rows(made, "sme-spend-by-month", {"sector": "Not published"}) == rows


def test_a_year_tells_how_much_of_it_there_is(made: Path) -> None:
    """March and April fall in different financial years, and a part of a year shows as one."""
    add(made, ("s", "a", "2000-03", 100, "SME"), ("s", "a", "2000-04", 100, "SME"))
    rows = file_rows(made, "sme-spend-by-financial-year")
    assert [(row["financial_year"], row["month_count"]) for row in rows] == [
        ("1999-00", 1), ("2000-01", 1),
    ]  # fmt: skip
    assert file_rows(made, "sme-spend-by-lot", {"financial_year": "1999-00"})[0]["amount"] == 1.0


def test_who_is_watched_for_a_second_buyer(made: Path) -> None:
    """Watched for 12 months to the day counts and 11 does not; a credit is no sale; two buyers in
    the first month is no wait; a firm that began as Large is no SME."""
    add(
        made,
        ("edge", "a", "2013-06", 100, "SME"), ("edge", "b", "2014-06", 100, "SME"),
        ("late", "a", "2013-07", 100, "SME"), ("late", "b", "2013-08", 100, "SME"),
        ("credit", "b", "2012-01", -100, "SME"), ("credit", "a", "2012-02", 100, "SME"),
        ("credit", "b", "2012-03", -100, "SME"),
        ("both", "a", "2012-01", 100, "SME"), ("both", "b", "2012-01", 100, "SME"),
        ("large", "a", "2012-01", 100, "Large"), ("large", "b", "2012-02", 100, "SME"),
        ("slow", "a", "2012-01", 100, "SME"), ("slow", "b", "2013-02", 100, "SME"),
    )  # fmt: skip
    rows = file_rows(made, "time-from-first-to-second-buyer")
    counts = {row["wait"]: row["supplier_count"] for row in rows if row["supplier_count"]}
    assert counts == {
        "0 months": 1, "12 months": 1, "more than 12 months": 1, "no second buyer so far": 1,
    }  # fmt: skip
    did = [row["of_those_that_did_pct"] for row in rows]
    assert (did[0], did[12], did[13], did[14]) == (33.3, 66.7, 100.0, None)
    shorter = file_rows(made, "time-from-first-to-second-buyer", {"watched": 11})
    assert sum(row["supplier_count"] for row in shorter) == 5


def test_newcomers_of_unknown_size_are_not_nought_smes(made: Path) -> None:
    """Where no size is published, how many newcomers are SMEs is unknown."""
    add(
        made,
        ("s", "a", "2013-01", 100, None), ("t", "a", "2013-02", 100, "SME"),
        ("u", "a", "2013-02", 100, "Large"), ("s", "a", "2013-03", 100, "SME"),
    )  # fmt: skip
    rows = file_rows(made, "new-sme-suppliers-by-month")
    assert [row["new_sme_supplier_count"] for row in rows] == [None, 1, 0]
    assert [row["total_supplier_count"] for row in rows] == [1, 3, 3]
    assert [
        row["buying_from_sme_count"] for row in file_rows(made, "new-buyers-by-month")
    ] == [None, 0, 0]  # fmt: skip


# What the page says of itself.


@contextmanager
def serving_with(db: Path, *settings: str) -> Iterator[Site]:
    """The site with settings of a test's own."""
    port = free_port()
    command = [
        str(BIN / "datasette"), "serve", "--immutable", str(db), "--port", str(port),
        "--metadata", "metadata.yml", "--plugins-dir", "plugins", "--template-dir", "templates",
        "--static", "static:templates/static", *settings,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        site = Site(f"http://127.0.0.1:{port}", db.parent)
        try:
            for _ in range(100):
                try:
                    site.get("/-/versions.json")
                    break
                except httpx.TransportError:
                    time.sleep(0.2)
            yield site
        finally:
            server.terminate()


def test_cut_rows_are_said_to_be_cut(real_site: Site) -> None:
    """Nobody takes the first rows for all of them, in a question or in SQL of one's own."""
    whole = real_site.get("/govspend/sme-share-by-buyer").text
    assert "there are more" not in whole
    with serving_with(real_site.db, "--setting", "max_returned_rows", "20") as site:
        page = site.get("/govspend/sme-share-by-buyer").text
        assert page_rows(page) == 20
        assert "Only the first 20 rows" in " ".join(page.split())
        own = site.get("/govspend", params={"sql": "select * from spend"}).text
        assert "Only the first 20 rows" in " ".join(own.split())
        assert site.get("/govspend/sme-share-by-buyer.json").json()["truncated"] is True


def test_a_question_can_be_taken_further(real_site: Site) -> None:
    """Its links lead to JSON, CSV and an editable copy of the SQL that gives the same rows."""
    page = real_site.get("/govspend/what-one-buyer-bought", params={"buyer": "home-office"}).text
    links = {html.unescape(link) for link in re.findall(r'href="([^"]+)"', page)}
    exports = [link for link in links if "what-one-buyer-bought." in link]
    assert any(".json" in link for link in exports)
    assert any(".csv" in link for link in exports)
    (edit,) = (link for link in links if "sql=" in link)
    edited = real_site.get(edit)
    assert edited.status_code == 200
    assert 'id="sql-editor"' in edited.text
    bought = file_rows(real_site.db, "what-one-buyer-bought", {"buyer": "home-office"})
    assert page_rows(edited.text) == len(bought)
    # What datasette-vega looks for.
    assert re.search(r'class="export-links">.*href="[^"]*json', page)
    assert '<table class="rows-and-columns">' in page


def test_caveats_stand_beside_the_figures(real_site: Site) -> None:
    """What limits a figure is read where the figure is, in the words of metadata.yml."""
    sentences = real_site.get("/-/metadata.json").json()["caveats"]
    for name, query in QUERIES.items():
        page = html.unescape(real_site.get(f"/govspend/{name}").text)
        assert query.header.caveats
        for caveat in query.header.caveats:
            assert sentences[caveat] in page


# A file with a mistake never goes out.

GOOD = """\
-- title: Lines
-- description: How many lines.
-- parameters:
--   size:
--     label: Size
--     kind: choice
--     any: All sizes
--     choices: [SME, Large]
--   least:
--     label: At least
--     kind: number
--     default: 5
-- chart: {mark: bar, x: month, y: [line_count]}
SELECT month, count(*) AS line_count FROM spend
WHERE supplier_size = nullif(:size, '') AND amount_pence > coalesce(nullif(:least, ''), 5)
GROUP BY month;
"""
MISTAKES = {
    "unknown key": (
        "-- title: Lines",
        "-- title: Lines\n-- colour: red",
        "line 2: colour: no such key",
    ),
    "no title": ("-- title: Lines\n", "", "title: is missing"),
    "empty title": ("title: Lines", "title: ''", "line 1: title: String should have"),
    "no description": ("-- description: How many lines.\n", "", "description: is missing"),
    "key given twice": (
        "-- title: Lines",
        "-- title: Lines\n-- title: x",
        "line 2: 'title' is given",
    ),
    "not YAML": ("title: Lines", "title: [Lines", "line 2: the header is not YAML"),
    "no header": ("-- ", "", "line 1: must begin with a header"),
    "dashes without space": ("-- title", "--title", "line 1: a header line must begin"),
    "unknown kind": (
        "kind: number",
        "kind: date",
        "line 11: parameters.least.kind: Input should be",
    ),
    "unknown parameter key": (
        "any: All sizes",
        "all: All sizes",
        "line 7: parameters.size.all: no such key",
    ),
    "choice without choices": (
        "--     choices: [SME, Large]\n",
        "",
        "line 4: parameters.size: a choice needs",
    ),
    "choice without none": (
        "--     any: All sizes\n",
        "",
        "line 4: parameters.size: a choice needs",
    ),
    "choices for a number": (
        "default: 5",
        "default: 5\n--     choices: ['5']",
        "are for kind choice",
    ),
    "default not a choice": ("any: All sizes", "default: Tiny", "“Tiny” is not one of the choices"),
    "default not a number": ("default: 5", "default: five", "does not suit kind number"),
    "default unlike the SQL": (
        "default: 5",
        "default: 6",
        "line 9: parameters.least: the SQL must use it as",
    ),
    "default only in the SQL": (
        "--     default: 5\n",
        "",
        "line 9: parameters.least: the SQL must use it as",
    ),
    "bare use": ("nullif(:size, '')", ":size", "line 4: parameters.size: the SQL must use it as"),
    "used, not declared": ("count(*)", "count(:other)", "line 14: :other is used in the SQL"),
    "declared, not used": (
        "> coalesce(nullif(:least, ''), 5)",
        "> 5",
        "line 9: parameters.least: is never used",
    ),
    "nameless placeholder": ("count(*)", "count(?)", "line 14: ? is used in the SQL"),
    "no semicolon": ("month;", "month", "line 16: the SQL must end with a semicolon"),
    "no such column": ("count(*)", "count(cost)", "the SQL does not prepare: no such column: cost"),
    "two statements": ("month;", "month; SELECT 1;", "the SQL does not prepare"),
    "not a SELECT": ("SELECT month", "DELETE FROM spend; SELECT month", "the SQL does not prepare"),
    "choices that fail": (
        "choices: [SME, Large]",
        "choices_sql: SELECT nothing",
        "line 8: parameters.size.choices_sql does not prepare",
    ),
    "chart of nothing": (
        "y: [line_count]",
        "y: [cost]",
        "line 13: chart: the result has no column 'cost'",
    ),
    "unknown caveat": (
        "-- chart",
        "-- caveats: [nope]\n-- chart",
        "line 13: caveats.0: metadata.yml has no caveat 'nope'",
    ),
}


def check(path: Path) -> None:
    """What start-up does with a file."""
    query = canned.read(path)
    with closing(sqlite3.connect(":memory:")) as db:
        for part in ("schema.sql", "views.sql"):
            db.executescript((ROOT / "ingest" / part).read_text())
        canned.check_against(query, db, {"resellers": ""})


def test_the_good_file_is_good(tmp_path: Path) -> None:
    """The mistakes below are the only thing wrong with their files."""
    path = tmp_path / "lines.sql"
    path.write_text(GOOD)
    check(path)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_sentence(tmp_path: Path, mistake: str) -> None:
    """Who writes a question learns from one sentence which file, which line and what is wrong."""
    before, after, said = MISTAKES[mistake]
    path = tmp_path / "lines.sql"
    assert before in GOOD
    path.write_text(GOOD.replace(before, after) if mistake == "no header" else
                    GOOD.replace(before, after, 1))  # fmt: skip
    with pytest.raises(canned.QueryFileError) as raised:
        check(path)
    message = str(raised.value)
    assert message.startswith(f"{path} line ")
    assert said in message
    assert "\n" not in message


@pytest.mark.parametrize("name", ["spend", "revisions"])
def test_a_query_never_hides_a_table(tmp_path: Path, name: str) -> None:
    """A query named like a table or a view would take that page's address."""
    path = tmp_path / f"{name}.sql"
    path.write_text(GOOD)
    with closing(sqlite3.connect(":memory:")) as db:
        for part in ("schema.sql", "views.sql"):
            db.executescript((ROOT / "ingest" / part).read_text())
        with pytest.raises(canned.QueryFileError, match=f"called {name}"):
            canned.check_against(canned.read(path), db, {})


@pytest.mark.parametrize("name", ["Upper", "under_score", "two--hyphens"])
def test_a_name_is_a_plain_address(tmp_path: Path, name: str) -> None:
    """The file's name is its URL: one spelling, nothing to escape."""
    path = tmp_path / f"{name}.sql"
    path.write_text(GOOD)
    with pytest.raises(canned.QueryFileError, match="its URL"):
        canned.read(path)


def test_the_site_does_not_start_with_a_mistake(real_build: Path, tmp_path: Path) -> None:
    """The whole of start-up: exit code, one plain line, no traceback, nothing served."""
    plugins, queries = tmp_path / "plugins", tmp_path / "canned_queries"
    plugins.mkdir()
    queries.mkdir()
    shutil.copy(ROOT / "plugins" / "canned_queries.py", plugins)
    (queries / "spend.sql").write_text(GOOD)
    command = [
        sys.executable, "-m", "datasette", "serve", "--immutable", real_build / "govspend.db",
        "--plugins-dir", plugins, "--port", str(free_port()),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
    done = subprocess.run(
        [str(part) for part in command], env=environment, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: {queries / 'spend.sql'} line 1: there is a view called spend, whose page this "
        "query would hide; rename the file.\n"
    )
