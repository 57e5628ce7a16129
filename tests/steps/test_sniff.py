"""Sniff: what is no table is named, a real table never is, and no bytes hold up the run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import sniff


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"PK\x03\x04" + bytes(26) + b"docProps/app.xml" + bytes(99) + b"xl/", sniff.XLSX),
        (b"PK\x03\x04..mimetypeapplication/vnd.oasis.opendocument.spreadsheet", sniff.ODS),
        (b"PK\x05\x06" + bytes(18), "a zip file"),
        (b"<!-- a --> " * 300 + b"<html>", "a web page (HTML)"),
    ],
)
def test_what_is_no_table_is_named(start: bytes, kind: str) -> None:
    """Protects the operator from a wrong cure: only a spreadsheet can be saved as CSV."""
    assert sniff.kind(start) == kind


def test_comments_in_vain_take_no_time() -> None:
    """Protects the run from a few hundred bytes that a pattern would ponder for ever."""
    assert sniff.kind(b"<!---->" * 500 + b"x") == "XML"


@settings(deadline=None)
@given(
    names=st.lists(
        st.sampled_from(["Month", "£ spent", '"Buyer, name"', "PK", "<5", "x{"]), min_size=1
    )
)
def test_headings_are_not_taken_for_anything_else(names: list[str]) -> None:
    """Protects real tables from the sniffing."""
    for encoding in ("utf-8-sig", "cp1252", "utf-16"):
        assert sniff.kind(",".join(names).encode(encoding)) is None


@settings(deadline=None)
@given(content=st.binary())
def test_sniffing_never_fails(content: bytes) -> None:
    """Protects the run from bytes of any kind."""
    assert sniff.kind(content) != ""
