"""Releases get names that stay, and one that looks wrong waits for a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.archive import Receipt
from ingest.releases import doubts, in_force, judge, name
from ingest.stage import Staged
from ingest.tally import Summary


def staged(
    months: dict[str, int], at: str = "2014-07-01", *, counts: dict[str, int] | None = None
) -> Staged:
    """A staged release with so many pence a month; `at` is when it was fetched."""
    receipt = Receipt(
        feed_id="f", url=at, filename=f"{at}.csv", position=0, fetched_at=at, byte_count=1,
        sha256=at,
    )  # fmt: skip
    lines = len(months) * 100
    summary = Summary(
        "utf-8", "LF", ",", 1, [], [], "day-first", line_count=lines,
        loaded_abs_pence=sum(map(abs, months.values())),
        months={f"{month}-01": [100, pence] for month, pence in months.items()},
    )  # fmt: skip
    for field, value in (counts or {}).items():
        setattr(summary, field, value)
    return Staged(receipt, Path(), summary)


YEAR = {f"2013-{month:02}": 1000 for month in range(1, 13)}


def test_a_name_is_the_newest_month_and_never_passes_to_another_file() -> None:
    """The first file fetched for a month keeps its name, whatever comes later."""
    first, second = staged(YEAR, "2014-01-05"), staged(YEAR, "2014-02-05")
    early = staged({"2013-01": 5}, "2014-03-05")
    assert [identifier for identifier, _, _ in name([second, early, first])] == [
        "f-2013-01",
        "f-2013-12",
        "f-2013-12.2",
    ]


@pytest.mark.parametrize(
    ("months", "counts", "says"),
    [
        ({**YEAR, "2014-01": 9}, {"quarantined_count": 14}, "14 of 1,300 lines are quarantined"),
        (YEAR, {"quarantined_abs_pence": 200}, "of the value"),
        ({m: p for m, p in YEAR.items() if m != "2013-03"}, {}, "are missing: 2013-03"),
        ({**YEAR, "2013-01": 1700}, {}, "over 10%"),
        ({**YEAR, "2013-01": 1400, "2013-02": 600}, {}, "over 10%"),
    ],
)
def test_a_release_that_looks_wrong_is_held(
    months: dict[str, int], counts: dict[str, int], says: str
) -> None:
    """Too much quarantined, months lost, or the settled past rewritten: the site stays as it is."""
    before, odd = staged(YEAR, "2014-01-05"), staged(months, "2014-02-05", counts=counts)
    releases = judge([before, odd], {}, restates=True)
    held = next(release for release in releases if release.staged is odd)
    assert held.state == "held"
    assert any(says in reason for reason in held.reasons)
    assert [item.staged for item in in_force(releases, restates=True)] == [before]


@pytest.mark.parametrize(
    ("months", "counts"),
    [
        (YEAR, {"quarantined_count": 12}),
        ({**YEAR, "2013-01": 1400}, {}),
        ({**YEAR, "2013-12": 9000}, {}),
        ({**YEAR, "2014-01": 9000}, {}),
    ],
)
def test_an_ordinary_release_is_taken(months: dict[str, int], counts: dict[str, int]) -> None:
    """Recent months grow between releases, and one line in a hundred may be bad."""
    assert doubts(staged(months, counts=counts), staged(YEAR)) == []


def test_accept_takes_a_held_release_and_withdraw_goes_back() -> None:
    """A person has the last word, and may change it."""
    before, odd = staged(YEAR, "2014-01-05"), staged({"2014-01": 1}, "2014-02-05")
    for verb, state in (("accept", "taken"), ("withdraw", "withdrawn")):
        last = judge([before, odd], {"f-2014-01": verb}, restates=True)[-1]
        assert last.state == state
    assert judge([before, odd], {"f-2014-01": "accept"}, restates=True)[-1].reasons


def test_a_held_release_is_no_measure_for_the_next() -> None:
    """The next good release is compared with the last one that was taken."""
    good, odd = staged(YEAR, "1"), staged({**YEAR, "2014-01": 1, "2013-01": 9999}, "2")
    later = staged({**YEAR, "2014-02": 5}, "3")
    assert [item.state for item in judge([good, odd, later], {}, restates=True)] == [
        "taken", "held", "taken",
    ]  # fmt: skip
