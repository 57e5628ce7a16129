"""A visitor looks up a firm or a public body: the lists, the profiles, and what stands behind them.

The figures are counted again here from the database, and the first sales from the published file,
by short loops of another hand.
"""

from __future__ import annotations

import csv
import html
import io
import re
import sqlite3
from collections import defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from conftest import ROOT, Site
from playwright.sync_api import expect

PAGES = ("/suppliers", "/suppliers/bjss", "/buyers", "/buyers/home-office")
Line = dict[str, Any]


@pytest.fixture(scope="module")
def lines(real_site: Site) -> list[Line]:
    """Every line of spend, to be counted by hand."""
    with closing(sqlite3.connect(f"file:{real_site.db}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM spend")]


def rows_of(site: Site, path: str) -> list[Line]:
    found = site.get(path)
    assert found.status_code == 200, found.text
    body = found.json()
    rows: list[Line] = body if isinstance(body, list) else body["rows"]
    return rows


def pounds(pence: int) -> str:
    return f"{'-' if pence < 0 else ''}£{abs(pence) / 100:,.2f}"


def first_months(lines: list[Line], key: str) -> dict[str, str]:
    """Firm -> the earliest month of a line above nought that was published as SME."""
    firsts: dict[str, str] = {}
    for line in lines:
        if line["supplier_size"] == "SME" and line["amount_pence"] > 0:
            firsts[line[key]] = min(firsts.get(line[key], "9"), line["month"])
    return firsts


def openings(lines: list[Line], supplier: str, buyer: str) -> dict[str, set[str]]:
    """Buyer -> the firms that it bought from in the firm's first month."""
    firsts, opened = first_months(lines, supplier), defaultdict(set)
    for line in lines:
        sme_sale = line["supplier_size"] == "SME" and line["amount_pence"] > 0
        if sme_sale and firsts[line[supplier]] == line["month"]:
            opened[line[buyer]].add(line[supplier])
    return opened


def test_first_sales_by_joined_ids_and_by_names_as_published(
    real_site: Site, lines: list[Line]
) -> None:
    """Protects the open doors: 36, 27 and 13, and how joining names changes 282 for 254 firms."""
    by_id = openings(lines, "supplier_id", "buyer_id")
    shown = {r["buyer_id"]: r["first_sale_count"] for r in rows_of(real_site, "/buyers.json")}
    assert {k: n for k, n in shown.items() if n} == {k: len(v) for k, v in by_id.items()}
    known = [shown[b] for b in ("cabinet-office", "home-office", "ministry-of-justice")]
    assert known == [36, 27, 13]
    by_name = openings(lines, "supplier_name_id", "buyer_name_id")
    assert sum(map(len, by_name.values())) == 282
    assert len(first_months(lines, "supplier_name_id")) == 254
    assert len(first_months(lines, "supplier_id")) == len({f for v in by_id.values() for f in v})
    page = real_site.get("/buyers").text
    assert "counted after joining the names" in page


def test_the_list_of_suppliers_adds_up(real_site: Site, lines: list[Line]) -> None:
    """Protects every figure of the list: each row, and the whole, equal the lines behind them."""
    rows = rows_of(real_site, "/suppliers.json?lot=Specialist+Cloud+Services&year=2013-14&size=SME")
    chosen = [
        line
        for line in lines
        if line["lot"] == "Specialist Cloud Services"
        and "2013-04-01" <= line["month"] <= "2014-03-01"
        and line["supplier_size"] == "SME"
    ]
    assert rows
    assert len(rows) == len({line["supplier_id"] for line in chosen})
    for row in rows:
        own = [line for line in chosen if line["supplier_id"] == row["supplier_id"]]
        sales = [line for line in own if line["amount_pence"] > 0]
        assert row["amount_pence"] == sum(line["amount_pence"] for line in own)
        assert row["buyer_count"] == len({line["buyer_id"] for line in sales})
        assert row["first_month"] == min((line["month"] for line in sales), default=None)
        assert row["last_month"] == max((line["month"] for line in sales), default=None)


