"""A visitor looks for a firm, a body or a thing: one box, three groups, and suggestions."""

from __future__ import annotations

import html
import re
import sqlite3
import time
from contextlib import closing
from typing import Any

import httpx
import pytest
from conftest import Site
from govspend_site import search
from playwright.sync_api import expect

HOSTILE = (
    '"', "'", "''; --", "a AND (", "NEAR(a b)", "a:b", "^a", "*", "-", "a*b*", "(", "\0", "a\0b",
    "<script>alert(1)</script>", "%", "_", "{}", "AND OR NOT", '"a" OR', "é" * 100, "\U0001f600",
    "+cloud* hosting)", "column : x", "a\tb\nc", "x" * 200,
)  # fmt: skip


def suggested(site: Site, typed: str) -> list[dict[str, Any]]:
    answer = site.get("/search/suggest.json", params={"q": typed})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["suggestions"]
    return found


def asked(site: Site, sql: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(site.db)) as db:
        return db.execute(sql, values).fetchall()


def links_of(page: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page)]


def test_words_become_a_query_that_cannot_fail() -> None:
    """Each word is quoted, what is no word is left out, and nothing is left of operators."""
    assert search.fts('home "office" -- (x') == '"home" "office" "(x"'
    assert search.fts("home offi", beginning=True) == '"home" "offi"*'
    for typed in ("", " ", "--", '"', "\0", "()"):
        assert search.fts(typed) is None
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize='porter unicode61')")
        for typed in HOSTILE:
            for beginning in (False, True):
                words = search.fts(typed, beginning=beginning)
                if words is not None:
                    db.execute("SELECT * FROM t WHERE t MATCH ?", [words]).fetchall()


@pytest.mark.parametrize("path", ["/search", "/search/suggest.json"])
def test_whatever_is_typed_gets_an_answer(real_site: Site, path: str) -> None:
    """Search syntax, markup and control characters are looked for and never obeyed or run."""
    with httpx.Client(base_url=real_site.url, timeout=30) as client:
        for typed in HOSTILE:
            answer = client.get(path, params={"q": typed})
            assert answer.status_code == 200, (typed, answer.text[:300])
            assert "<script>alert" not in answer.text or path.endswith("json")
        assert client.get(path, params={"q": "x" * 10_000}).status_code == 400


def test_three_groups_with_their_counts(real_site: Site) -> None:
    """What the page says was found is what the tables hold."""
    page = real_site.get("/search?q=hosting").text
    [(lines, pence)] = asked(
        real_site,
        "SELECT count(*), sum(amount_pence) FROM spend WHERE rowid IN "
        "(SELECT rowid FROM spend_fts WHERE spend_fts MATCH 'hosting')",
    )
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    assert f"1 supplier, 0 buyers and {lines:,} lines of what was bought" in text
    assert f"£{pence / 100:,.2f} in all" in text
    (link,) = [link for link in links_of(page) if link.startswith("/govspend/spend?_search=")]
    table = real_site.get(link.replace("/spend?", "/spend.json?") + "&_size=0").json()
    assert table["filtered_table_rows_count"] == lines


@pytest.mark.parametrize("typed", ["home office", "department", "ltd", "web hosting"])
def test_the_sql_behind_each_group_gives_it(real_site: Site, typed: str) -> None:
    """Each list links to SQL whose first rows are the ones on the page."""
    page = real_site.get("/search", params={"q": typed}).text
    queries = [link for link in links_of(page) if link.startswith("/govspend.json?sql=")]
    assert queries
    for link in queries:
        rows = real_site.get(link).json()
        assert len(rows) == min(rows[0]["found_count"], 1000) or "description" in rows[0]
        for row in rows[:10]:
            assert html.escape(row.get("name") or row["supplier_name"]) in page
            assert f"£{abs(row['amount_pence']) / 100:,.2f}" in page


def test_the_last_word_may_be_unfinished(real_site: Site) -> None:
    """Who types half a name finds the body, and its page is one click on."""
    links = links_of(real_site.get("/search?q=home+offi").text)
    assert "/buyers/home-office" in links


def test_nothing_found_has_a_way_on(real_site: Site) -> None:
    """A misspelt name is met with those that look like it, and with what else there is to do."""
    page = real_site.get("/search?q=cabnet+ofice").text
    assert "Nothing was found" in page
    assert "/buyers/cabinet-office" in links_of(page)
    nothing = real_site.get("/search?q=zzzzqqqq").text
    assert {"/suppliers", "/buyers", "/firms-like-mine"} <= set(links_of(nothing))


