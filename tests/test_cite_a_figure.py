"""A figure that can be cited: its card, its kept edition, three commands, a chart that lives."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from assistant import called, fields
from commands import recomputed
from conftest import ROOT, Site, ingest, serving
from govspend_site import proof
from playwright.sync_api import expect

RELEASE = "gcloud-sales-2014-06"
IDS = {
    "financial-year": "2013-14",
    "supplier": "bjss",
    "buyer": "cabinet-office",
    "first-sales-from": "cabinet-office",
    **dict.fromkeys(("release", "revision", "new-suppliers", "new-buyers"), RELEASE),
}
# Every kind of card but the outlook, for which the real releases are too few: it is recomputed in
# test_foretell_a_revision.py.
CARDS = [*proof.HEADLINES, *(f"{kind}/{id_}" for kind, id_ in IDS.items())]
HOSTILE = (
    "<script>alert(1)</script>",
    "supplier/<script>alert(1)</script>",
    "supplier/x' OR '1'='1",
    "buyer/../../etc/passwd",
    "financial-year/2013-14' --",
    "supplier/" + "x" * 10_000,
    "no-such-kind",
    "supplier/no-such-firm.svg",
    "sme-share/more",
)
LINK = re.compile(r'(?:href|src|action)="([^"#][^"]*)"')


def edition_of(site: Site) -> str:
    return site.db.resolve().stem.removeprefix("govspend-")


def card(site: Site, key: str) -> dict[str, Any]:
    found: dict[str, Any] = site.get(f"/proof/{key}.json").raise_for_status().json()
    return found


@pytest.mark.parametrize("key", CARDS)
def test_three_commands_recompute_the_figure_without_our_server(
    real_site: Site, tmp_path: Path, key: str
) -> None:
    """Protects the promise of every card: fetched, verified and recomputed by other tools."""
    recomputed(real_site, key, tmp_path)


def test_every_kind_of_card_is_recomputed_somewhere() -> None:
    """Protects the promise from a new kind that nobody tried."""
    assert {card.split("/")[0] for card in CARDS} == set(proof.KINDS) - {"outlook"}


def test_the_figures_are_those_of_the_lines(real_site: Site) -> None:
    """Protects the sentences: each figure again from the CSV of all lines, by other code."""
    text = real_site.get("/govspend/spend_named.csv?_stream=on").text
    lines = list(csv.DictReader(io.StringIO(text)))
    pence = {id(line): int(line["amount_pence"]) for line in lines}
    sme = [line for line in lines if line["supplier_size"] == "SME"]
    total, to_smes = sum(pence.values()), sum(pence[id(line)] for line in sme)
    row = card(real_site, "sme-share")["figure"]
    assert (row["sme_pence"], row["total_pence"]) == (to_smes, total)
    assert row["sme_pct"] == round(100 * to_smes / total, 1)
    sold = {line["supplier_id"] for line in sme if pence[id(line)] > 0}
    assert card(real_site, "smes-that-sold")["figure"]["sme_suppliers_count"] == len(sold)
    firsts: dict[str, str] = {}
    for line in sme:
        if pence[id(line)] > 0:
            known = firsts.setdefault(line["supplier_id"], line["month"])
            firsts[line["supplier_id"]] = min(known, line["month"])
    opened = {
        line["supplier_id"]
        for line in sme
        if pence[id(line)] > 0
        and line["month"] == firsts[line["supplier_id"]]
        and line["buyer_id"] == "cabinet-office"
    }
    doors = card(real_site, "first-sales-from/cabinet-office")["figure"]
    assert doors["sme_suppliers_count"] == len(opened) == 36
    second = card(real_site, "second-buyer")["figure"]
    assert (second["second_buyer_within_12_months_count"], second["watched_12_months_count"]) == (
        60,
        94,
    )


@pytest.mark.parametrize("key", CARDS)
def test_table_and_lines_stand_behind_the_sentence(real_site: Site, key: str) -> None:
    """Protects the way from a figure to its rows: table, JSON, CSV and lines agree."""
    found = card(real_site, key)
    with sqlite3.connect(real_site.db) as database:
        database.row_factory = sqlite3.Row
        assert dict(database.execute(found["sql"]).fetchone()) == found["figure"]
        rows = [dict(row) for row in database.execute(found["table"]["sql"])]
    assert rows == found["table"]["rows"]
    if "total_pence" in found["figure"] and "total_pence" in rows[0]:
        assert sum(row["total_pence"] for row in rows) == found["figure"]["total_pence"]
    page = real_site.get(f"/proof/{key}").text
    paths = [html.unescape(link) for link in LINK.findall(page)]
    for path in paths:
        if path.startswith(("/proof", "/govspend/spend", "/govspend.", "/govspend?")):
            assert real_site.get(path).status_code == 200, path
    csv_path = next(path for path in paths if path.startswith("/govspend.csv?"))
    assert len(real_site.get(csv_path).text.splitlines()) == len(rows) + 1


def test_a_pasted_link_shows_the_chart(real_site: Site) -> None:
    """Protects what a director sends on: title, sentence and picture, at addresses that last."""
    page = real_site.get("/proof/supplier/bjss").text
    tags = dict(re.findall(r'<meta property="(og:[a-z:_]+)" content="([^"]*)"', page))
    kept = f"{real_site.url}/as-of/{edition_of(real_site)}/proof/supplier/bjss"
    assert tags["og:title"] == "Sales of BJSS LTD"
    assert "sold" in tags["og:description"]
    assert (tags["og:url"], tags["og:image"]) == (kept, f"{kept}.png")
    picture = httpx.get(tags["og:image"], timeout=30)
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert picture.content.startswith(b"\x89PNG")
    assert picture.content[16:24] == (1200).to_bytes(4) + (630).to_bytes(4)
    drawing = real_site.get("/proof/supplier/bjss.svg")
    assert "default-src 'none'" in drawing.headers["content-security-policy"]
    assert "BJSS LTD sold" in drawing.text
    assert f"edition {edition_of(real_site)}" in drawing.text


def test_the_frame_keeps_source_licence_and_sample(real_site: Site, sample_site: Site) -> None:
    """Protects attribution where a figure is shown elsewhere, and nobody from citing a sample."""
    frame = real_site.get("/proof/sme-share/embed").text
    assert "Crown Commercial Service" in frame
    assert "Open Government Licence v3.0" in frame
    assert f"/as-of/{edition_of(real_site)}/proof/sme-share" in frame
    for path in ("", "/embed", ".svg"):
        assert "Illustrative sample" in sample_site.get(f"/proof/sme-share{path}").text, path
    assert card(sample_site, "sme-share")["citation"].startswith("Illustrative sample")


@pytest.mark.parametrize("key", HOSTILE)
def test_a_bad_key_is_a_plain_page(real_site: Site, key: str) -> None:
    """Protects from hostile addresses: not found, nothing repeated unescaped, a way on."""
    response = real_site.get(f"/proof/{key}", follow_redirects=True)
    assert response.status_code in (400, 404)
    assert "<script>alert" not in response.text
    assert "root:" not in response.text
    assert 'href="/"' in response.text or response.status_code == 400


@pytest.fixture(scope="module")
def two_editions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, list[str]]]:
    """A site with two editions of different samples, and their ids, the newest last."""
    build = tmp_path_factory.mktemp("editions")
    made = []
    for seed in ("1", "2"):
        source = build / seed
        ingest("sample", "--rows", "2000", "--seed", seed, "--out", source)
        # A build of its own each, so that the second is no suspicious rewrite of the first.
        ingest("build", "--feeds", source / "feeds.yml", "--build", build / f"build{seed}")
        made.append(build / f"build{seed}")
    earlier = (made[0] / "govspend.db").resolve()
    kept = made[1] / "editions" / earlier.name
    shutil.copy2(earlier, kept)
    with serving(made[1]) as site:
        yield site, [earlier.stem.removeprefix("govspend-"), edition_of(site)]


def test_a_kept_edition_answers_from_its_own_file(two_editions: tuple[Site, list[str]]) -> None:
    """Protects what was cited: the old address gives the old figures, the plain one the new."""
    site, (old, new) = two_editions
    sql = "select sum(amount_pence) as pence, (select edition_id from editions) as id from spend"
    answers = {}
    for base in ("", f"/as-of/{old}", f"/as-of/{new}"):
        found = site.get(f"{base}/govspend.json", params={"sql": sql, "_shape": "array"})
        answers[base] = found.json()[0]
    assert answers[""] == answers[f"/as-of/{new}"] != answers[f"/as-of/{old}"]
    assert answers[f"/as-of/{old}"]["id"] == old
    folder = site.db.resolve().parent
    with sqlite3.connect(folder / f"govspend-{old}.db") as database:
        assert database.execute(sql).fetchone() == tuple(answers[f"/as-of/{old}"].values())
    assert site.get(f"/as-of/{old}/proof/sme-share").text.count(old) > 3


def test_a_kept_edition_answers_an_assistant_from_its_own_file(
    two_editions: tuple[Site, list[str]],
) -> None:
    """Protects what an assistant cites: in each edition its own figures, for both at once."""
    site, (old, new) = two_editions
    asked = {"sql": "SELECT edition_id, (SELECT sum(amount_pence) FROM spend) FROM editions"}
    said = {}
    for edition in (old, new):
        (answer,) = called(f"{site.url}/as-of/{edition}/-/mcp", ("run_sql", asked))
        said[edition] = fields(answer)
        assert said[edition]["source"]["edition_id"] == said[edition]["rows"][0][0] == edition
        assert f"/as-of/{edition}/" in said[edition]["source"]["page_url"]
    (now,) = called(f"{site.url}/-/mcp", ("run_sql", asked))
    assert fields(now)["rows"] == said[new]["rows"] != said[old]["rows"]


def test_a_page_of_a_kept_edition_names_the_newer_and_stays_inside(
    two_editions: tuple[Site, list[str]],
) -> None:
    """Protects a reader from leaving an edition unawares: only the line on top leads out of it."""
    site, (old, _) = two_editions
    base = f"/as-of/{old}"
    paths = ["/", "/govspend", "/govspend/spend?supplier_size=SME&_size=5", "/proof/sme-share"]
    paths += ["/govspend/sme-spend-by-month", "/govspend/suppliers", "/proof/"]
    for path in paths:
        response = site.get(base + path)
        assert response.status_code == 200, path
        assert response.headers["cache-control"] == "public, max-age=300"
        assert response.headers["x-robots-tag"] == "noindex"
        assert "A newer one exists" in response.text
        assert f'href="{html.escape(path)}"' in response.text, "the same page in the newest"
        for link in map(html.unescape, LINK.findall(response.text)):
            parts = urlsplit(urljoin(site.url + base + path, link))
            if parts.netloc == urlsplit(site.url).netloc and parts.scheme == "http":
                inside = parts.path.startswith(f"{base}/")
                out = parts.path in ("/as-of/", urlsplit(path).path)
                assert inside or out or parts.path.startswith("/-/live-charts"), (path, link)
    # And what was cached for an edition brings none of its addresses to the site of today.
    assert f"/as-of/{old}" not in site.get("/").text
    rows = site.get(f"{base}/govspend/spend.json?_size=2").json()
    assert rows["next_url"].startswith(f"{site.url}{base}/govspend/spend.json?")
    moved = site.get(f"{base}/govspend/spend/")
    assert moved.headers["location"] == f"{base}/govspend/spend"
    assert site.get(base).headers["location"] == f"{base}/"


def test_the_list_of_editions_and_what_is_not_in_it(two_editions: tuple[Site, list[str]]) -> None:
    """Protects from dead ends and from reading files that are no edition."""
    site, editions = two_editions
    for path in ("/as-of", "/as-of/"):
        response = site.get(path)
        assert response.status_code == 200
        assert all(f'href="/as-of/{edition}/"' in response.text for edition in editions)
    outside = (
        "..%2f..%2fgovspend",
        "%2e%2e/%2e%2e",
        "no-such",
        "<script>alert(1)</script>",
        "x" * 9999,
    )
    for given in outside:
        response = site.get(f"/as-of/{given}/govspend.db", follow_redirects=True)
        assert response.status_code in (400, 404), given
        assert "<script>alert" not in response.text
        assert not response.content.startswith(b"SQLite")
    assert f'href="/as-of/{editions[0]}/"' in site.get("/as-of/no-such/").text
    # An edition within an edition has one address.
    nested = site.get(f"/as-of/{editions[0]}/as-of/{editions[1]}/proof/")
    assert nested.headers["location"] == f"/as-of/{editions[1]}/proof"


def test_many_editions_are_read_side_by_side(two_editions: tuple[Site, list[str]]) -> None:
    """Protects memory and readers: old editions are closed when unread, and open again."""
    site, (old, new) = two_editions
    folder = site.db.resolve().parent
    copies = [f"2001-0{n}-0000000{n}" for n in range(1, 8)]
    for copy in copies:
        shutil.copy2(folder / f"govspend-{old}.db", folder / f"govspend-{copy}.db")
    try:
        for _ in range(2):
            for edition in [*copies, old, new]:
                found = site.get(f"/as-of/{edition}/govspend/editions.json?_shape=array").json()
                assert found[0]["edition_id"] == (new if edition == new else old)
        assert site.get("/as-of/").text.count("/govspend.db") == len(copies) + 2
    finally:
        for copy in copies:
            (folder / f"govspend-{copy}.db").unlink()


def test_a_chart_comes_alive_for_pointer_and_keyboard(real_site: Site, page: Any) -> None:
    """Protects the charts: values by hover and arrow keys, in the drawing's own patterns."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(real_site.url + "/proof/sme-share")
    chart = page.locator(".chart-live")
    chart.wait_for(state="visible", timeout=20_000)
    expect(page.locator("svg.chart-wide")).to_be_hidden()
    chart.focus()
    page.keyboard.press("End")
    tip = page.locator(".chart-tip")
    expect(tip).to_be_visible()
    rows = card(real_site, "sme-share")["table"]["rows"]
    other_firms = rows[-1]["other_firms_pence"] / 1e8
    expect(tip).to_have_text(f"June 2014: Other firms £{other_firms:.1f}m")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    chart.locator(".mark-rect path").nth(0).hover()
    expect(tip).to_contain_text(re.compile("^April 2012"))
    fills = chart.locator(".mark-rect path").evaluate_all(
        "all => all.map(m => m.getAttribute('fill'))"
    )
    assert not [fill for fill in fills if fill.startswith("#0000")]
    assert [fill for fill in fills if fill.startswith("url(#")]
    assert faults == []


