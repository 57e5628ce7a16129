"""Bytes to rows: whatever the encoding, line ends and quotes, no line is lost."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import read
from ingest.errors import ReadError

HEADING = "Supplier,Customer,Month,Spend\n"


def rows_of(tmp_path: Path, data: bytes, encoding: str | None = None) -> list[read.Row]:
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    return list(read.rows(path, read.survey(path, encoding)))


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_each_line_end_gives_the_same_rows_and_numbers(tmp_path: Path, end: str) -> None:
    """A Macintosh's bare CR counts lines as an editor does."""
    found = rows_of(tmp_path, end.join(["a,b", "c,d", "", "e,f"]).encode() + end.encode())
    assert [(row.line_number, row.cells) for row in found] == [
        (1, ["a", "b"]), (2, ["c", "d"]), (3, [""]), (4, ["e", "f"]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        ("VM® Server – Sprint 1", "utf-8", "utf-8-sig"),
        ("VM® Server – Sprint 1", "utf-8-sig", "utf-8-sig"),
        ("£1,234.00 café’s", "cp1252", "cp1252"),
        ("Commissioner’s Office – “CRM”", "cp1252", "cp1252"),
        ("Commissioner’s VM® Office", "mac_roman", "mac_roman"),
        ("£1,234.00", "cp437", "cp437"),
        ("Größe naïve", "cp1252", "cp1252"),
        ("Agile £500", "utf-16", "utf-16"),
    ],
)
def test_encoding_is_found(tmp_path: Path, text: str, encoding: str, expected: str) -> None:
    """A wrong guess fails silently: every pound sign and apostrophe would be another letter."""
    end = "\r" if encoding == "mac_roman" else "\r\n"
    data = f'Supplier,What{end}A Ltd,"{text}"{end}'.encode(encoding)
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    shape = read.survey(path)
    assert shape.encoding == expected
    assert list(read.rows(path, shape))[1].cells[1] == text


def test_real_releases_are_mac_roman_with_bare_cr(real_files: Path) -> None:
    """Both published files at hand have the line ends and letters that sniffers get wrong."""
    for path in sorted((real_files / "gcloud").glob("G-Cloud*.csv")):
        shape = read.survey(path)
        assert (shape.encoding, shape.newline) == ("mac_roman", "CR")


def test_a_stray_quote_swallows_no_other_line(tmp_path: Path) -> None:
    """An opened quote that is never closed must not take the lines behind it along."""
    lines = ["A Ltd,Home Office,2014-01,1"] * 60
    lines[3] = '"Broken Ltd,Home Office,2014-01,2'
    found = rows_of(tmp_path, (HEADING + "\n".join(lines) + "\n").encode())
    assert len(found) == 61
    assert found[4].raw == lines[3]
    assert found[60].line_number == 61


def test_two_stray_quotes_swallow_no_other_line(tmp_path: Path) -> None:
    """Two stray quotes look like one long cell; the cells of such a row do not add up."""
    lines = ["A Ltd,Home Office,2014-01,1"] * 10
    lines[2] = '"Broken Ltd,Home Office,2014-01,2'
    lines[5] = '"Broken too,Home Office,2014-01,3'
    found = rows_of(tmp_path, (HEADING + "\n".join(lines) + "\n").encode())
    assert [row.raw for row in found[1:]] == lines


def test_a_line_break_inside_quotes_is_part_of_its_cell(tmp_path: Path) -> None:
    """Releases of 2014 and 2015 have commas and line breaks inside cells."""
    data = HEADING + 'A Ltd,"Home\r\nOffice, the",2014-01,1\nB,C,2014-01,2\n'
    found = rows_of(tmp_path, data.encode())
    assert found[1].cells[1] == "Home\r\nOffice, the"
    assert found[2].line_number == 4


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"PK\x03\x04xxxx[Content_Types].xml", "Excel workbook.*save it as CSV"),
        (b"PK\x03\x04xxxx", "zip file"),
        (b"\xd0\xcf\x11\xe0xxxx", "old Office file.*save it as CSV"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        (b"Warning: no database <html>", "web page"),
        (b"%PDF-1.4", "PDF"),
        (b"", "empty"),
        (b"  \r\n ", "empty"),
        (b"a,b\0c", "binary"),
    ],
)
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, start: bytes, what: str) -> None:
    """A workbook or a web page called .csv is named as what it is."""
    with pytest.raises(ReadError, match=rf"file\.csv: .*{what}"):
        rows_of(tmp_path, start)


def test_every_real_file_is_read_or_refused(real_files: Path) -> None:
    """Fifteen years of dirt: each file gives rows with a pound sign where one was, or a reason."""
    for path in sorted(real_files.rglob("*.csv")):
        try:
            shape = read.survey(path)
        except ReadError as error:
            assert path.name in str(error)
            continue
        assert sum(1 for _ in read.rows(path, shape)) > 0
        text = path.read_bytes().decode(shape.encoding, "c1")
        assert "ú" not in text, f"{path.name} read as {shape.encoding}"


cells = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
    min_size=3, max_size=3,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(table=st.lists(cells, min_size=1, max_size=20), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_a_csv_writer_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], end: str
) -> None:
    """What goes in comes out, for any text, quoted or not."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end, quoting=csv.QUOTE_ALL).writerows([["x", "y", "z"], *table])
    path = tmp_path_factory.mktemp("read") / "file.csv"
    path.write_bytes(out.getvalue().encode())
    shape = read.Shape("utf-8", "LF", ",", 3)
    assert [row.cells for row in read.rows(path, shape)][1:] == table