def test_the_list_of_buyers_adds_up(real_site: Site, lines: list[Line]) -> None:
    """Protects sums, counts, shares and the largest supplier of each public body."""
    of: dict[str, dict[str, list[Line]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        of[line["buyer_id"]][line["supplier_id"]].append(line)
    rows = rows_of(real_site, "/buyers.json")
    assert len(rows) == len(of)
    for row in rows:
        own = of[row["buyer_id"]]
        totals = {s: sum(x["amount_pence"] for x in found) for s, found in own.items()}
        total = sum(totals.values())
        sme = sum(x["amount_pence"] for f in own.values() for x in f if x["supplier_size"] == "SME")
        assert (row["amount_pence"], row["sme_pence"]) == (total, sme)
        assert row["largest_pence"] == max(totals.values())
        assert totals[row["largest_supplier_id"]] == row["largest_pence"]
        sellers = [s for s, found in own.items() if any(x["amount_pence"] > 0 for x in found)]
        assert row["supplier_count"] == len(sellers)
        if total <= 0:
            assert row["sme_pct"] is None
            assert row["largest_pct"] is None
        else:
            assert row["sme_pct"] == pytest.approx(100 * sme / total, abs=0.051)


@pytest.mark.parametrize("sort", ["total", "sme", "buyers", "first", "latest", "name"])
@pytest.mark.parametrize("order", ["down", "up"])
def test_pages_of_a_list_are_the_whole_list_once(real_site: Site, sort: str, order: str) -> None:
    """Protects who reads on: every firm is on exactly one page, in the order of JSON and CSV."""
    asked = f"sort={sort}&order={order}"
    expected = [row["supplier_id"] for row in rows_of(real_site, f"/suppliers.json?{asked}")]
    seen: list[str] = []
    for number in range(1, -(-len(expected) // 50) + 1):
        text = real_site.get(f"/suppliers?{asked}&page={number}").text
        seen += re.findall(r'<th scope="row"><a href="/suppliers/([^"]+)"', text)
    assert seen == expected
    found = csv.DictReader(io.StringIO(real_site.get(f"/suppliers.csv?{asked}").text))
    assert [row["supplier_id"] for row in found] == expected


def test_ranks_by_share_need_a_sum_and_suppliers_enough(real_site: Site) -> None:
    """Protects the SME share from buyers of one small thing; the visitor can ask for them."""
    everyone = rows_of(real_site, "/buyers.json")
    enough = [r for r in everyone if r["amount_pence"] >= 10_000_000 and r["supplier_count"] >= 5]
    for sort in ("sme_pct", "largest"):
        ranked = rows_of(real_site, f"/buyers.json?sort={sort}")
        assert {r["buyer_id"] for r in ranked} == {r["buyer_id"] for r in enough}
        page = real_site.get(f"/buyers?sort={sort}").text
        assert f"{len(everyone) - len(enough)} with less are left out" in page
        assert 'name="minimum" type="text" inputmode="numeric" size="9" value="100000"' in page
    loose = rows_of(real_site, "/buyers.json?sort=sme_pct&minimum=0&suppliers=0")
    assert len(loose) == len([r for r in everyone if r["amount_pence"] > 0])


def test_the_profile_of_a_supplier_is_its_lines(real_site: Site, lines: list[Line]) -> None:
    """Protects what a director would send on: the sentence and every table of it."""
    own = [line for line in lines if line["supplier_id"] == "bjss"]
    sales = [line for line in own if line["amount_pence"] > 0]
    total = sum(line["amount_pence"] for line in own)
    text = html.unescape(real_site.get("/suppliers/bjss").text)
    bodies = len({line["buyer_id"] for line in sales})
    assert (
        f"BJSS LTD sold £{total / 10**8:.1f}m through G-Cloud to {bodies} public bodies from "
        "June 2012 to May 2014, as a large firm." in text
    )
    assert pounds(total) in text
    for part in ("months", "years", "buyers", "lots", "sizes", "names"):
        found = rows_of(real_site, f"/suppliers/bjss/{part}.json")
        assert sum(row["amount_pence"] for row in found) == total, part
    by_amount = sorted(sales, key=lambda line: (-line["amount_pence"], line["spend_id"]))
    oldest_first = sorted(by_amount, key=lambda line: line["month"])
    newest_first = sorted(by_amount, key=lambda line: line["month"], reverse=True)
    for part, expected in (("first", oldest_first[:5]), ("latest", newest_first[:10])):
        found = rows_of(real_site, f"/suppliers/bjss/{part}.json")
        assert [row["spend_id"] for row in found] == [line["spend_id"] for line in expected], part
    assert "/govspend/spend?supplier_id=bjss" in text
    assert "/proof/supplier" in text


def test_sales_of_a_firm_with_few_stand_once(real_site: Site, lines: list[Line]) -> None:
    """Protects a small firm's page: what its latest sales say already is not said again."""
    sales = defaultdict(list)
    for line in lines:
        if line["amount_pence"] > 0:
            sales[line["supplier_id"]].append(line["spend_id"])
    few = next(firm for firm, own in sales.items() if 1 < len(own) <= 10)
    many = next(firm for firm, own in sales.items() if len(own) > 15)
    of_few, of_many = (real_site.get(f"/suppliers/{firm}").text for firm in (few, many))
    assert "Every sale of it" in of_few
    assert 'id="first"' not in of_few
    assert all(of_few.count(f'/govspend/spend/{line}"') == 1 for line in sales[few])
    assert 'id="first"' in of_many
    assert "Every sale of it" not in of_many


def test_the_profile_of_a_buyer_is_its_lines(real_site: Site, lines: list[Line]) -> None:
    """Protects the record of a public body: its sentence, months, shares and first sales."""
    own = [line for line in lines if line["buyer_id"] == "home-office"]
    total = sum(line["amount_pence"] for line in own)
    sme = sum(line["amount_pence"] for line in own if line["supplier_size"] == "SME")
    text = html.unescape(real_site.get("/buyers/home-office").text)
    assert f"Home Office bought £{total / 10**8:.1f}m through G-Cloud" in text
    assert f"{100 * sme / total:.1f}% of it (£{sme / 10**8:.1f}m) went to SMEs" in text
    assert "It gave 27 SMEs their first sale" in text
    for part in ("months", "years", "suppliers", "lots", "names"):
        found = rows_of(real_site, f"/buyers/home-office/{part}.json")
        assert sum(row["amount_pence"] for row in found) == total, part
    assert len(rows_of(real_site, "/buyers/home-office/first-sales.json")) == 27


def test_similar_firms_keep_their_rule(real_site: Site, lines: list[Line]) -> None:
    """Protects a director from peers that are none: same lots, same buyers, a like total."""
    totals: dict[str, int] = defaultdict(int)
    for line in lines:
        totals[line["supplier_id"]] += line["amount_pence"]
    mine = [x for x in lines if x["supplier_id"] == "bjss" and x["amount_pence"] > 0]
    buyers, lots = {x["buyer_id"] for x in mine}, {x["lot"] for x in mine}
    shared: dict[str, set[str]] = defaultdict(set)
    for x in lines:
        if x["amount_pence"] > 0 and x["buyer_id"] in buyers and x["lot"] in lots:
            shared[x["supplier_id"]].add(x["buyer_id"])
    expected = sorted(
        (-len(found), abs(totals[firm] - totals["bjss"]), firm)
        for firm, found in shared.items()
        if firm != "bjss" and totals["bjss"] // 4 <= totals[firm] <= totals["bjss"] * 4
    )[:10]
    rows = rows_of(real_site, "/suppliers/bjss/similar.json")
    assert [row["supplier_id"] for row in rows] == [firm for _, _, firm in expected]


@pytest.mark.parametrize("path", PAGES)
def test_the_sql_behind_a_page_gives_its_rows(real_site: Site, path: str) -> None:
    """Protects "check it yourself": each SQL link runs, and answers as the export beside it."""
    text = real_site.get(path).text
    links = re.findall(
        r'href="([^"]+\.json[^"]*)">JSON</a> or <a href="[^"]+">CSV</a>, or <a href="([^"]+)"', text
    )
    assert links
    for export, link in links:
        asked = dict(parse_qsl(urlsplit(html.unescape(link)).query, keep_blank_values=True))
        found = real_site.get("/govspend.json", params={**asked, "_shape": "array"})
        assert found.status_code == 200, found.text
        assert found.json() == rows_of(real_site, html.unescape(export)), export


def test_every_party_of_the_edition_has_its_page(real_site: Site) -> None:
    """Protects odd parties: credits only, one line, or named in an earlier release only."""
    with closing(sqlite3.connect(f"file:{real_site.db}?mode=ro", uri=True)) as db:
        odd = db.execute(
            """SELECT 'suppliers/' || supplier_id FROM suppliers LEFT JOIN spend USING (supplier_id)
            GROUP BY supplier_id HAVING coalesce(sum(amount_pence > 0), 0) < 2
            UNION SELECT 'buyers/' || buyer_id FROM buyers LEFT JOIN spend USING (buyer_id)
            GROUP BY buyer_id HAVING coalesce(sum(amount_pence > 0), 0) = 0
            OR sum(amount_pence) <= 0"""
        ).fetchall()
    assert odd
    for (path,) in odd:
        assert real_site.get(f"/{path}").status_code == 200, path


def test_old_ids_lead_on_and_unknown_ids_say_so(real_site: Site) -> None:
    """Protects links that people sent on, and gives who mistypes a way on."""
    with closing(sqlite3.connect(f"file:{real_site.db}?mode=ro", uri=True)) as db:
        for party in ("supplier", "buyer"):
            old, now = db.execute(
                f"SELECT own_id, {party}_id FROM {party}_names"  # noqa: S608 - a fixed word
                f" WHERE own_id NOT IN (SELECT {party}_id FROM {party}s)"
            ).fetchone()
            moved = real_site.get(f"/{party}s/{old}")
            assert (moved.status_code, moved.headers["location"]) == (301, f"/{party}s/{now}")
            exported = real_site.get(f"/{party}s/{old}/months.csv")
            assert exported.headers["location"] == f"/{party}s/{now}/months.csv"
    missing = real_site.get("/suppliers/no-such-firm")
    assert missing.status_code == 404
    assert 'value="no such firm"' in missing.text
    assert real_site.get("/suppliers/no-such-firm.json").status_code == 404
    assert real_site.get("/suppliers/bjss/nothing.json").status_code == 404


@pytest.mark.parametrize("path", ["/suppliers", "/buyers"])
@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("words=%3Cscript%3Ealert(1)%3C/script%3E", 200),
        ("words=%25%27%22", 200),
        ("words=" + "x" * 10_000, 400),
        ("lot=none-such", 400),
        ("year=%3Cscript%3E", 400),
        ("sort=amount;drop", 400),
        ("minimum=-1", 400),
        ("minimum=1e9", 400),
        ("page=0", 400),
        ("page=99999", 400),
    ],
)
def test_odd_filters_get_a_plain_page(real_site: Site, path: str, given: str, status: int) -> None:
    """Protects the visitor who asks for what cannot be, and everyone from what was typed."""
    found = real_site.get(f"{path}?{given}")
    assert found.status_code == status
    assert "<script>" not in found.text
    assert re.search(r'<main.*href="/[a-z]*search', found.text, re.DOTALL) or status == 400
    assert 'href="/suppliers"' in found.text


def test_the_filter_form_works_without_javascript(real_site: Site, browser: Any) -> None:
    """Protects readers without scripts: the form filters, and keeps what was chosen."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(real_site.url + "/suppliers")
    page.get_by_label("Words in the name").fill("bjss")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("table.party tbody tr")).to_have_count(1)
    expect(page.get_by_label("Words in the name")).to_have_value("bjss")
    page.get_by_role("link", name="BJSS LTD").click()
    expect(page.locator("h1")).to_have_text("BJSS LTD")
    expect(page.locator("svg.chart-wide")).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_any_screen(real_site: Site, page: Any, path: str, width: int) -> None:
    """Protects phones from sideways scrolling, and every page from having two headings."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(real_site.url + path)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    expect(page.locator("h1")).to_have_count(1)


def test_a_place_is_shown_only_where_the_edition_has_one(sample_site: Site) -> None:
    """Protects invented bodies from real places: what is not known says so."""
    first = rows_of(sample_site, "/buyers.json")[0]["buyer_id"]
    found = sample_site.get(f"/buyers/{first}")
    assert found.status_code == 200
    assert "Head office" in found.text
    assert Path(sample_site.db).exists()


def test_a_firm_shows_its_size_in_each_release(sample_site: Site) -> None:
    """A firm that was reclassified backwards can be seen to have been, release by release."""
    (row, *_) = sample_site.get("/govspend/reclassified.json?_shape=array&_size=max").json()
    page = sample_site.get(f"/suppliers/{row['supplier_id']}").text
    section = page.split('id="sizes-by-release"')[1].split("</section>")[0]
    for release in (row["release_id"], row["previous_release_id"]):
        assert f'href="/releases/{release}"' in section
    told = sample_site.get(f"/suppliers/{row['supplier_id']}/sizes-by-release.json").json()
    with closing(sqlite3.connect(sample_site.db)) as db:
        (count,) = db.execute(
            "SELECT count(*) FROM release_sizes WHERE supplier_id = ?", [row["supplier_id"]]
        ).fetchone()
    assert len(told if isinstance(told, list) else told["rows"]) == count


def test_why_a_rank_by_share_leaves_out_the_small(real_site: Site, real_files: Path) -> None:
    """301 of 524 buyers as published are 100% SME, 252 of them with one supplier: no ranking."""
    text = (real_files / "gcloud" / "G-Cloud-Spend-14-07-14-v2-For-import.csv").read_bytes()
    sums: dict[str, list[float]] = {}
    sellers: dict[str, set[str]] = {}
    for line in csv.DictReader(io.StringIO(text.decode("mac_roman"), newline="")):
        pair = sums.setdefault(line["CustomerName"].strip(), [0.0, 0.0])
        amount = float(line["EvidencedSpend"])
        pair[0] += amount
        pair[1] += amount if line["SMEorLarge"] == "SME" else 0.0
        sellers.setdefault(line["CustomerName"].strip(), set()).add(line["SupplierName"])
    whole = [name for name, (all_of_it, sme) in sums.items() if all_of_it > 0 and sme == all_of_it]
    assert (len(sums), len(whole)) == (524, 301)
    assert sum(len(sellers[name]) == 1 for name in whole) == 252
    sql = (ROOT / "plugins/govspend_site/sql/buyers_all_sme.sql").read_text()
    with closing(sqlite3.connect(real_site.db)) as db:
        joined = db.execute(sql).fetchone()
    page = " ".join(real_site.get("/buyers?sort=sme_pct").text.split())
    said = "Of all {:,} buyers, {:,} spent nothing but with SMEs, and {:,} of those".format(*joined)
    assert said in page
