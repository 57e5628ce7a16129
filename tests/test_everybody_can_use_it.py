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
    "line": "/govspend/spend?_size=1",
    "question": "/govspend/sme-share-by-buyer",
    "revisions": "/govspend/revisions-of-a-month",
    "sql": "/govspend?sql=select+supplier_size%2C+count(*)+from+spend+group+by+1",
    "quarantine": "/govspend/quarantine",
    "releases-table": "/govspend/releases",
    "map": "/map",
    "places": "/govspend/buyer_places",
    "market": "/market",
    "digests": "/digest",
    "digest": "/digest/2014-06",
    "releases": "/releases",
    "release": "/releases/gcloud-sales-2014-06",
    "about": "/about",
    "glossary": "/glossary",
    "data-quality": "/data-quality",
    "accessibility": "/accessibility",
    "not-found": "/no-such-page",
    "bad-request": "/govspend/spend?nonsense=1",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(real_site: Site, browser: Any, name: str, scheme: str) -> None:
    """Protects everybody: 0 violations of WCAG 2.2 A and AA that a machine can see."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(real_site.url + PAGES[name], wait_until="networkidle")
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
    html = real_site.get(PAGES[name]).content
    size = len(gzip.compress(html))
    assert size <= 60_000
    sheets = re.findall(r'<link rel="stylesheet" href="(/static/[^"]+)"', html.decode())
    for sheet in sheets:
        size += len(gzip.compress(httpx.get(real_site.url + sheet).content))
    assert size <= 150_000


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_lost_when_text_is_spaced_out_at_320_pixels(
    real_site: Site, browser: Any, name: str
) -> None:
    """400% zoom of a 1280 pixel screen, with WCAG's text spacing: nothing runs off sideways."""
    context = browser.new_context(viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(real_site.url + PAGES[name])
    page.add_style_tag(
        content="*{line-height:1.5!important;letter-spacing:.12em!important;"
        "word-spacing:.16em!important} p{margin-bottom:2em!important}"
    )
    wide = page.evaluate("document.scrollingElement.scrollWidth")
    page.screenshot(path=PICTURES / f"{name}-320.png", full_page=False)
    context.close()
    assert wide <= 320
