"""A block of rows says what its rows say one by one, whatever is in their cells."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import feeds, reference
from ingest.blocks import BlockParser
from ingest.parse import Conventions, Parser, Reject, Spend
from ingest.read import Block, Row, is_blank
from ingest.rename import rename
from ingest.tally import Summary, Tally

FEED = feeds.load(feeds.DEFAULT_FEEDS).feeds["gcloud-sales"]
HEADINGS = ["Framework", "Lot", "Supplier", "Customer", "Month", "Description", "Spend", "Sector",
            "SME Status"]  # fmt: skip
CELLS: list[list[str]] = [
    ["G-Cloud 4", "G-Cloud 3", "", "Nonsense"], ["4", "SaaS", "9", ""],
    ["A Ltd", " A  Ltd ", "", "Â®"], ["B", "", "Café\x07"],
    ["2014-01-01", "01/02/2014", "soon", "", "2031-01-01"],
    ["Coaching", "", "two  words", "Memstoreâ„¢", "=1+1"],
    ["12.50", "£1,234.00", "(3.005)", "-", "", "TBC", "-7", "0.1884615"],
    ["Health", "Central Government", "None of these"], ["SME", "Large", "", "Gigantic"],
]  # fmt: skip
CONVENTIONS = Conventions("day-first", "2012-01-01", "2014-07-01")
PARSER = Parser(FEED, rename("file.csv", iter([Row(1, HEADINGS, "")]), FEED)[0], CONVENTIONS)

usual = st.tuples(*map(st.sampled_from, CELLS)).map(list)
ragged = usual.flatmap(lambda row: st.integers(0, 12).map(lambda n: (row + [""] * 3)[:n] or [""]))
rows = st.lists(
    st.one_of(usual, usual, ragged, st.lists(st.text(max_size=9), max_size=11)), max_size=40
)


def tallied() -> Tally:
    return Tally(Summary("", "", "", 1, [], [], "day-first"))


def at_once(block: Block) -> tuple[dict[int, Any], Summary]:
    """line number -> what became of it, and what all come to."""
    tally = tallied()
    taken = BlockParser(PARSER, tally)(block)
    lines = taken.lines
    found: dict[int, Any] = {
        number: (base_id, under.facets, supplier, buyer, description, pence)
        for number, base_id, under, supplier, buyer, description, pence in zip(*lines, strict=True)
    }
    notes: dict[int, list[Any]] = {}
    for note in taken.notes:
        notes.setdefault(note.line_number, []).append(note)
    found = {number: (*told, notes.get(number, [])) for number, told in found.items()}
    found |= {reject.line_number: reject for reject in taken.rejects}
    tally.add(lines.under, lines.amount_pence, lines.description)
    for pence, exact in taken.fractions:
        tally.add_fraction(pence, exact)
    for reject in taken.rejects:
        tally.reject(reject.amount)
    tally.summary.blank_count = taken.blank_count
    tally.finish()
    return found, tally.summary


def one_by_one(block: Block) -> tuple[dict[int, Any], Decimal]:
    """The same from the parser of rows, and the sum of what was published."""
    found: dict[int, Any] = {}
    published = Decimal(0)
    for place in range(len(block.numbers)):
        row = block.row(place)
        if is_blank(row):
            continue
        taken = PARSER(row)
        if isinstance(taken, Spend):
            found[row.line_number] = (
                taken.base_id, taken.facets, taken.supplier, taken.buyer, taken.description,
                taken.amount_pence, taken.notes,
            )  # fmt: skip
            exact = taken.exact
            published += Decimal(taken.amount_pence).scaleb(-2) if exact is None else exact
        else:
            found[row.line_number] = taken
            if taken.amount:
                pence, exact = taken.amount
                published += Decimal(pence).scaleb(-2) if exact is None else exact
    return found, published


@settings(max_examples=150, deadline=None)
@given(rows)
def test_a_block_says_what_its_rows_say(cells: list[list[str]]) -> None:
    """Nothing is gained, lost or read otherwise because many rows are taken at once."""
    lines = [",".join(row) + "\r\n" for row in cells]
    block = Block(range(2, 2 + len(cells)), cells, lines)
    if not cells:
        return
    (found, summary), (expected, published) = at_once(block), one_by_one(block)
    assert found == expected
    blanks = len(cells) - len(expected)
    rejects = [one for one in expected.values() if isinstance(one, Reject)]
    assert (summary.blank_count, summary.quarantined_count) == (blanks, len(rejects))
    assert summary.line_count == len(expected)
    assert Decimal(summary.published_amount) == published
    taken = [one for one in expected.values() if not isinstance(one, Reject)]
    assert summary.loaded_pence == sum(one[5] for one in taken)
    assert summary.undescribed_count == sum(one[4] is None for one in taken)
    assert summary.credit_count == sum(one[5] < 0 for one in taken)


def test_what_is_withheld_is_withheld_in_a_block_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line like any other may hold what must not be shown."""
    cells = ["G-Cloud 4", "4", "A Ltd", "B", "2014-01-01", "Jane Doe", "12.50", "Health", "SME"]
    shown = PARSER(Row(2, cells, ",".join(cells)))
    assert isinstance(shown, Spend)
    withheld = {(shown.base_id, "description"): "names a person"}
    monkeypatch.setattr(reference, "withheld", lambda: withheld)
    taken = BlockParser(PARSER, tallied())(Block([2], [cells], [",".join(cells)]))
    assert taken.lines.description == ["[withheld]"]
    assert taken.lines.base_id == [shown.base_id]
