"""The functions that SQL can use here: gbp(), sme_share() and financial_year()."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from fractions import Fraction
from typing import Any

import pytest
import writable
from conftest import ROOT, Site
from govspend_site import sql_functions
from hypothesis import assume, given
from hypothesis import strategies as st
from sql_asked import ANY_VALUE, address, rows


def connection() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:")
    sql_functions.register(made)
    return made


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
        db.executescript((ROOT / "ingest" / "views.sql").read_text())
        writable.make(db)
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


def test_an_amount_by_gbp_stands_at_the_right(real_site: Site, page: Any) -> None:
    """Protects comparison by eye: it is text, and is shown as the number that it says."""
    sql = "select buyer_id, gbp(sum(amount_pence)) as spend from spend group by 1 limit 3"
    page.goto(real_site.url + address(sql))
    for part in ("td", "th"):
        cell = page.locator(f"{part}.col-spend").first
        assert cell.evaluate("e => getComputedStyle(e).textAlign") == "right"
