"""A chart of any answer: in the page, as a picture, alive in a browser, refused with a reason."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from conftest import ROOT, Site
from govspend_site import result_chart, words
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect
from sql_asked import ANY_VALUE, BY_MONTH, address, asked, links_of, words_of

COLUMN = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


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
    assert "“month” repeats, so each row has a bar of its own" in words_of(page)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"_chart": "bar", "_x": "monht"}, "There is no column “monht” in this answer."),
        ({"_chart": "bar", "_y": "lot"}, "There is no column “lot” in this answer."),
        (
            {"_chart": "bar", "_y": "month"},
            "“month” does not hold numbers, and a chart needs them. It can be amount.",
        ),
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


def test_a_chart_comes_alive(real_site: Site, page: Any) -> None:
    """By keyboard, as every chart of the site: one stop, then the arrow keys name each bar."""
    page.goto(real_site.url + address(BY_MONTH, _chart="bar"), wait_until="networkidle")
    chart = page.locator(".chart-live")
    chart.wait_for()
    chart.focus()
    page.keyboard.press("End")
    expect(page.locator(".chart-tip")).to_have_text("June 2014: £18,285,112.83")


def test_one_chart_at_a_time_is_offered(real_site: Site, page: Any) -> None:
    """The browser's own charting waits until more kinds of chart are asked for."""
    page.goto(real_site.url + address(BY_MONTH), wait_until="networkidle")
    other = page.get_by_role("button", name="Show charting options")
    expect(other).to_have_count(0)
    page.locator("summary", has_text="Draw a chart").click()
    page.locator("summary", has_text="More kinds of chart").click()
    expect(other).to_be_visible()
