"""A row becomes a sale or a reason, exactly one of them, whatever is in its cells."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import feeds, reference
from ingest.parse import Conventions, Parser, Reject, Spend, clean, mend
from ingest.read import Row
from ingest.rename import Columns, rename

FEED = feeds.load(feeds.DEFAULT_FEEDS).feeds["gcloud-sales"]
HEADINGS = ["Framework", "Lot", "Supplier", "Customer", "Month", "Description", "Spend", "Sector",
            "SME Status"]  # fmt: skip
WHOLE = ["G-Cloud 4", "4", "A Ltd", "B", "2014-01-01", "Coaching", "12.50", "Health", "SME"]
CONVENTIONS = Conventions("day-first", "2012-01-01", "2014-07-01")


def columns() -> Columns:
    return rename("file.csv", iter([Row(1, HEADINGS, "")]), FEED)[0]


def parse(cells: list[str]) -> Spend | Reject:
    return Parser(FEED, columns(), CONVENTIONS)(Row(2, cells, ",".join(cells)))


def changed(**cells: str) -> list[str]:
    names = [name.lower().split()[0] for name in HEADINGS]
    return [cells.get(name, cell) for name, cell in zip(names, WHOLE, strict=True)]


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        (changed(spend="TBC"), "amount", "type-error"),
        (changed(spend=" "), "amount", "missing-cell"),
        (changed(month="soon"), "month", "type-error"),
        (changed(month=""), "month", "missing-cell"),
        (changed(month="2011-12-01"), "month", "constraint-error"),
        (changed(month="2014-08-01"), "month", "constraint-error"),
        (changed(supplier=" \xa0 "), "supplier", "missing-cell"),
        (changed(customer=""), "buyer", "missing-cell"),
        ([*WHOLE, "", "more"], None, "extra-cell"),
        (WHOLE[:4], "amount", "missing-cell"),
        ([""], "amount", "missing-cell"),
    ],
)
def test_a_bad_line_is_quarantined_with_its_reason(
    cells: list[str], field: str | None, code: str
) -> None:
    """A bad line becomes data: field, value, code and the raw line, not an exception."""
    taken = parse(cells)
    assert isinstance(taken, Reject)
    assert (taken.field, taken.code, taken.raw) == (field, code, ",".join(cells))


def test_the_amount_of_a_quarantined_line_is_kept_when_it_can_be_read() -> None:
    """Published = loaded + quarantined - rounding needs it."""
    taken = parse(changed(month="soon"))
    assert isinstance(taken, Reject)
    assert taken.amount is not None
    assert taken.amount.pence == 1250


def test_trailing_empty_cells_are_no_fault() -> None:
    """The release of January 2014 has runs of commas behind its lines."""
    assert isinstance(parse([*WHOLE, "", "", ""]), Spend)
    assert isinstance(parse(WHOLE[:7]), Spend)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=15), max_size=12))
def test_any_cells_give_exactly_one_of_the_two(cells: list[str]) -> None:
    """Never an exception, whatever a publisher puts into a cell."""
    assert isinstance(parse(cells), Spend | Reject)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30), st.sampled_from(range(9)))
def test_any_text_in_any_cell_gives_exactly_one_of_the_two(text: str, place: int) -> None:
    """The same, starting from a good line."""
    cells = [text if index == place else cell for index, cell in enumerate(WHOLE)]
    assert isinstance(parse(cells), Spend | Reject)


@pytest.mark.parametrize(
    ("published", "size"),
    [("SME", "SME"), ("sme", "SME"), ("Large", "Large"), ("Non-SME", "Large"), ("", None),
     ("Unknown", None), ("N/A", None), ("Gigantic", None)],
)  # fmt: skip
def test_size_is_as_published_or_unknown(published: str, size: str | None) -> None:
    """Never guessed: a text that is neither is null, and noted."""
    taken = parse(changed(sme=published))
    assert isinstance(taken, Spend)
    assert taken.facets.supplier_size == size
    assert bool(taken.notes) == (published == "Gigantic")


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("VMÂ® server", "VM® server"), ("Memstoreâ„¢", "Memstore™"), ("Caféâ„¢ â€“ x", "Café™ – x"),
        ("iQuanta.Â\xa0", "iQuanta.\xa0"), ("Ã‚Â®", "®"), ("naïve café – £5", "naïve café – £5"),
        ("Fuß’s Ä–", "Fuß’s Ä–"), ("â€\x9d", "”"),
    ],
)  # fmt: skip
def test_mojibake_is_mended_and_nothing_else(text: str, mended: str) -> None:
    """Good text stays to the letter."""
    assert mend(text) == mended


@given(st.text())
def test_clean_text_has_no_control_or_double_space_and_stays_so(text: str) -> None:
    """Cleaning twice is cleaning once, so that an id does not depend on how often."""
    once = clean(text)
    assert "  " not in once
    assert once == once.strip()
    assert clean(once) == once


def test_an_id_does_not_depend_on_size_sector_or_framework() -> None:
    """A line keeps its id when the publisher only reclassifies its supplier."""
    first = parse(WHOLE)
    second = parse(changed(framework="G-Cloud III", sector="Police", sme="Large"))
    other = parse(changed(spend="12.51"))
    assert isinstance(first, Spend)
    assert isinstance(second, Spend)
    assert isinstance(other, Spend)
    assert first.base_id == second.base_id != other.base_id
    assert len(first.base_id) == 16


def test_a_withheld_text_is_masked_wherever_it_would_appear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A description can name a person; the amount stays, and so does the line's id."""
    shown = parse(changed(description="Jo Bloggs, VMÂ® work"))
    refused = parse(changed(description="Jo Bloggs", spend="TBC"))
    assert isinstance(shown, Spend)
    assert isinstance(refused, Reject)
    (tmp_path / "withheld.csv").write_text(
        "subject_id,field,reason,withheld_date\n"
        f"{shown.base_id},description,names a person,2026-01-01\n"
        f"{refused.quarantine_id},raw,names a person,2026-01-01\n"
    )
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    reference.withheld.cache_clear()
    try:
        masked = parse(changed(description="Jo Bloggs, VMÂ® work"))
        gone = parse(changed(description="Jo Bloggs", spend="TBC"))
    finally:
        reference.withheld.cache_clear()
    assert isinstance(masked, Spend)
    assert "Bloggs" not in repr(masked)
    assert (masked.base_id, masked.amount_pence) == (shown.base_id, shown.amount_pence)
    assert isinstance(gone, Reject)
    assert "Bloggs" not in repr(gone)
