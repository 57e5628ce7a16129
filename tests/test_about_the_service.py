"""A visitor asks whose figures these are, what words mean, what is wanting and who can use it."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import pytest
import shown
import yaml
from conftest import ROOT, Site
from govspend_site import about

METADATA: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yml").read_text("utf-8"))
PAGES = ["/about", "/glossary", "/data-quality", "/accessibility"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_leads_to_it_and_it_has_one_heading(real_site: Site, path: str) -> None:
    """The four pages are in the footer of every page, and read as pages."""
    assert path in shown.read(real_site.get("/govspend/spend").text).links
    html = real_site.get(path).text
    assert html.count("<h1") == 1
    assert '<html lang="en-GB"' in html


def test_about_names_every_publisher_and_its_terms(sample_site: Site) -> None:
    """Who publishes what, and the sentence that its licence asks for, of every feed."""
    html = sample_site.get("/about").text
    feeds = sample_site.get("/govspend/feeds.json?_shape=array").json()
    rows = shown.table(html, "The series").body()
    assert [row[0] for row in rows.values()] == [feed["publisher"] for feed in feeds]
    for feed in feeds:
        assert feed["attribution"] in html
    assert "not affiliated with HM Government" in html


def test_about_names_the_sources_of_places(real_site: Site) -> None:
    """ONS, OS and Royal Mail ask to be named wherever places made from their postcodes are."""
    if real_site.get("/govspend/buyer_places.json?_size=0").status_code == 200:
        html = real_site.get("/about").text
        for sentence in METADATA["attributions"]:
            assert sentence in html


def test_about_says_whom_to_write_to(real_site: Site) -> None:
    """Without an address in the settings the page says so, and never shows an empty one."""
    html = real_site.get("/about").text
    if METADATA["contact"]["email"]:
        assert f"mailto:{METADATA['contact']['email']}" in html
    else:
        assert "mailto:" not in html
        assert "has not given an address" in html
        assert "metadata.yml has a place for one" in html


def test_a_start_without_an_address_says_where_to_set_one(real_site: Site) -> None:
    """Whoever runs the site learns in one line that nobody can write to them, and the cure."""
    said = "No address for corrections is set" in (real_site.build / "site.log").read_text()
    assert said == (METADATA["contact"]["email"] is None)
    operate = (ROOT / "README.md").read_text("utf-8").split("## How to operate")[1]
    assert "`email` under `contact`" in operate.split("\n## ")[0]


def test_links_to_words_lead_somewhere(real_site: Site) -> None:
    """A link to a term of the glossary finds it."""
    glossary = real_site.get("/glossary").text
    ids = set(re.findall(r'<dt id="([^"]+)"', glossary))
    assert ids == METADATA["glossary"].keys()
    for path in (*PAGES, "/releases", "/market"):
        for href in shown.read(real_site.get(path).text).links:
            if "/glossary#" in href:
                assert href.split("#")[1] in ids


def test_every_word_of_the_design_is_explained() -> None:
    """The words that tables, pages and addresses use are all in the glossary."""
    for word in ("feed", "release", "edition", "receipt", "spend", "payment", "buyer", "supplier",
                 "framework", "lot", "supplier-size", "quarantine", "financial-year"):  # fmt: skip
        assert METADATA["glossary"][word]["meaning"]


@pytest.mark.parametrize("which", ["real", "sample"])
def test_every_fault_is_shown_with_its_count(which: str, request: pytest.FixtureRequest) -> None:
    """Nothing that is known to be wanting is left out, and each is explained."""
    site: Site = request.getfixturevalue(f"{which}_site")
    html = site.get("/data-quality").text
    db = sqlite3.connect(site.db)
    known = db.execute("SELECT release_id, fault, line_count FROM data_quality").fetchall()
    db.close()
    assert known
    for release_id, fault, count in known:
        rows = shown.table(html, f"Known faults of {release_id}").body()
        cells = rows[fault[:1].upper() + fault[1:]]
        assert cells[0] == f"{count:,}"
        assert cells[1], f"{fault} is not explained in metadata.yml"


def test_a_fault_is_explained_by_its_longest_beginning() -> None:
    """A special meaning goes before the general one; an unknown fault has none, and no other's."""
    meanings = {"quarantined": "general", "quarantined: amount": "special"}
    assert about.meaning_of("quarantined: amount, type-error", meanings) == "special"
    assert about.meaning_of("quarantined: month", meanings) == "general"
    assert about.meaning_of("new", meanings) == ""


def test_formats_tried_only_on_fixtures_are_named(real_site: Site, sample_site: Site) -> None:
    """What we never saw the real file of, we say."""
    assert "read from the publisher’s own file" in real_site.get("/data-quality").text
    assert "read from the publisher’s own file" not in sample_site.get("/data-quality").text


@pytest.mark.parametrize("path", [*PAGES, "/market", "/digest", "/digest/2014-06", "/releases"])
@pytest.mark.parametrize("width", [320, 1280])
def test_pages_do_not_scroll_sideways(real_site: Site, page: Any, path: str, width: int) -> None:
    """On a phone a page is read downwards only; wide tables scroll by themselves."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(real_site.url + path)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
