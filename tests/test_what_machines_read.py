"""Crawlers, search engines and language models: they find what is meant for them, and no trap."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import writable
from conftest import BIN, ROOT, Site, free_port, serving
from govspend_site import page, sitemap
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
JSON_LD = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)
OPEN = (
    "/", "/suppliers", "/suppliers/bjss", "/buyers/home-office", "/govspend", "/digest/2014-06",
    "/govspend/sme-share-by-buyer", "/releases/gcloud-sales-2014-06", "/proof/sme-share",
    "/proof/sme-share.png", "/downloads", "/data-dictionary", "/about", "/llms.txt",
    "/static/govspend.css?abcdef12", "/digest.atom",
)  # fmt: skip
CLOSED = (
    "/govspend/spend", "/govspend/spend?supplier_size=SME&_facet=lot", "/govspend/spend/0123456789",
    "/govspend/spend.csv", "/govspend.json?sql=select+1", "/govspend?sql=select+1", "/govspend.db",
    "/suppliers?sort=sme_pct", "/govspend/sme-share-by-buyer?year=2013-14", "/search?q=cloud",
    "/govspend/sme-share-by-buyer.csv", "/as-of/2014-06-01234567/", "/downloads/spend.csv.gz",
    "/-/mcp", "/-/versions.json", "/?by=quarter", "/proof/sme-share/embed", "/api/v1/spend",
)  # fmt: skip


def locations(text: str) -> list[str]:
    return [str(place.text) for place in ET.fromstring(text).iter(f"{SITEMAP}loc")]


def test_crawlers_are_led_past_the_traps(real_site: Site) -> None:
    """Protects the site from endless crawling, and its profiles from never being found."""
    answer = real_site.get("/robots.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    rules = Protego.parse(answer.text)
    for path in OPEN:
        assert rules.can_fetch(real_site.url + path, "Anybot"), path
    for path in CLOSED:
        assert not rules.can_fetch(real_site.url + path, "Anybot"), path
    assert list(rules.sitemaps) == [f"{real_site.url}/sitemap.xml"]
    # What a page needs to be drawn is open, or it is judged without its looks.
    drawn = r'<(?:link|script|img)\b[^>]*(?:src|href)="(/(?:static|-/)[^"]+)"'
    links = re.findall(drawn, real_site.get("/").text)
    assert links
    for link in links:
        assert rules.can_fetch(real_site.url + link, "Anybot"), link


def test_every_address_of_the_sitemap_is_a_page_that_may_be_read(real_site: Site) -> None:
    """Protects who searches: each kind of page is listed, answers, is allowed, and has its day."""
    text = real_site.get("/sitemap.xml").text
    rules = Protego.parse(real_site.get("/robots.txt").text)
    found = locations(text)
    assert len(found) == len(set(found))
    assert all(url.startswith(f"{real_site.url}/") and rules.can_fetch(url, "x") for url in found)
    assert not [url for url in found if "/as-of/" in url or "?" in url]
    paths = {url.removeprefix(real_site.url) for url in found}
    assert {"/", "/suppliers/bjss", "/buyers/home-office", "/govspend/sme-share-by-buyer",
            "/digest/2014-06", "/releases/gcloud-sales-2013-11", "/proof/sme-share",
            "/downloads"} <= paths  # fmt: skip
    with sqlite3.connect(real_site.db) as db:
        for table in ("supplier", "buyer"):
            (count,) = db.execute(f"SELECT count(DISTINCT {table}_id) FROM spend").fetchone()  # noqa: S608
            assert len([path for path in paths if path.startswith(f"/{table}s/")]) == count
    days = {str(day.text) for day in ET.fromstring(text).iter(f"{SITEMAP}lastmod")}
    assert days == {"2013-12-13", "2014-07-14"}
    general = [path for path in paths if not re.match(r"/(suppliers|buyers)/.", path)]
    parties = sorted(paths - set(general))[::60]
    with httpx.Client(base_url=real_site.url, timeout=30) as client:
        for path in [*general, *parties]:
            assert client.get(path).status_code == 200, path


ENTRIES = st.lists(
    st.builds(sitemap.Entry, st.text(min_size=1), st.sampled_from([None, "2014-07-14"])),
    max_size=30,
)


@given(ENTRIES, st.integers(1, 9))
def test_parts_of_a_sitemap_leave_nothing_out(found: list[sitemap.Entry], most: int) -> None:
    """Protects the last firm of a long list: the parts together are the whole, once each."""
    parts = locations(sitemap.index(found, lambda path: path, most))
    assert parts == [f"/sitemap-{number}.xml" for number in range(1, len(parts) + 1)]
    pages = [entry for number in range(1, len(parts) + 1)
             for entry in sitemap.part(found, number, most)]  # fmt: skip
    assert pages == found
    assert not sitemap.part(found, 0, most) and not sitemap.part(found, len(parts) + 1, most)


def test_over_fifty_thousand_pages_come_in_parts(sample_build: Path, tmp_path: Path) -> None:
    """Protects growth: an index of parts, each within the limit of the standard."""
    shutil.copy2(sample_build / "govspend.db", tmp_path / "govspend.db")
    (tmp_path / "govspend.db").chmod(0o644)
    with sqlite3.connect(tmp_path / "govspend.db") as db:
        writable.make(db)
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) "
            "INSERT INTO suppliers (supplier_id, name) SELECT 'firm-' || i, 'Firm ' || i FROM n"
        )
        db.execute(
            "INSERT INTO spend (spend_id, release_id, line_number, month, amount_pence, "
            "supplier_id, buyer_id, supplier_name_id, buyer_name_id) "
            "SELECT 'x' || suppliers.rowid, release_id, 1, month, 0, suppliers.supplier_id, "
            "buyer_id, supplier_name_id, buyer_name_id "
            "FROM suppliers, (SELECT * FROM spend LIMIT 1) "
            "WHERE suppliers.supplier_id LIKE 'firm-%'"
        )
        db.execute(
            "INSERT INTO pair_totals SELECT buyer_id, supplier_id, NULL, buyer_name_id, "
            "supplier_name_id, 1, 0, 0, 0, month, month, NULL, NULL, 0 FROM spend "
            "WHERE supplier_id LIKE 'firm-%'"
        )
    with serving(tmp_path) as site:
        index = site.get("/sitemap.xml").text
        assert ET.fromstring(index).tag == f"{SITEMAP}sitemapindex"
        parts = locations(index)
        assert parts == [f"{site.url}/sitemap-1.xml", f"{site.url}/sitemap-2.xml"]
        pages = [locations(httpx.get(part, timeout=60).text) for part in parts]
        assert len(pages[0]) == 50_000
        assert f"{site.url}/suppliers/firm-60000" in {*pages[0], *pages[1]}
        for absent in ("/sitemap-0.xml", "/sitemap-3.xml", "/sitemap-99999.xml"):
            assert site.get(absent).status_code == 404


def test_a_model_reads_what_this_is_and_every_link_leads_on(real_site: Site) -> None:
    """Protects an answer made of this data: caveats, units, edition and how to cite stand there."""
    answer = real_site.get("/llms.txt")
    text = answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    assert text.startswith("# GovSpend\n\n> What UK public bodies buy")
    edition = real_site.db.resolve().stem.removeprefix("govspend-")
    assert f"Edition {edition}" in text and f"/as-of/{edition}/" in text
    for words in ("without VAT", "integer pence", "never guessed", "Open Government Licence v3.0",
                  "Crown Commercial Service", "`spend_named`", "SME share by buyer"):  # fmt: skip
        assert words in text, words
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == ["Bear in mind", "Take all of it", "Ask for a part of it",
                        "Questions with an answer ready", "Tables", "How to cite"]  # fmt: skip
    links = re.findall(r"\]\((http[^ ]+)\): ", text)
    assert len(links) > 25
    with httpx.Client(timeout=30) as client:
        for link in links:
            with client.stream("GET", link) as got:
                assert got.status_code == 200, link
    # Nothing is named that this site does not have.
    for path, title in (("/openapi.json", "OpenAPI"), ("/-/mcp", "MCP server")):
        assert (title in text) == (real_site.get(path).status_code not in (302, 404)), path


def test_a_search_engine_finds_the_data_set(real_site: Site) -> None:
    """Protects who looks for data: name, terms, months and files, as schema.org has them."""
    files = {file["url"]: file for file in real_site.get("/downloads.json").json()["files"]}
    for path in ("/", "/downloads"):
        (text,) = JSON_LD.findall(real_site.get(path).text)
        assert not set("<>&") & set(text)
        found = json.loads(text)
        assert (found["@context"], found["@type"]) == ("https://schema.org/", "Dataset")
        assert 50 <= len(found["description"]) <= 5000
        assert found["name"].startswith("GovSpend")
        assert found["license"] == [
            "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
        ]
        assert found["creator"] == [{"@type": "Organization", "name": "Crown Commercial Service"}]
        assert found["temporalCoverage"] == "2012-04/2014-06"
        assert found["isAccessibleForFree"] is True
        assert found["identifier"] == real_site.db.resolve().stem.removeprefix("govspend-")
        assert len(found["distribution"]) == 3
        for file in found["distribution"]:
            assert file["@type"] == "DataDownload"
            listed = files[file["contentUrl"]]
            assert (file["encodingFormat"], file["sha256"], file["contentSize"]) == (
                listed["media_type"], listed["sha256"], f"{listed['byte_count']} B"
            )  # fmt: skip
    kept = f"/as-of/{real_site.db.resolve().stem.removeprefix('govspend-')}"
    assert not JSON_LD.findall(real_site.get(f"{kept}/downloads").text)


def test_invented_figures_are_not_to_be_found(sample_site: Site) -> None:
    """Protects the public from a sample that passes for data."""
    rules = Protego.parse(sample_site.get("/robots.txt").text)
    assert not rules.can_fetch(f"{sample_site.url}/", "Anybot")
    assert not rules.can_fetch(f"{sample_site.url}/suppliers", "Anybot")
    assert not JSON_LD.findall(sample_site.get("/").text)
    assert (
        "> Illustrative sample: every figure here is invented" in sample_site.get("/llms.txt").text
    )


def test_a_kept_edition_has_none_of_them(real_site: Site) -> None:
    """Protects from the same page found many times: only the site as it is now is for crawlers."""
    kept = f"/as-of/{real_site.db.resolve().stem.removeprefix('govspend-')}"
    for path in ("/robots.txt", "/sitemap.xml", "/sitemap-1.xml", "/llms.txt"):
        assert real_site.get(kept + path).status_code == 404


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("<>&/ab\u2028'\""), inner),
)


@given(JSON)
def test_no_text_can_leave_a_script_element(data: Any) -> None:
    """Protects pages from hostile names: whatever stands in the data, it stays data."""
    said = str(page.as_script_data(data))
    assert not set("<>&\u2028\u2029") & set(said)
    assert json.loads(said) == data


@contextmanager
def under_a_path(build: Path) -> Iterator[Site]:
    """The site of `build` behind a proxy that gives it the path /open/."""
    port = free_port()
    command = [str(BIN / "datasette"), "serve", "--immutable", str(build / "govspend.db"),
               "--metadata", "metadata.yml", "--plugins-dir", "plugins", "--template-dir",
               "templates", "--static", "static:templates/static", "--port", str(port),
               "--setting", "base_url", "/open/"]  # fmt: skip
    with (build / "path.log").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        try:
            site = Site(f"http://127.0.0.1:{port}", build)
            for _ in range(100):
                try:
                    site.get("/open/-/versions.json")
                    break
                except httpx.TransportError:
                    assert server.poll() is None, (build / "path.log").read_text()
                    time.sleep(0.2)
            yield site
        finally:
            server.terminate()
            server.wait(20)


def test_all_of_it_moves_with_the_site(real_build: Path) -> None:
    """Protects a site that lives below a path: every address and rule begins with it."""
    with under_a_path(real_build) as moved_site:
        _is_below_its_path(moved_site)


def _is_below_its_path(moved_site: Site) -> None:
    robots = moved_site.get("/open/robots.txt").text
    assert f"Sitemap: {moved_site.url}/open/sitemap.xml" in robots
    rules = re.findall(r"^(?:Allow|Disallow): (.+)$", robots, re.MULTILINE)
    assert all(rule.startswith("/open/") for rule in rules)
    found = locations(moved_site.get("/open/sitemap.xml").text)
    assert all(url.startswith(f"{moved_site.url}/open/") for url in found)
    files = moved_site.get("/open/downloads.json").json()["files"]
    for file in files:
        assert file["url"].startswith(f"{moved_site.url}/open/downloads/")
        assert httpx.head(file["url"], timeout=30).status_code == 200
        assert httpx.head(file["permalink"], timeout=30).status_code == 200
