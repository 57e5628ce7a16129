"""A developer relies on the API for years: errors that say why, and ids and figures to trust."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import BIN, ROOT, Site, free_port
from govspend_site.api import answers
from govspend_site.api.resources import ENDINGS, RESOURCES

LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"


def problem(site: Site, path: str, status: int, method: str = "GET", **more: Any) -> dict[str, Any]:
    """The body of an answer that is a problem, with what every problem must have."""
    answer = httpx.request(method, site.url + path, timeout=30, **more)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "no-store" in answer.headers["cache-control"]
    assert answer.headers["govspend-edition"]
    said: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "errors"} <= set(said)
    assert said["status"] == status
    assert said["edition"]["edition_id"] == answer.headers["govspend-edition"]
    return said


# Errors


@pytest.mark.parametrize(
    ("query", "parameter", "given", "allowed"),
    [
        ("limit=5000", "limit", "5000", "a whole number from 1 to 1,000"),
        ("limit=1_0", "limit", "1_0", "a whole number from 1 to 1,000"),
        ("limit=1&limit=2", "limit", "1, 2", "one value"),
        ("lot=Cloud+Hostng", "lot", "Cloud Hostng", "one of Infrastructure as a Service (IaaS), "),
        ("lot=", "lot", "", "one of "),
        ("supplier_size=sme", "supplier_size", "sme", "one of SME, Large, null"),
        ("month=2014-13", "month", "2014-13", "a month such as 2014-06"),
        ("month_from=June", "month_from", "June", "a month such as 2014-06"),
        ("amount_from=NaN", "amount_from", "NaN", "a number from -1,000,000,000,000 to "),
        ("amount_to=1e99", "amount_to", "1e99", "a number from "),
        ("sort=price", "sort", "price", "one of month, -month, amount, -amount"),
        ("fields=month,price", "fields", "price", "one of spend_id, "),
        ("count=yes", "count", "yes", "true or false"),
        ("financial_year=2013", "financial_year", "2013", "one of 2012-13, 2013-14, 2014-15, null"),
        ("release_id=x", "release_id", "x", "one of gcloud-sales-2013-11, gcloud-sales-2014-06"),
        ("q=", "q", "", "a text of 1 to 200 characters"),
        ("price=1", "price", "1", "the parameters limit, cursor, "),
    ],
)
def test_a_mistake_is_named_with_what_was_given_and_what_is_allowed(
    real_site: Site, query: str, parameter: str, given: str, allowed: str
) -> None:
    """Nobody has to guess what was wrong, nor what would have been right."""
    said = problem(real_site, f"/api/v1/spend?{query}", 400)
    (found,) = said["errors"]
    assert (found["parameter"], found["given"]) == (parameter, given)
    assert found["allowed"].startswith(allowed.removesuffix(", null"))
    assert parameter in said["detail"]


def test_every_mistake_is_told_at_once_and_long_ones_are_cut(real_site: Site) -> None:
    """One round trip finds them all, and nobody's megabyte comes back."""
    said = problem(real_site, f"/api/v1/summary?group_by=day&limit=0&{'x' * 900}=1", 400)
    assert {error["parameter"] for error in said["errors"]} == {"group_by", "limit", "x" * 200}
    said = problem(real_site, f"/api/v1/spend?q={'é' * 300}", 400)
    assert said["errors"][0]["given"] == "é" * 200


