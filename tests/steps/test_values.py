"""Text to money and months: exact, and never a guess."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.money import Amount, NotMoney, parse_amount
from ingest.months import parse_month, settle


@pytest.mark.parametrize(
    ("text", "pence"),
    [
        ("1234.5", 123450), ("£1,234.00", 123400), ("(£12.00)", -1200), ("(1,234)", -123400),
        ("£ 1,234", 123400), ("-£12", -1200), ("£-12", -1200), ("12-", -1200), ("12.00 CR", -1200),
        ("1.2E+05", 12000000), (" - ", 0), ("£-", 0), ("0", 0), ("1 234.00", 123400),
        ("1,234.5 ", 123450), ("\u221212", -1200), ("\ufffd5.00", 500), ("£(12.00)", -1200),
        (".5", 50), ("12.", 1200), ("12,345,678.90", 1234567890), ("+3", 300),
    ],
)  # fmt: skip
def test_amounts_as_spreadsheets_write_them(text: str, pence: int) -> None:
    """Every way in which the published files write money."""
    assert parse_amount(text).pence == pence


@pytest.mark.parametrize(
    "text",
    ["", "TBC", "1,23", "1.234,56", "(12", "12)", "-(12)", "--5", "12 34", "£", "nan", "inf",
     "1e400", "99999999999999", "12.3.4", "1/2", "£1,234.00 and £5", "٣"],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str) -> None:
    """A guess would be a wrong figure; a refused line is data in the quarantine."""
    with pytest.raises(NotMoney):
        parse_amount(text)


@pytest.mark.parametrize(
    ("text", "pence"),
    [("0.005", 1), ("-0.005", -1), ("0.0049", 0), ("3288.885", 328889), ("-11198.535", -1119854)],
)
def test_half_a_penny_rounds_away_from_zero(text: str, pence: int) -> None:
    """The rule is the same for credits, and the exact amount is kept beside."""
    assert parse_amount(text) == Amount(pence, Decimal(text))


@given(st.integers(-(10**12), 10**12))
def test_any_whole_pence_survive_being_written(pence: int) -> None:
    """Plain, with thousands, and in brackets: the amount that was written is the amount read."""
    pounds = Decimal(pence).scaleb(-2)
    bracketed = f"(£{-pounds:,.2f})" if pence < 0 else f"£{pounds:,.2f}"
    for text in (str(pounds), f"{pounds:.2f}", f"{pounds:,.2f}", bracketed):
        assert parse_amount(text) == Amount(pence, None)


@given(st.decimals(-(10**9), 10**9, places=6))
def test_rounding_is_never_more_than_half_a_penny(exact: Decimal) -> None:
    """And the exact amount is kept whenever anything was rounded."""
    amount = parse_amount(f"{exact:f}")
    difference = Decimal(amount.pence).scaleb(-2) - exact
    assert abs(difference) <= Decimal("0.005")
    assert (amount.exact is None) == (difference == 0)


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2012-10-01l", "2012-10-01"), ("2012-10-01", "2012-10-01"), ("41000", "2012-04-01"),
        ("Apr-12", "2012-04-01"), ("April 2014", "2014-04-01"), ("1/4/2012", "2012-04-01"),
        ("30/06/2014", "2014-06-01"), ("01-Sep-17", "2017-09-01"), ("Sept-17", "2017-09-01"),
        ("2014-06", "2014-06-01"), ("2012-10-01 00:00:00", "2012-10-01"), ("201404", "2014-04-01"),
        ("06/2014", "2014-06-01"),
    ],
)  # fmt: skip
def test_months_as_the_releases_write_them(text: str, month: str) -> None:
    """Stray letters, spreadsheet serials and names of months among them."""
    assert parse_month(text, "day-first", serials=True) == month


@pytest.mark.parametrize("text", ["", "12-Apr", "31/02/2014", "2014-13-01", "soon", "13/13/2014"])
def test_what_names_no_month_gives_none(text: str) -> None:
    """12-Apr could be a day or a year, so it is neither."""
    assert parse_month(text, "day-first", serials=True) is None


def test_the_order_of_a_column_is_settled_by_all_of_it() -> None:
    """First days of months give an American column away even where every day is below 13."""
    assert settle(["04/01/2012", "05/01/2012", "06/01/2012"], "day-first") == "month-first"
    assert settle(["01/04/2012", "01/05/2012"], "month-first") == "day-first"
    assert settle(["03/04/2012"], "month-first") == "month-first"
    assert settle(["41000", "1/5/2012"], "day-first") == "day-first"
