"""An analyst asks in SQL: the editor and its surroundings, answers, links, mistakes."""

from __future__ import annotations

import gzip
import html
import re
import sqlite3
from contextlib import closing
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from conftest import ROOT, Site
from govspend_site import sql_errors, sql_functions, sql_schema
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect
from sql_asked import BY_MONTH, HOSTILE, address, asked, in_editor, links_of, rows, words_of

METADATA: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yml").read_text())
TABLES: dict[str, dict[str, Any]] = METADATA["databases"]["govspend"]["tables"]
WORDING: dict[str, Any] = METADATA["ask_in_sql"]
ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"


@pytest.fixture(scope="module")
def schema(real_site: Site) -> sql_schema.Schema:
    with closing(sqlite3.connect(real_site.db)) as db:
        sql_functions.register(db)
        return sql_schema.read(db, TABLES)


# The editor, what stands beside it and what to start from


def test_the_schema_stands_beside_the_editor(real_site: Site) -> None:
    """Every table, view and column, with its meaning, in order of use; nothing needs a script."""
    for page in (real_site.get("/govspend").text, asked(real_site, "select 1").text):
        aside = page.partition('class="sql-schema"')[2].partition("</aside>")[0]
        names = re.findall(r"<summary><code>(\w+)</code></summary>", aside)
        assert names[:4] == ["spend_named", "spend", "suppliers", "buyers"]
        assert names[4:7] == ["gbp", "sme_share", "financial_year"]
        shown = {name for name, table in TABLES.items() if not table.get("hidden")}
        assert shown <= set(names)
        said = words_of(aside)
        for name in shown:
            for column, meaning in TABLES[name]["columns"].items():
                assert f"<code data-insert>{column}</code>" in aside, (name, column)
                assert " ".join(meaning.split()) in said, (name, column)
        for function in WORDING["functions"]:
            assert function["call"] in said
            assert " ".join(function["meaning"].split()) in said


def test_every_start_opens_in_the_editor_and_gives_rows(real_site: Site) -> None:
    """An example, a function's example or a question's SQL runs as it is, blanks filled in."""
    page = real_site.get("/govspend").text
    starts = [link for link in links_of(page) if link.startswith("/govspend?sql=")]
    count = len(list((ROOT / "canned_queries").glob("*.sql")))
    assert len(starts) == count + len(WORDING["examples"]) + len(WORDING["functions"])
    empty = []
    for link in starts:
        answer = real_site.get(link)
        assert answer.status_code == 200, link
        assert in_editor(answer.text) == parse_qs(urlsplit(link).query)["sql"][0]
        if "No rows." in words_of(answer.text):
            empty.append(link)
    # Words to search for and a buyer's choice have no default that could be filled in.
    assert len(empty) <= 2


def test_the_defaults_of_a_question_are_filled_in(real_site: Site) -> None:
    """Protects from an editor that opens with another answer than the question's own page."""
    page = real_site.get("/govspend").text
    (link,) = (link for link in links_of(page) if "What+one+buyer+bought" in link)
    assert "buyer=" in link
    own = real_site.get(link.replace("?", ".json?", 1) + "&_shape=array").json()
    assert own == real_site.get("/govspend/what-one-buyer-bought.json?_shape=array").json()


def test_pages_of_sql_are_light(real_site: Site) -> None:
    """The schema and all starts come with every page of SQL, within 60 kB."""
    for page in (real_site.get("/govspend"), asked(real_site, BY_MONTH, _chart="bar")):
        assert len(gzip.compress(page.content)) < 60_000


# Answers


def test_an_answer_says_how_many_rows_and_how_long(real_site: Site) -> None:
    """The size of the answer stands above it, with a way to take it along."""
    page = asked(real_site, BY_MONTH).text
    assert re.search(r"27 rows in [\d,]+ ms", words_of(page))
    for ending in (".json", ".csv"):
        assert any(link.startswith(f"/govspend{ending}?sql=") for link in links_of(page))


def test_rows_that_are_cut_are_said_to_be(real_site: Site) -> None:
    """Protects from taking the first rows for all of them: every file that holds all is named."""
    page = asked(real_site, "select spend_id, month from spend").text
    said = words_of(page)
    (shown,) = re.findall(r"The first ([\d,]+) rows in", said)
    assert page.count("<tr>") - 1 == int(shown.replace(",", ""))
    assert f"Only the first {shown} rows are shown" in said
    assert "JSON can hold 1,000." in said
    notice = page.partition('class="message-info"')[2].partition("</p>")[0]
    assert "For all of them take" in notice
    for link in links_of(notice):
        assert re.match(r"/govspend\.\w+\?sql=", link)
    (whole,) = (link for link in links_of(notice) if link.startswith("/govspend.csv"))
    (lines,) = rows(real_site, "select count(*) as n from spend")
    assert real_site.get(whole).text.count("\n") == lines["n"] + 1
    assert "Only the first" not in words_of(asked(real_site, BY_MONTH).text)