@pytest.mark.parametrize(
    "path",
    ["/api/v2/spend", "/api/nothing", "/api/v1/payments", "/api/v1/spend.doc", "/api/v1/spend/",
     "/api/v1/spend/nothing", "/api/v1/suppliers/no%2Fsuch%00firm", "/api/v1/summary/x",
     "/api/v1/spend/a/b", "/api/%2e%2e/%2e%2e/x", "/api/v1/releases/x"],
)  # fmt: skip
def test_what_is_not_there_is_said_as_a_problem(real_site: Site, path: str) -> None:
    """Every path under /api/ answers a program in its own terms."""
    assert problem(real_site, path, 404)["detail"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/api/v1/spend", "/api/v1/suppliers/bjss", "/openapi.json"])
def test_the_api_is_only_for_reading(real_site: Site, path: str, method: str) -> None:
    """With a cookie or without, whoever writes is told what can be done."""
    for cookie in ({}, {"cookie": "ds_csrftoken=x"}):
        problem(real_site, path, 405, method, headers=cookie)
        answer = httpx.request(method, real_site.url + path, headers=cookie, timeout=30)
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_a_question_that_takes_too_long_says_what_to_do(real_build: Path) -> None:
    """503, not a half answer: on a site of little patience, as a large edition would be on ours."""
    port = free_port()
    command = [
        str(BIN / "datasette"), "serve", "--immutable", str(real_build / "govspend.db"),
        "--port", str(port), "--metadata", "metadata.yml", "--plugins-dir", "plugins",
        "--template-dir", "templates", "--setting", "sql_time_limit_ms", "25",
    ]  # fmt: skip
    with (real_build / "slow.log").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        site = Site(f"http://127.0.0.1:{port}", real_build)
        transport = httpx.HTTPTransport(retries=8)
        with httpx.Client(transport=transport, timeout=30) as client:
            client.get(f"{site.url}/-/versions.json")
        # What single lines come to is in no sums made beforehand.
        slow = "/api/v1/summary?group_by=supplier,buyer,month&amount_from=0"
        assert "too long" in problem(site, slow, 503)["detail"]
        assert int(site.get(slow).headers["retry-after"])
    finally:
        server.terminate()
        server.wait(20)


# Headers


def test_an_answer_that_is_known_is_not_sent_again(real_site: Site) -> None:
    """304 on the ETag, which is another for each address."""
    first = real_site.get("/api/v1/spend?limit=1")
    tag = first.headers["etag"]
    assert tag.startswith('"')
    for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = real_site.get("/api/v1/spend?limit=1", headers={"if-none-match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["govspend-edition"] == first.headers["govspend-edition"]
        assert again.links["license"]["url"] == LICENCE
    problem(real_site, "/api/v1/spend/nothing", 404, headers={"if-none-match": "*"})
    file = real_site.get("/api/v1/suppliers.csv")
    held = {"if-none-match": file.headers["etag"]}
    assert real_site.get("/api/v1/suppliers.csv", headers=held).status_code == 304
    other = real_site.get("/api/v1/spend?limit=2", headers={"if-none-match": tag})
    assert other.status_code == 200
    assert other.headers["etag"] != tag


def test_the_etag_is_of_the_edition(real_site: Site, sample_site: Site) -> None:
    """The same address in another edition is another answer."""
    edition = real_site.get("/api/v1/").headers["govspend-edition"]
    kept = real_site.get(f"/as-of/{edition}/api/v1/releases")
    assert kept.headers["etag"] != real_site.get("/api/v1/releases").headers["etag"]
    assert "max-age=" in real_site.get("/api/v1/releases").headers["cache-control"]
    assert sample_site.get("/api/v1/").headers["govspend-edition"] != edition


def test_a_page_of_another_site_may_ask(real_site: Site) -> None:
    """CORS, with the headers that a program wants, and an answer to the preflight."""
    asked = {"origin": "https://example.org", "access-control-request-method": "GET"}
    ready = httpx.options(f"{real_site.url}/api/v1/spend", headers=asked, timeout=30)
    assert ready.status_code == 204
    assert ready.headers["access-control-allow-methods"] == answers.METHODS
    answer = real_site.get("/api/v1/spend.csv?limit=1", headers=asked)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "ETag, Link" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("ending", ["", ".csv", ".parquet"])
def test_head_says_what_get_would(real_site: Site, ending: str) -> None:
    """Without the rows."""
    path = f"/api/v1/suppliers{ending}?limit=2"
    whole, head = (httpx.request(m, real_site.url + path, timeout=30) for m in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    for name in ("etag", "link", "content-type", "govspend-edition", "govspend-attribution"):
        assert head.headers[name] == whole.headers[name]


def test_an_illustrative_sample_says_so(sample_site: Site, real_site: Site) -> None:
    """Nobody takes invented figures for real ones, in whatever format."""
    for ending in ("", ".csv"):
        invented = sample_site.get(f"/api/v1/spend{ending}?limit=1")
        assert invented.headers["govspend-illustrative"] == "true"
        assert "govspend-illustrative" not in real_site.get(f"/api/v1/spend{ending}").headers
    assert sample_site.get("/api/v1/spend?limit=1").json()["edition"]["illustrative"] is True


# Ids


def test_a_line_is_found_by_its_id_with_the_releases_that_held_it(real_site: Site) -> None:
    """As long as its text stays, its address does."""
    (line,) = real_site.get("/api/v1/spend?limit=1&sort=month").json()["rows"]
    row = real_site.get(f"/api/v1/spend/{line['spend_id']}").json()["row"]
    held = row.pop("releases")
    assert row == line
    assert held[-1]["release_id"] == line["release_id"]
    assert held[-1]["is_current"] is True


def test_a_line_that_is_gone_names_the_releases_that_held_it(real_site: Site) -> None:
    """410 for what was published once, 404 for what never was."""
    with closing(sqlite3.connect(f"file:{real_site.db}?mode=ro", uri=True)) as db:
        sql = "SELECT spend_id FROM line_spans WHERE spend_id NOT IN (SELECT spend_id FROM spend)"
        (gone,) = db.execute(sql).fetchone()
    said = problem(real_site, f"/api/v1/spend/{gone}", 410)
    assert said["spend_id"] == gone
    assert [release["release_id"] for release in said["releases"]] == ["gcloud-sales-2013-11"]


def test_an_old_id_is_understood_and_said(real_site: Site) -> None:
    """A program that kept an id goes on working when its name is joined to another."""
    with closing(sqlite3.connect(f"file:{real_site.db}?mode=ro", uri=True)) as db:
        sql = "SELECT own_id, supplier_id FROM supplier_names WHERE own_id <> supplier_id"
        pairs = [p for p in db.execute(sql) if not has_supplier(db, p[0])]
    old, new = pairs[0]
    one, now = (real_site.get(f"/api/v1/suppliers/{key}").json() for key in (old, new))
    assert one["row"] == now["row"]
    assert old in one["notes"][0]
    assert now["notes"] == []
    lists = [
        real_site.get(f"/api/v1/spend?supplier_id={key}&count=true").json() for key in (old, new)
    ]
    assert lists[0]["total"] == lists[1]["total"]
    assert lists[0]["total"]["count"] > 0
    assert new in lists[0]["notes"][0]
    said = real_site.get(f"/api/v1/spend.csv?supplier_id={old}").headers["govspend-note"]
    assert new in said


def has_supplier(db: sqlite3.Connection, key: str) -> bool:
    return (
        db.execute("SELECT 1 FROM suppliers WHERE supplier_id = ?", (key,)).fetchone() is not None
    )


def test_an_id_that_nobody_has_is_said(real_site: Site) -> None:
    """An empty answer without a word would be taken for: sold nothing."""
    said = real_site.get("/api/v1/spend?supplier_id=no-such-firm&supplier_id=bjss").json()
    assert said["rows"]
    assert said["notes"] == [
        "No row of suppliers has the supplier_id “no-such-firm” in this edition."
    ]


# Editions and figures


def test_a_kept_edition_answers_under_its_own_address(real_site: Site) -> None:
    """Every address in an answer stays in the edition that was asked."""
    edition = real_site.get("/api/v1/").headers["govspend-edition"]
    base = f"{real_site.url}/as-of/{edition}"
    said = httpx.get(f"{base}/api/v1/spend?limit=1", timeout=30).json()
    assert said["next"].startswith(f"{base}/api/v1/spend?")
    assert httpx.get(said["next"], timeout=30).json()["edition"]["edition_id"] == edition
    assert (
        httpx.get(f"{base}/openapi.json", timeout=30).json()["servers"][0]["url"]
        == f"/as-of/{edition}"
    )
    index = httpx.get(f"{base}/api/v1/", timeout=30).json()
    assert all(each["url"].startswith(base) for each in index["resources"])
    assert f"{base}/api/v1/summary" in httpx.get(f"{base}/api", timeout=30).text


def test_what_the_index_names_is_there(real_site: Site) -> None:
    """Every address that /api/v1/ gives can be followed."""
    said = real_site.get("/api/v1/").json()
    assert [each["name"] for each in said["resources"]] == list(RESOURCES)
    for each in said["resources"]:
        assert each["description"]
        assert list(each["formats"]) == list(ENDINGS)
        for url in (each["url"], *each["formats"].values()):
            assert httpx.head(url, timeout=30).status_code == 200
    assert httpx.get(said["documentation"], timeout=30).status_code == 200
    assert httpx.get(said["description"], timeout=30).json()["openapi"] == "3.1.0"


def test_the_sme_share_is_the_one_that_the_site_shows(real_site: Site) -> None:
    """The API, the proof card and the list of buyers tell one share."""
    (row,) = real_site.get("/api/v1/summary").json()["rows"]
    card = real_site.get("/proof/sme-share.json").text
    assert str(row["sme_amount_pence"]) in card
    assert f"{100 * row['sme_share']:.1f}" in card
    listed = {each["buyer_id"]: each for each in real_site.get("/buyers.json").json()["rows"]}
    for buyer in real_site.get("/api/v1/buyers?limit=1000").json()["rows"]:
        same = listed.get(buyer["buyer_id"])
        if same is None:
            assert buyer["line_count"] == 0
            continue
        assert buyer["sme_amount_pence"] == same["sme_pence"]
        assert buyer["amount_pence"] == same["amount_pence"]
        assert buyer["supplier_count"] == same["supplier_count"]
        share = None if buyer["sme_share"] is None else 100 * buyer["sme_share"]
        assert share == pytest.approx(same["sme_pct"], abs=0.0501)


def test_suppliers_are_those_of_the_site(real_site: Site) -> None:
    """The API and the list of suppliers tell the same sums, counts and months."""
    listed = {each["supplier_id"]: each for each in real_site.get("/suppliers.json").json()["rows"]}
    found = real_site.get("/api/v1/suppliers?limit=1000").json()["rows"]
    assert len(found) >= len(listed) > 300
    for supplier in found:
        same = listed.get(supplier["supplier_id"], {})
        for name in ("amount_pence", "line_count", "buyer_count", "first_month", "last_month"):
            assert supplier[name] == same.get(name) or (not same and not supplier[name])


def test_a_share_of_nothing_or_less_is_null(real_site: Site) -> None:
    """Never clamped, never a division by what is not there."""
    (credits,) = real_site.get("/api/v1/summary?amount_to=-0.01").json()["rows"]
    assert credits["amount_pence"] < 0
    assert credits["sme_share"] is None
    (none,) = real_site.get("/api/v1/summary?month=1999-01").json()["rows"]
    assert (none["line_count"], none["amount_pence"]) == (0, 0)
    assert none["sme_amount"] is none["sme_share"] is None


def test_provisional_months_are_told(real_site: Site) -> None:
    """Nobody compares a month that later releases will raise without having been told."""
    said = real_site.get("/api/v1/summary?group_by=month").json()
    provisional = [row["month"] for row in said["rows"] if row["is_provisional"]]
    assert provisional == [f"2014-0{month}-01" for month in range(1, 7)]
    assert "January 2014" in said["provisional"]
    quarters = real_site.get("/api/v1/summary?group_by=quarter&fields=quarter,is_provisional")
    told = {row["quarter"]: row["is_provisional"] for row in quarters.json()["rows"]}
    assert told["2013-Q4"] is False
    assert told["2014-Q1"] is told["2014-Q2"] is True


@pytest.mark.parametrize(
    "groups",
    [("supplier_size", "financial_year"), ("month", "lot"), ("month", "financial_year"),
     ("month", "sector", "framework")],
)  # fmt: skip
def test_groups_are_as_sql_has_them(real_site: Site, groups: tuple[str, ...]) -> None:
    """Sums and counts of every group, against SQL of the test's own."""
    query = f"group_by={','.join(groups)}&sort=-amount&limit=1000"
    said = json.loads(real_site.get(f"/api/v1/summary?{query}").text, parse_float=Decimal)["rows"]
    with closing(sqlite3.connect(f"file:{real_site.db}?mode=ro", uri=True)) as db:
        rows = db.execute(
            f"""SELECT {", ".join(groups)}, sum(amount_pence) AS pence, count(*),
                count(DISTINCT supplier_id) FILTER (WHERE amount_pence > 0),
                count(DISTINCT buyer_id) FILTER (WHERE amount_pence > 0)
            FROM spend GROUP BY {", ".join(groups)} ORDER BY pence DESC"""  # noqa: S608 - ours
        ).fetchall()
    names = (*groups, "amount_pence", "line_count", "supplier_count", "buyer_count")
    found = [tuple(row[name] for name in names) for row in said]
    assert [row[-4] for row in found] == [row[-4] for row in rows[:1000]]
    assert set(found) <= set(rows)
    assert all(row["amount"] * 100 == row["amount_pence"] for row in said)


@pytest.mark.parametrize("words", ['"', "a OR b", "NEAR(", "x*", "' --", "\0", "%", "é", "col:x"])
@pytest.mark.parametrize("name", ["q", "supplier", "buyer"])
def test_words_are_looked_for_and_never_obeyed(real_site: Site, name: str, words: str) -> None:
    """Whatever is typed is a word; a sign alone is none, and finds nothing."""
    answer = real_site.get("/api/v1/spend", params={name: words, "limit": 1, "count": "true"})
    assert answer.status_code == 200
    assert answer.json()["total"]["count"] < 13492


def test_fields_are_those_asked_for_in_that_order(real_site: Site) -> None:
    """By comma or one by one; a group that is not there is left out, and said."""
    for query in ("fields=amount,month", "fields=amount&fields=month"):
        said = real_site.get(f"/api/v1/spend?limit=1&{query}").json()
        assert list(said["rows"][0]) == ["amount", "month"]
    said = real_site.get("/api/v1/summary?group_by=lot&fields=month,lot").json()
    assert list(said["rows"][0]) == ["lot"]
    assert "Left out: month" in said["notes"][0]
