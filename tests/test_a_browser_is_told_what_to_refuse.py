"""A visitor's browser runs the site's own scripts and nobody else's, whatever the data says."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from conftest import Site
from faulty_server import FaultyServer, body
from playwright.sync_api import expect

# One of every kind of page; those with a chart wait for it to come alive.
_REFERRER = ("strict-origin-when-cross-origin", "no-referrer")
PAGES = (
    "/", "/firms-like-mine", "/suppliers", "/suppliers/bjss", "/buyers", "/buyers/cabinet-office",
    "/market", "/map", "/digest", "/digest/2014-06", "/releases", "/releases/gcloud-sales-2014-06",
    "/search?q=cloud", "/proof/", "/proof/sme-share", "/proof/sme-share/embed", "/about",
    "/glossary", "/data-quality", "/accessibility", "/as-of/", "/govspend", "/govspend/spend",
    "/govspend?sql=select+lot,+sum(amount)+from+spend+group+by+lot",
    "/govspend/sme-spend-by-month", "/govspend/buyer_places",
    "/govspend/releases/gcloud-sales-2014-06",
)  # fmt: skip


def test_no_kind_of_page_asks_for_what_it_is_refused(real_site: Site, page: Any) -> None:
    """A rule that breaks a page is worse than none: nothing is refused that a page wants."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on(
        "console",
        lambda m: faults.append(f"{page.url}: {m.text}") if m.type == "error" else None,
    )
    for path in PAGES:
        found = page.goto(real_site.url + path, wait_until="load")
        assert found.status == 200, path
        if page.locator("script.chart-spec").count() and "/embed" not in path:
            page.wait_for_selector("svg.chart-drawn", timeout=20_000)
    assert faults == []


def test_a_script_that_the_site_did_not_send_does_not_run(real_site: Site, page: Any) -> None:
    """Were a name in the data ever printed as it is, it would still be only text."""
    page.goto(real_site.url + "/market")
    ran = page.evaluate(
        """() => new Promise(done => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            setTimeout(() => done(window.ran === true), 100);
        })"""
    )
    assert not ran


@pytest.mark.parametrize(
    ("path", "framed"),
    [("/proof/sme-share/embed", True), ("/proof/sme-share", False), ("/", False)],
)
def test_only_the_embed_is_shown_in_another_site(
    real_site: Site, page: Any, path: str, framed: bool
) -> None:
    """An editor may frame a figure; nobody frames a page of ours as if it were theirs."""
    # Another port is another site.
    html = f'<!DOCTYPE html><iframe src="{real_site.url}{path}"></iframe>'
    with FaultyServer() as other:
        answer = body(html.encode(), headers={"Content-Type": "text/html"})
        page.goto(other.on("/", answer), wait_until="load")
        expect(page.frame_locator("iframe").locator("main")).to_have_count(int(framed))


def test_every_answer_says_what_it_is(real_site: Site) -> None:
    """A file is taken for what it says, and a link out tells nobody what was searched for."""
    for path in (*PAGES, "/no-such-page", "/govspend/spend.json", "/govspend/spend.csv?_size=5",
                 "/static/govspend.css", "/proof/sme-share.svg", "/-/health"):  # fmt: skip
        found = httpx.get(real_site.url + path, timeout=30)
        assert found.headers["x-content-type-options"] == "nosniff", path
        assert found.headers["referrer-policy"] in _REFERRER, path
        if found.headers["content-type"].startswith("text/html"):
            policy = found.headers["content-security-policy"]
            assert ("frame-ancestors *" in policy) is path.endswith("/embed"), path
            assert ("unsafe" in policy.partition("script-src")[2].partition(";")[0]) is (
                path.startswith("/govspend")
            ), path
    kept = httpx.get(real_site.url + "/", headers={"if-none-match": "*"}, timeout=30)
    assert (kept.status_code, kept.headers["x-content-type-options"]) == (304, "nosniff")