def test_no_rows_says_what_to_look_at(real_site: Site) -> None:
    """An empty answer is no error, and mostly a matter of spelling."""
    page = asked(real_site, "select * from spend where supplier_size = 'sme'")
    assert page.status_code == 200
    assert "'SME' is not 'sme'" in words_of(page.text)


def test_an_answer_has_a_link_that_lasts_and_one_that_follows(real_site: Site) -> None:
    """Who sends a link on knows whether its figures can change."""
    page = asked(real_site, BY_MONTH, _chart="line").text
    permanent, newest = (
        html.unescape(value) for value in re.findall(r'class="to-copy"[^>]*value="([^"]+)"', page)
    )
    (edition,) = rows(real_site, "select edition_id from editions")
    assert permanent.startswith(f"{real_site.url}/as-of/{edition['edition_id']}/govspend?sql=")
    assert newest == real_site.url + address(BY_MONTH, _chart="line")
    kept = real_site.get(permanent.removeprefix(real_site.url))
    assert kept.status_code == 200
    assert in_editor(kept.text) == BY_MONTH
    assert "27 points." in words_of(kept.text)
    # Within the kept edition too, the one link is permanent and the other is not.
    again = re.findall(r'class="to-copy"[^>]*value="([^"]+)"', kept.text)
    assert [html.unescape(value) for value in again] == [permanent, newest]
    assert f"Source: GovSpend, edition {edition['edition_id']}, from gcloud-sales-2014-06" in page
    assert words_of(page).count(permanent) == 1


# Mistakes


@pytest.mark.parametrize(
    ("sql", "heading", "hint"),
    [
        ("select suplier_name from spend_named", "no column “suplier_name”", "supplier_name?"),
        ("select suplier_name from spend", "no column “suplier_name”", "a column of spend_named?"),
        ("select size from spend", "no column “size”", "supplier_size?"),
        ("select supplier_name from spend", "no column “supplier_name”", "column of spend_named"),
        ("select * from spends", "no table “spends”", "Did you mean spend?"),
        ("select smeshare(1, 2)", "no function “smeshare”", "Did you mean sme_share?"),
        ("select 1; select 2", "Only one statement", "first semicolon"),
        ("delete from spend", "Only a question can be asked", "Begin with SELECT or WITH"),
        ("select month from spend where", "ends too early", "not closed"),
        ("select 'month from spend", "does not know a sign", "single quote"),
        ("select month, from spend", "could not be read at “from”", "comma too many"),
        ("select top 5 month from spend", "could not be read at “5”", "stands before it"),
        ("select month from spend join releases using (release_id) join spend as s using "
         "(release_id) where spend.line_number = line_number", "more than one", "spend.month"),
        ("select month from spend where sum(amount) > 1", "cannot stand there", "HAVING"),
        ("select gbp(1, 2)", "too many or too few", "gbp(pence)"),
        ("select sum(9223372036854775807) from spend", "too large", "total()"),
        ("select zeroblob(900000000)", "too large", "shorter texts"),
        ("select printf('%.*c', 900000, 'x') from spend limit 20", "too large", "fewer columns"),
        ("select load_extension('x')", "cannot be asked here", "nothing else"),
        ("select ?", "A value is missing", ":words"),
        ("select * from pragma_compile_options", "PRAGMA cannot", "listed on this page"),
        ("select 1\x00", "could not answer", "null character"),
        ("select gbp(cast(x'ff' as text))", "it cannot read", "no text"),
    ],
)  # fmt: skip
def test_a_mistake_is_explained_and_nothing_is_lost(
    real_site: Site, sql: str, heading: str, hint: str
) -> None:
    """What was wrong in plain words, what may have been meant, and the SQL still in the editor."""
    answer = asked(real_site, sql)
    assert answer.status_code == 400
    said = words_of(answer.text)
    assert heading in said
    assert hint in said
    assert in_editor(answer.text).replace("\ufffd", "\x00") == sql
    assert "Traceback" not in answer.text
    told = real_site.get(address(sql, ".json"))
    assert told.status_code == 400
    assert told.json()["ok"] is False


def test_a_text_in_double_quotes_is_told_from_a_name(schema: sql_schema.Schema) -> None:
    """SQLite built without its old leniency says this; the words are those of its version 3.46."""
    message = 'no such column: "Health" - should this be a string literal in single-quotes?'
    trouble = sql_errors.explained(message, 'select 1 where sector = "Health"', schema)
    assert trouble.heading == "There is no column “Health”"
    assert "single quotes: 'Health'" in trouble.hints[0]