def test_without_words_there_is_the_form(real_site: Site) -> None:
    """No words is no search: the page asks for them, and finds nothing by itself."""
    page = real_site.get("/search").text
    assert 'name="q"' in page
    assert "Nothing was found" not in page


# Suggestions.


def party(name: str, pence: int = 0) -> search.Party:
    return search.Party("supplier", name.lower(), name, pence, search.folded(name))


def test_suggestions_match_the_beginnings_of_words() -> None:
    """Case, accents and punctuation do not matter; a name that begins so comes first."""
    parties = [
        party("Big Home Ltd", 9),
        party("Home Office", 5),
        party("Café Néw"),
        party("Chrome"),
    ]
    assert [p.name for p in search.suggestions(parties, "HOME")] == ["Home Office", "Big Home Ltd"]
    assert [p.name for p in search.suggestions(parties, "cafe ne")] == ["Café Néw"]
    assert search.suggestions(parties, "ome") == []
    assert search.suggestions(parties, " -- ") == []


def test_at_most_ten_the_largest_first(real_site: Site) -> None:
    """A short word gives a short list, whose links lead to pages, and whose sums are true."""
    found = suggested(real_site, "de")
    assert len(found) == 10
    home = suggested(real_site, "home o")[0]
    assert home == {
        "kind": "buyer", "id": "home-office", "name": "Home Office", "url": "/buyers/home-office",
        "amount": "£31.6m",
    }  # fmt: skip
    assert suggested(real_site, "") == []


def test_suggestions_come_while_one_types(real_site: Site) -> None:
    """Slow suggestions are worse than none: ten of them take a third of a second."""
    suggested(real_site, "a")
    begun = time.monotonic()
    for typed in ("h", "ho", "hom", "home", "m", "mi", "min", "d", "de", "dep"):
        suggested(real_site, typed)
    # Well above it: the machine may be busy with other tests.
    assert time.monotonic() - begun < 6


def typed_into(page: Any, text: str) -> Any:
    """The field with its suggestions open."""
    field = page.get_by_role("combobox")
    field.press_sequentially(text)
    page.wait_for_selector("[role=option]")
    return field


def test_a_suggestion_is_chosen_by_keyboard(real_site: Site, page: Any) -> None:
    """The combobox pattern: arrows choose, the field keeps the focus, Enter goes there."""
    page.goto(real_site.url + "/search")
    field = typed_into(page, "home o")
    assert field.get_attribute("aria-expanded") == "true"
    assert field.get_attribute("aria-activedescendant") is None
    assert "suggestion" in page.locator("form [role=status]").text_content()
    page.keyboard.press("ArrowDown")
    chosen = page.locator("[role=option][aria-selected=true]")
    expect(chosen).to_have_count(1)
    assert field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "combobox"
    page.keyboard.press("ArrowUp")
    assert field.get_attribute("aria-activedescendant") is None
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/buyers/home-office")


def test_escape_closes_and_enter_searches(real_site: Site, page: Any) -> None:
    """Suggestions never stand in the way: Escape closes them, Enter searches for what was typed."""
    page.goto(real_site.url + "/search")
    field = typed_into(page, "home")
    page.keyboard.press("Escape")
    assert field.get_attribute("aria-expanded") == "false"
    expect(page.locator("[role=option]:visible")).to_have_count(0)
    assert field.input_value() == "home"
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=home")


def test_a_suggestion_is_chosen_by_pointer_and_closed_by_leaving(
    real_site: Site, page: Any
) -> None:
    """A press on a suggestion goes there; leaving the field closes the list."""
    page.goto(real_site.url + "/search")
    field = typed_into(page, "home o")
    page.keyboard.press("Tab")
    assert field.get_attribute("aria-expanded") == "false"
    field.press("End")
    field.press_sequentially("f")
    page.wait_for_selector("[role=option]:visible")
    page.locator("[role=option]", has_text="Home Office").first.click()
    page.wait_for_url("**/buyers/home-office")


def test_the_form_works_without_javascript(real_site: Site, browser: Any) -> None:
    """Without scripts the box on the home page is a plain form that finds the same."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(real_site.url + "/")
    page.locator("input[name=q]").fill("home office")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Home Office", exact=True).first).to_be_visible()
    expect(page.locator("[role=combobox]")).to_have_count(0)
    context.close()
