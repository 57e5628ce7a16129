"""Whoever comes, however they come: with a screen reader, a keyboard, a phone, in the dark."""

from __future__ import annotations

import gzip
import re
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT, Site

PICTURES = ROOT / "build" / "screenshots"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
# One of each kind of page. The names are files of pictures that CI keeps.
PAGES = {
    "home": "/",
    "questions": "/govspend",
    "spend": "/govspend/spend",
    "spend-filtered": "/govspend/spend?supplier_size=SME&sector=Health&_search=cloud",
    "line": "/govspend/spend/{line}",
    "firms-like-mine": "/firms-like-mine",
    "firms-like-mine-narrow": "/firms-like-mine?size=SME&words=hosting&sector=Health",
    "search": "/search?q=cloud",
    "search-nothing": "/search?q=zzzzzz",
    "suppliers": "/suppliers",
    "supplier": "/suppliers/bjss",
    "buyers": "/buyers",
    "buyers-by-share": "/buyers?sort=sme_pct",
    "buyer": "/buyers/home-office",
    "proofs": "/proof/",
    "proof": "/proof/sme-share",
    "proof-of-a-supplier": "/proof/supplier/bjss",
    "proof-of-an-estimate": "/proof/second-buyer-estimate",
    "proof-of-a-revision": "/proof/revision/gcloud-sales-2014-06",
    "embed": "/proof/sme-share/embed",
    "editions": "/as-of/",
    "question": "/govspend/sme-share-by-buyer",
    "revisions": "/govspend/revisions-of-a-month",
    "sql": "/govspend?sql=select+supplier_size%2C+count(*)+from+spend+group+by+1",
    "sql-chart": "/govspend?_chart=bar&sql=select+month%2C+sum(amount)+from+spend+group+by+1",
    "sql-wrong": "/govspend?sql=select+suplier_name+from+spend_named+where+lot+%3D+%3Alot",
    "sql-too-long": "/govspend?_timelimit=20&sql=with+recursive+n(i)+as+(select+1+union+all"
    "+select+i%2B1+from+n)+select+count(*)+from+n",
    "quarantine": "/govspend/quarantine",
    "releases-table": "/govspend/releases",
    "map": "/map",
    "places": "/govspend/buyer_places",
    "market": "/market",
    "digests": "/digest",
    "digest": "/digest/2014-06",
    "releases": "/releases",
    "release": "/releases/gcloud-sales-2014-06",
    "downloads": "/downloads",
    "data-dictionary": "/data-dictionary",
    "about": "/about",
    "glossary": "/glossary",
    "data-quality": "/data-quality",
    "accessibility": "/accessibility",
    "api": "/api",
    "assistants": "/-/mcp",
    "not-found": "/no-such-page",
    "bad-request": "/govspend/spend?nonsense=1",
}


def path_of(site: Site, name: str) -> str:
    """The address of the page; a line's is that of the newest."""
    path = PAGES[name]
    if "{line}" in path:
        (line,) = site.get("/govspend/spend.json?_size=1&_shape=array").json()[:1]
        path = path.format(line=line["spend_id"])
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(real_site: Site, browser: Any, name: str, scheme: str) -> None:
    """Protects everybody: 0 violations of WCAG 2.2 A and AA that a machine can see."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(real_site.url + path_of(real_site, name), wait_until="networkidle")
    results = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{scheme}.png", full_page=False)
    found = [
        f"{violation['id']}: {node['target']}: {node['html'][:150]}"
        for violation in results.response["violations"]
        for node in violation["nodes"][:3]
    ]
    context.close()
    assert found == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light_enough_for_a_poor_connection(real_site: Site, name: str) -> None:
    """At most 60 kB of HTML gzipped; with its style sheet, the first view is under 150 kB."""
    answer = real_site.get(path_of(real_site, name))
    assert answer.status_code in (200, 400, 404)
    wrong = ("not-found", "bad-request", "sql-wrong", "sql-too-long")
    assert (answer.status_code == 200) == (name not in wrong)
    html = answer.content
    size = len(gzip.compress(html))
    assert size <= 60_000
    sheets = re.findall(r'<link rel="stylesheet" href="(/static/[^"]+)"', html.decode())
    for sheet in sheets:
        size += len(gzip.compress(httpx.get(real_site.url + sheet, timeout=30).content))
    assert size <= 150_000


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_lost_when_text_is_spaced_out_at_320_pixels(
    real_site: Site, browser: Any, name: str
) -> None:
    """400% zoom of a 1280 pixel screen, with WCAG's text spacing: nothing runs off sideways."""
    context = browser.new_context(viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(real_site.url + path_of(real_site, name))
    page.add_style_tag(
        content="*{line-height:1.5!important;letter-spacing:.12em!important;"
        "word-spacing:.16em!important} p{margin-bottom:2em!important}"
    )
    wide = page.evaluate("document.scrollingElement.scrollWidth")
    page.screenshot(path=PICTURES / f"{name}-320.png", full_page=False)
    context.close()
    assert wide <= 320


def test_colours_chosen_by_the_reader_lose_nothing(real_site: Site, browser: Any) -> None:
    """Forced colours: buttons keep an edge, and the chart its bars."""
    context = browser.new_context(forced_colors="active")
    page = context.new_page()
    page.goto(real_site.url + "/")
    page.screenshot(path=PICTURES / "home-forced-colours.png", full_page=False)
    edge = page.evaluate("getComputedStyle(document.querySelector('main button')).borderTopWidth")
    bars = page.locator(".chart-figure svg:visible path").count()
    context.close()
    assert edge != "0px"
    assert bars > 10


def test_a_page_prints_its_figures_and_not_its_menus(real_site: Site, page: Any) -> None:
    """On paper: the sentence and the chart; no menu, no search box, no skip link."""
    page.goto(real_site.url + "/")
    page.emulate_media(media="print")
    page.screenshot(path=PICTURES / "home-print.png", full_page=False)
    assert page.locator("main h1").is_visible()
    assert page.locator(".chart-figure svg:visible").count() >= 1
    assert not page.locator("nav[aria-label=Main]").is_visible()
