"""Pages as people meet them: in a real browser, at a desk and on a phone, without JavaScript."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from conftest import Site
from playwright.sync_api import expect

WIDTHS = (1280, 320)
MAIN_PAGES = (
    "/",
    "/govspend",
    "/govspend/spend",
    "/govspend/spend?supplier_size=SME&lot=Specialist+Cloud+Services",
    "/govspend/releases/gcloud-sales-2014-06",
    "/govspend/sme-spend-by-month",
    "/govspend/search?words=cloud",
    "/no-such-page",
)
# From the home page to a card: the names of the links to click, as a new user reads them.
WAYS = {
    "sme-share": ["Cite this figure: the share of small and medium-sized firms"],
    "growth": ["Cite this figure: whether spend grew"],
    "second-buyer-estimate": [
        "See whether firms like mine sold, and to whom",
        "Cite this figure: the Kaplan-Meier estimate",
    ],
    "concentration": ["Market", "Cite this figure: to how few the money went"],
    "places": ["Map", "Cite this figure: how much of the spend has a place"],
    "new-suppliers/gcloud-sales-2014-06": [
        "Digest", "June 2014", "Cite this figure: new suppliers",
    ],
    "revision/gcloud-sales-2014-06": [
        "Releases", "gcloud-sales-2014-06", "Cite this figure: what it changed",
    ],
    "first-sales-from/cabinet-office": [
        "Buyers", "Cabinet Office", "Cite this figure: first sales that it gave",
    ],
    "supplier/bjss": ["Suppliers", "BJSS LTD", "Cite this figure: BJSS LTD"],
}  # fmt: skip


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", MAIN_PAGES)
def test_nothing_overflows_nothing_is_fetched_elsewhere_and_nothing_fails(
    real_site: Site, page: Any, path: str, width: int
) -> None:
    """Protects phones from sideways scrolling and visitors from third parties and faults."""
    hosts: set[str | None] = set()
    faults: list[str] = []
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(real_site.url + path, wait_until="networkidle")
    wide = page.evaluate("document.scrollingElement.scrollWidth")
    assert wide <= width
    # A data: address has no host: the icon is in the page itself.
    assert hosts - {None, ""} == {"127.0.0.1"}
    # The browser itself reports the status of a page that was meant to be missing.
    assert [fault for fault in faults if "404" not in fault or path != "/no-such-page"] == []
    assert page.context.cookies() == []


@pytest.mark.parametrize("width", WIDTHS)
def test_without_javascript_the_chart_and_tables_show(
    real_site: Site, browser: Any, width: int
) -> None:
    """Protects readers whose browser runs no scripts: they get the same facts."""
    context = browser.new_context(
        java_script_enabled=False, viewport={"width": width, "height": 900}
    )
    page = context.new_page()
    page.goto(real_site.url + "/")
    shown = [svg for svg in page.locator("svg.chart").all() if svg.is_visible()]
    assert len(shown) == 1
    box = shown[0].bounding_box()
    assert box["width"] > 0.7 * min(width, 600)
    page.locator("summary", has_text="The same figures as a table").click()
    expect(page.locator("table.figures").first).to_be_visible()
    page.goto(real_site.url + "/govspend/spend")
    expect(page.locator("table.rows-and-columns tbody tr")).to_have_count(50)
    context.close()


def test_the_first_tab_is_the_skip_link(real_site: Site, page: Any) -> None:
    """Protects keyboard users from the menu on every page: the first stop leads past it."""
    for path in MAIN_PAGES:
        page.goto(real_site.url + path)
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.textContent")
        assert focused == "Skip to main content", path
        box = page.locator(".skip-link").bounding_box()
        assert box["y"] >= 0, path
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "content", path


def test_a_wide_table_scrolls_by_keyboard_in_a_named_region(real_site: Site, page: Any) -> None:
    """Protects keyboard and screen-reader users: what is cut off can be reached and has a name."""
    page.set_viewport_size({"width": 320, "height": 900})
    page.goto(real_site.url + "/govspend/spend")
    region = page.get_by_role("region", name="Spend, sorted by month, newest first")
    region.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.table-wrapper').scrollLeft > 0")


def test_numbers_stand_at_the_right(real_site: Site, page: Any) -> None:
    """Protects comparison by eye: digits of the same worth stand beneath each other."""
    page.goto(real_site.url + "/govspend/spend")
    for part in ("td", "th"):
        cell = page.locator(f"{part}.col-amount_pence").first
        assert cell.evaluate("e => getComputedStyle(e).textAlign") == "right"


@pytest.mark.parametrize(
    "path", ["/govspend/spend?_size=20", "/govspend?sql=select+month,+amount+from+spend+limit+20"]
)
def test_datasette_vega_draws_a_chart(real_site: Site, page: Any, path: str) -> None:
    """Protects ad-hoc charts: the controls find their table in our markup, and a chart appears."""
    page.goto(real_site.url + path, wait_until="networkidle")
    for summary in ("Draw a chart", "More kinds of chart"):
        # Where the server draws, the browser's own charting waits until it is asked for.
        if "sql=" in path:
            page.locator("summary", has_text=summary).click()
    page.get_by_role("button", name="Show charting options").click()
    page.get_by_label("Bar").check()
    page.locator(".vega-embed canvas, .vega-embed svg").first.wait_for()


def test_an_ad_hoc_chart_draws_more_than_the_page_and_says_where_it_stops(
    real_site: Site, page: Any
) -> None:
    """Protects from two faults of datasette-vega: only the page's rows, and [object Object]."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{real_site.url}/govspend/spend?_labels=on&sector=Health", wait_until="networkidle")
    (drawn,) = {url for url in asked if "spend.json" in url}
    assert "_size=max" in drawn
    assert "_labels" not in drawn
    assert "sector=Health" in drawn
    assert len(real_site.get(drawn.removeprefix(real_site.url)).json()) == 1000
    assert "draws the first 1,000" in page.content()