def test_time_that_runs_out_is_said_plainly(real_site: Site) -> None:
    """The SQL and its blanks are kept, and there is something to do about it."""
    sql = f"{ENDLESS} where i > :least"
    answer = asked(real_site, sql, least="5", _timelimit="50")
    assert answer.status_code == 400
    said = words_of(answer.text)
    assert "That question took too long" in said
    assert "add a filter" in said
    assert in_editor(answer.text) == sql
    assert '<input type="text" id="blank-1" name="least" value="5">' in answer.text
    assert {"/govspend#queries", "/downloads"} <= set(links_of(answer.text))
    told = real_site.get(address(ENDLESS, ".json", _timelimit="50"))
    assert told.status_code == 400


@given(st.text(), st.text())
def test_any_message_is_explained(message: str, sql: str) -> None:
    """Whatever SQLite says of whatever SQL, there is a page for it."""
    assert sql_errors.explained(message, sql, sql_schema.NOTHING).heading


@pytest.mark.parametrize(
    "sql",
    [
        HOSTILE,
        f"select '{HOSTILE}' as \"{HOSTILE}\", 1 as n",
        f'select "{HOSTILE}" as n, nothing',
        f"select 1 as n -- </textarea>{HOSTILE}",
        f"select :x as n, '{HOSTILE}' as \"</script>{HOSTILE}\"",
        "select " + "1, " * 1900 + "2",
        "select '" + "x" * 10_000 + "' as \"" + "y" * 10_000 + '", 3 as n',
    ],
)
def test_hostile_sql_is_shown_and_never_run(real_site: Site, sql: str) -> None:
    """Protects visitors who follow a stranger's link: it is text on the page, in a chart too."""
    for more in ({}, {"_chart": "bar"}, {"_chart": HOSTILE, "_x": HOSTILE, "_y": HOSTILE}):
        answer = asked(real_site, sql, x=HOSTILE, **more)
        assert answer.status_code in (200, 400)
        assert HOSTILE not in answer.text
        assert in_editor(answer.text) == sql
        picture = real_site.get(address(sql, ".svg", x=HOSTILE, **more))
        assert picture.status_code in (200, 400)
        if picture.status_code == 200:
            assert HOSTILE not in picture.text
            assert "default-src 'none'" in picture.headers["content-security-policy"]
        else:
            assert picture.headers["content-type"].startswith("text/plain")


# In a browser


def test_an_analyst_works_by_keyboard(real_site: Site, page: Any) -> None:
    """Type, run with Ctrl and Enter, leave the editor with Tab: no trap, no mouse."""
    page.goto(real_site.url + address("select 1 as one"), wait_until="networkidle")
    field = page.get_by_role("textbox", name="SQL, for SQLite and only to read")
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("select 6 * 7 as answer")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/govspend?sql=select+6+*+7+as+answer")
    assert page.locator("td.col-answer").inner_text() == "42"
    page.get_by_role("textbox", name="SQL, for SQLite and only to read").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Run SQL"


@pytest.mark.parametrize("path", ["/govspend", address("select ")])
def test_a_click_on_a_name_puts_it_into_the_editor(real_site: Site, page: Any, path: str) -> None:
    """In the plain text area of the data page, and in the coloured editor of an answer's."""
    page.goto(real_site.url + path, wait_until="networkidle")
    if path == "/govspend":
        page.locator("#sql-editor").fill("select ")
    else:
        page.locator(".sql-schema summary", has_text="spend_named").click()
        page.locator(".CodeMirror").click()
        page.keyboard.press("End")
    page.locator(".sql-schema details[open] button", has_text="supplier_name").first.click()
    page.keyboard.type(" from spend_named limit 1")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**supplier_name+from**")
    expect(page.locator("td.col-supplier_name")).to_have_count(1)


def test_the_whole_job_without_javascript(real_site: Site, browser: Any) -> None:
    """Start from an example, change it, run it, draw it: forms and links alone."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(real_site.url + "/govspend")
    page.get_by_role("link", name="Spend and SME share by month").click()
    page.wait_for_url("**/govspend?sql=*")
    sql = page.locator("#sql-editor").input_value()
    page.locator("#sql-editor").fill(sql.replace("group by month", "group by 1"))
    page.get_by_role("button", name="Run SQL").click()
    expect(page.locator("tbody tr")).to_have_count(27)
    page.locator("summary", has_text="Draw a chart").click()
    page.get_by_label("Draw", exact=True).select_option("line")
    page.get_by_label("Of", exact=True).select_option("sme_pct")
    page.get_by_role("button", name="Draw", exact=True).click()
    page.wait_for_url("**_chart=line&_y=sme_pct&_x=month*#chart")
    expect(page.locator("svg.chart:visible")).to_have_count(1)
    assert page.locator("#sql-editor").input_value() == sql.replace("group by month", "group by 1")
    context.close()