def test_without_a_chart_there_is_no_script_and_without_scripts_there_is_a_chart(
    real_site: Site, browser: Any
) -> None:
    """Protects slow lines: the library is for pages with a chart, and none needs it to be read."""
    assert "live-charts" not in real_site.get("/govspend/spend").text
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sizes: list[int] = []
    page.on("response", lambda response: sizes.append(len(response.body())))
    page.goto(real_site.url + "/proof/sme-share", wait_until="networkidle")
    assert page.locator("svg.chart-wide").is_visible()
    assert sum(sizes) <= 150_000
    context.close()
    address = re.search(r'src="(/-/live-charts[^"]+)"', real_site.get("/proof/sme-share").text)
    assert address is not None
    script = real_site.get(address[1])
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-encoding"] == "gzip"
    assert real_site.get("/-/live-charts-000000000000.js").status_code == 404


def test_the_specification_is_data_that_cannot_leave_its_element(real_site: Site) -> None:
    """Protects pages from names in the data: the JSON beside a chart holds no mark-up."""
    for path in ("/", "/proof/sme-share", "/proof/supplier/bjss"):
        page = real_site.get(path).text
        specs = re.findall(r'class="chart-spec">(.*?)</script>', page, re.DOTALL)
        assert specs, path
        for text in specs:
            assert not set("<>&") & set(text)
            assert json.loads(text)["spec"]["data"]["values"]


def test_the_link_from_a_figure_to_its_card_is_one_macro() -> None:
    """Protects the way in: pages cite by the macro, so that it stays inside a kept edition."""
    macro = (ROOT / "templates" / "_cite.html").read_text()
    assert "urls.path(" in macro
    assert "Cite this figure" in macro
