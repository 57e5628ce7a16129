"""An analyst asks in SQL: the editor and its surroundings, answers, charts, links, mistakes."""

from __future__ import annotations

import gzip
import html
import json
import re
import sqlite3
from contextlib import closing
from fractions import Fraction
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import yaml
from conftest import ROOT, Site
from govspend_site import result_chart, sql_errors, sql_functions, sql_page, sql_schema, words
from hypothesis import assume, given
from hypothesis import strategies as st

METADATA: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yml").read_text())
TABLES: dict[str, dict[str, Any]] = METADATA["databases"]["govspend"]["tables"]
WORDING: dict[str, Any] = METADATA["ask_in_sql"]
HOSTILE = "<script>alert(1)</script>"
ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
BY_MONTH = "select month, sum(amount_pence) / 100.0 as amount from spend group by 1 order by 1"
ANY_VALUE = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.binary()
COLUMN = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def address(sql: str, ending: str = "", **more: str) -> str:
    return f"/govspend{ending}?{urlencode({'sql': sql, **more})}"


def asked(site: Site, sql: str, **more: str) -> Any:
    return site.get(address(sql, **more))


def rows(site: Site, sql: str, **more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.get(address(sql, ".json", _shape="array", **more)).json()
    return found


def words_of(page: str) -> str:
    """What a page says outside its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def links_of(page: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page)]


def in_editor(page: str) -> str:
    found = re.search(r'<textarea id="sql-editor"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def connection() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:")
    sql_functions.register(made)
    return made


@pytest.fixture(scope="module")
def schema(real_site: Site) -> sql_schema.Schema:
    with closing(sqlite3.connect(real_site.db)) as db:
        sql_functions.register(db)
        return sql_schema.read(db, TABLES)


# The functions


@given(ANY_VALUE, ANY_VALUE, ANY_VALUE)
def test_a_function_answers_or_says_null_whatever_it_is_given(
    first: Any, second: Any, third: Any
) -> None:
    """Protects a statement from failing as a whole because of one odd value."""
    with closing(connection()) as db:
        (amount, year, share) = db.execute(
            "SELECT gbp(?1), financial_year(?2), sme_share(?2, ?3)", [first, second, third]
        ).fetchone()
    assert amount is None or re.fullmatch(r"-?£[\d,]+\.\d\d", amount)
    assert year is None or re.fullmatch(r"\d{4}-\d{2}", year)
    assert share is None or isinstance(share, float)


@pytest.mark.parametrize("call", ["gbp({})", "financial_year({})", "sme_share({}, 1)"])
@pytest.mark.parametrize("ending", ["", ".json", ".svg"])
def test_bytes_that_are_no_text_are_a_mistake_and_no_fault(
    real_site: Site, call: str, ending: str
) -> None:
    """They never reach Python, whose sqlite3 raises one of two things; either is a 400."""
    sql = call.format("cast(x'ff' as text)")
    answer = real_site.get(address(f"select {sql}", ending))
    assert answer.status_code == 400
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("pence", "expected"),
    [
        ("123456", "£1,234.56"),
        ("-5", "-£0.05"),
        ("0.5", "£0.01"),
        ("-0.5", "-£0.01"),
        ("9223372036854775807", "£92,233,720,368,547,758.07"),
        ("null", None),
        ("'123456'", None),
        ("9e999", None),
        ("x'31'", None),
    ],
)
def test_gbp(pence: str, expected: str | None) -> None:
    """An exact amount as people write it; a text could be pounds or pence, so it is null."""
    with closing(connection()) as db:
        assert db.execute(f"SELECT gbp({pence})").fetchone() == (expected,)


@given(st.dates())
def test_financial_year_is_the_column_of_that_name(date: Any) -> None:
    """One definition: the function gives what the generated column of spend gives."""
    # Before the year 1000 and after 9998 the column, which cuts texts, is not meant to be right.
    assume(1000 < date.year < 9998)
    with closing(connection()) as db:
        db.executescript((ROOT / "ingest" / "schema.sql").read_text())
        line = ("a", "r", 2, f"{date:%Y-%m}-01", 1, "s", "b", 1, 1)
        db.execute(
            "INSERT INTO spend (spend_id, release_id, line_number, month, amount_pence, supplier_id"
            ", buyer_id, supplier_name_id, buyer_name_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            line,
        )
        column, function, of_month, of_day = db.execute(
            "SELECT financial_year, financial_year(month), financial_year(substr(month, 1, 7)),"
            " financial_year(?) FROM spend",
            [date.isoformat()],
        ).fetchone()
    assert column == function == of_month == of_day


SIZES = st.sampled_from(["SME", "Large", None])


@given(st.lists(st.tuples(SIZES, st.none() | st.integers(-(2**62), 2**62)), max_size=8))
def test_sme_share_is_exact(lines: list[tuple[str | None, int | None]]) -> None:
    """Per cent of all spend, never clamped; null where it cannot be told."""
    told = [(size, pence) for size, pence in lines if pence is not None]
    whole = sum(pence for _, pence in told)
    sme = sum(pence for size, pence in told if size == "SME")
    with closing(connection()) as db:
        db.execute("CREATE TABLE lines (size, pence)")
        db.executemany("INSERT INTO lines VALUES (?, ?)", lines)
        (share,) = db.execute("SELECT sme_share(size, pence) FROM lines").fetchone()
    if whole <= 0 or not any(size for size, _ in told):
        assert share is None
    else:
        assert share == float(Fraction(100 * sme, whole))


def test_sme_share_is_what_the_site_itself_says(real_site: Site) -> None:
    """Protects from two definitions: by month, by buyer, by lot and as the headline."""
    share = "round(sme_share(supplier_size, amount_pence), 1) as sme_pct"
    for question, column in [
        ("sme-spend-by-month", "month"),
        ("sme-spend-by-lot", "lot"),
        ("sme-share-by-buyer", "buyer_id"),
    ]:
        said = real_site.get(f"/govspend/{question}.json?_shape=array&top=1000").json()
        own = rows(real_site, f"select {column}, {share} from spend group by 1")  # noqa: S608
        computed = {row[column]: row["sme_pct"] for row in own}
        assert len(said) > 3
        for row in said:
            assert row["sme_pct"] == computed[row[column]], (question, row[column])
    (whole,) = rows(real_site, f"select {share} from spend")  # noqa: S608
    assert whole == {"sme_pct": real_site.get("/proof/sme-share.json").json()["figure"]["sme_pct"]}


def test_a_line_of_the_cube_counts_as_its_lines_do(real_site: Site) -> None:
    """The share from release_months, which is faster, is the share from spend."""
    lines = "select sme_share(supplier_size, amount_pence) as share from spend"
    cube = (
        "select sme_share(supplier_size, amount_pence) as share from release_months "
        "join releases using (release_id) where is_current = 1"
    )
    assert rows(real_site, lines) == rows(real_site, cube)


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
    """Protects from taking the first thousand rows for all of them."""
    page = words_of(asked(real_site, "select * from spend").text)
    assert "1,000 of more rows" in page
    assert "Only the first 1,000 rows are shown" in page
    assert "cut at the same row" in page
    assert "Only the first" not in words_of(asked(real_site, BY_MONTH).text)


def test_formats_that_hold_all_rows_are_named_where_there_are_any() -> None:
    """The sentence never sends anyone to a file that is cut as the page is."""
    stock = sql_page.files({"json": "/q.json"}, "/q.csv")
    assert (stock.whole, stock.cut) == ([], ["JSON", "CSV"])
    more = {"json": "/q.json", "svg": "/q.svg", "xlsx": "/q.xlsx", "parquet": "/q.parquet"}
    files = sql_page.files(more, "/q.csv")
    assert [name for name, _ in files.whole] == ["XLSX", "Parquet", "CSV"]
    assert files.all[0] == ("JSON", "/q.json")
    assert files.all[-1][1] == "/q.svg"


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
    assert {"/govspend#queries", "/govspend#download"} <= set(links_of(answer.text))
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


# Charts


def bars(page: str) -> int:
    """How many marks the wide drawing has."""
    drawing = page.partition('class="chart chart-wide"')[2].partition("</svg>")[0]
    return len(re.findall(r'<path d="M[^"]+Z" fill="var\(--chart-first', drawing))


def test_a_chart_is_drawn_without_a_script_when_asked_for(real_site: Site) -> None:
    """Months make an axis of time, the first column of numbers the heights; the rest is words."""
    assert 'class="chart ' not in asked(real_site, BY_MONTH).text
    page = asked(real_site, BY_MONTH, _chart="bar").text
    assert bars(page) == 27
    assert "Amount by month" in words_of(page)
    assert "27 bars. Highest: £29,116,477.08, March 2014." in words_of(page)
    assert 'class="chart-spec"' in page
    (spec,) = re.findall(r'class="chart-spec">(.*?)</script>', page)
    assert json.loads(spec)["spec"]["encoding"]["x"]["type"] == "temporal"
    # Its form keeps the question, and the address is all that the chart is.
    assert f'name="sql" value="{html.escape(BY_MONTH)}"' in page
    assert any(
        link.startswith("/govspend.svg?") and "_chart=bar" in link for link in links_of(page)
    )


def test_a_chart_never_says_more_than_its_rows(real_site: Site) -> None:
    """Names that come again are bars of their own, and a chart that is cut says so."""
    sql = "select buyer_name, amount_pence from spend_named order by 2 desc limit 80"
    page = asked(real_site, sql, _chart="bar").text
    assert bars(page) == 50
    assert "Only the first 50 of 80 rows are drawn." in words_of(page)
    twice = "select month, supplier_size, sum(amount) as amount from spend group by 1, 2 limit 6"
    page = asked(real_site, twice, _chart="bar").text
    assert bars(page) == 6


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"_chart": "bar", "_x": "monht"}, "There is no column “monht” in this answer."),
        ({"_chart": "bar", "_y": "lot"}, "There is no column “lot” in this answer."),
        ({"_chart": "bar", "_y": "month"}, "“month” does not hold numbers."),
        ({"_chart": "pie"}, "A chart cannot be “pie”. It can be bar or line."),
    ],
)
def test_a_chart_that_cannot_be_drawn_says_why(
    real_site: Site, more: dict[str, str], sentence: str
) -> None:
    """The rows stay, the form is there to choose again, and the picture answers 400."""
    page = asked(real_site, BY_MONTH, **more)
    assert page.status_code == 200
    assert sentence in words_of(page.text)
    assert 'name="_chart"' in page.text
    assert "April 2012" in page.text
    picture = real_site.get(address(BY_MONTH, ".svg", **more))
    assert picture.status_code == 400
    assert sentence in picture.text


def test_an_answer_without_numbers_offers_no_chart(real_site: Site) -> None:
    """No form that could only fail; who asks by address learns why."""
    sql = "select name from buyers limit 3"
    assert 'name="_chart"' not in asked(real_site, sql).text
    assert "nothing to draw" in words_of(asked(real_site, sql, _chart="bar").text)


@pytest.mark.parametrize(
    "path",
    [
        address(BY_MONTH, ".svg"),
        address(BY_MONTH, ".svg", _chart="line", _x="month", _y="amount"),
        "/govspend/sme-spend-by-month.svg?_chart=line&_y=sme_pct",
        "/govspend/spend.svg?_size=20&_x=buyer_id&_y=amount_pence",
        "/govspend/spend.svg?_size=20&_x=buyer_id&_y=amount_pence&_labels=on",
    ],
)
def test_the_picture_by_itself(real_site: Site, path: str) -> None:
    """Of any answer, question or table: a file with its title, its edition and its licence."""
    picture = real_site.get(path)
    assert picture.status_code == 200
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert picture.headers["access-control-allow-origin"] == "*"
    assert "GovSpend, edition 2014-06-" in picture.text
    assert "Open Government Licence" in picture.text
    assert ("Drawn from a visitor" in picture.text) == ("sql=" in path)
    assert "var(--" not in picture.text


def test_a_question_is_drawn_as_its_file_says(real_site: Site) -> None:
    """The form of a question starts from the chart that the question's own header names."""
    page = real_site.get("/govspend/sme-spend-by-month").text
    chosen = re.findall(r'<option value="(\w+)" selected>', page.partition('id="chart-mark"')[2])
    assert chosen[:3] == ["bar", "sme_amount", "month"]
    drawn = real_site.get("/govspend/sme-spend-by-month?_chart=bar&lot=Specialist+Cloud+Services")
    assert "SME amount by month" in words_of(drawn.text)


@given(
    st.lists(COLUMN, min_size=1, max_size=4).flatmap(
        lambda columns: st.tuples(
            st.just(columns),
            st.lists(st.tuples(*[ANY_VALUE for _ in columns]), max_size=6),
        )
    ),
    st.sampled_from(["bar", "line", "pie"]),
    st.none() | COLUMN,
)
def test_any_answer_is_planned_or_refused(
    answer: tuple[list[str], list[tuple[Any, ...]]], mark: str, x: str | None
) -> None:
    """Whatever comes back, there is a chart that can be drawn or a sentence; never a fault."""
    columns, values = answer
    try:
        plan = result_chart.plan(
            result_chart.Result(columns, values), result_chart.Choices(mark, x)
        )
    except result_chart.Refused as refused:
        assert str(refused)
        return
    assert len(plan.figures) <= len(values)
    drawn = json.dumps(plan.figures, allow_nan=False)
    assert "\\u0000" not in drawn
    assert (ROOT / "plugins/govspend_site/charts" / f"{plan.name}.vl.json").is_file()


@given(st.integers(-(2**62), 2**62))
def test_a_bar_is_as_high_as_its_amount_says(pence: int) -> None:
    """Pence are drawn in pounds, and their words are those of every table."""
    answer = result_chart.Result(["month", "amount_pence"], [("2014-06-01", pence)])
    (figure,) = result_chart.plan(answer, result_chart.Choices("bar")).figures
    assert figure["y"] == pence / 100
    assert figure["tip"] == f"June 2014: {words.pounds(pence)}"


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
    assert page.locator("td.col-supplier_name").count() == 1


def test_the_whole_job_without_javascript(real_site: Site, browser: Any) -> None:
    """Start from an example, change it, run it, draw it: forms and links alone."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(real_site.url + "/govspend")
    page.get_by_role("link", name="Spend and SME share by month").click()
    sql = page.locator("#sql-editor").input_value()
    page.locator("#sql-editor").fill(sql.replace("group by month", "group by 1"))
    page.get_by_role("button", name="Run SQL").click()
    assert page.locator("tbody tr").count() == 27
    page.locator("summary", has_text="Draw a chart").click()
    page.get_by_label("Draw", exact=True).select_option("line")
    page.get_by_label("Of", exact=True).select_option("sme_pct")
    page.get_by_role("button", name="Draw", exact=True).click()
    assert page.url.endswith("#chart")
    assert "_chart=line&_y=sme_pct&_x=month" in page.url
    assert page.locator("svg.chart:visible").count() == 1
    assert page.locator("#sql-editor").input_value() == sql.replace("group by month", "group by 1")
    context.close()


def test_a_chart_comes_alive(real_site: Site, page: Any) -> None:
    """By keyboard, as every chart of the site: one stop, then the arrow keys name each bar."""
    page.goto(real_site.url + address(BY_MONTH, _chart="bar"), wait_until="networkidle")
    chart = page.locator(".chart-live")
    chart.wait_for()
    chart.focus()
    page.keyboard.press("End")
    assert page.locator(".chart-tip").inner_text() == "June 2014: £18,285,112.83"


def test_one_chart_at_a_time_is_offered(real_site: Site, page: Any) -> None:
    """The browser's own charting waits until more kinds of chart are asked for."""
    page.goto(real_site.url + address(BY_MONTH), wait_until="networkidle")
    other = page.get_by_role("button", name="Show charting options")
    assert other.count() == 0
    page.locator("summary", has_text="Draw a chart").click()
    page.locator("summary", has_text="More kinds of chart").click()
    assert other.is_visible()