def test_dark_is_dark(real_site: Site, browser: Any) -> None:
    """Protects readers who asked for dark: paper, ink and chart all follow."""
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(real_site.url + "/")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    bar = page.evaluate(
        "getComputedStyle(document.querySelector('svg.chart path[fill*=first]')).fill"
    )
    assert sum(map(int, paper[4:-1].split(","))) < 150
    assert sum(map(int, bar[4:-1].split(","))) > 380
    context.close()


def test_the_map_shows_places_and_fetches_them_from_nobody_but_its_tiles(
    page: Any, real_site: Site
) -> None:
    """Protects datasette-cluster-map: rows with latitude and longitude are on a map."""
    sql = "select 'Whitehall' as name, 51.503 as latitude, -0.127 as longitude"
    page.route("**/*", lambda route: route.continue_() if _own(route, real_site) else route.abort())
    page.goto(f"{real_site.url}/govspend?sql={quote(sql)}")
    page.wait_for_selector(".leaflet-marker-icon")
    expect(page.locator(".leaflet-marker-icon")).to_have_count(1)


def _own(route: Any, site: Site) -> bool:
    return bool(route.request.url.startswith((site.url, "data:")))


def follow(page: Any, site: Site, key: str) -> None:
    """Clicks the way from the home page to a card, and looks at what is there."""
    page.goto(site.url + "/")
    for name in WAYS[key]:
        # Chromium reads a space before the part of a name that only screen readers have.
        pattern = re.compile(f"^{re.escape(name).replace(':', ' ?:')}$")
        page.get_by_role("link", name=pattern).first.click()
    page.wait_for_url(f"**/proof/{key}")
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("ol.commands li")).to_have_count(3)
    expect(page.get_by_role("heading", name="Cite it")).to_be_visible()


@pytest.mark.parametrize("key", WAYS)
def test_from_home_to_a_proof_card_in_three_clicks(real_site: Site, page: Any, key: str) -> None:
    """Protects the director: a figure to cite is three clicks away, whatever she is after."""
    assert len(WAYS[key]) <= 3
    follow(page, real_site, key)


def test_the_ways_to_a_card_need_no_script_and_no_wide_screen(
    real_site: Site, browser: Any
) -> None:
    """Protects phones and readers without scripts: the same ways are open to them."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 900})
    page = context.new_page()
    for key in WAYS:
        follow(page, real_site, key)
    context.close()
