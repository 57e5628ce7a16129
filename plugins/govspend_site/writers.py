"""Rows of a SELECT as a file: CSV, NDJSON, XML, XLSX and Parquet, a batch at a time.

Runs in a worker of the lane. Text stays as it is: CSV is byte-faithful, and in a workbook nothing
becomes a formula. Bytes, which the published data does not hold, are written as hexadecimal.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from govspend_site.lane_worker import Send, TooMuch, weight
from govspend_site.shards.reader import Reader, Rows

Source = sqlite3.Connection | Reader
Row = tuple[Any, ...]
MOST_IN_A_SHEET = 1_048_575
"""Rows below the heading that a worksheet holds."""
_LONGEST_IN_A_CELL = 32_767
_INSTEAD = "Take them as CSV or Parquet."
# Larger whole numbers lose digits in a spreadsheet, and in JSON as many programs read it.
_LARGEST_EXACT = 2**53
_BATCH = 5_000
# Bytes of a batch, nearly, from which the next one is made smaller.
_HEAVY = 4_000_000
_CHUNK = 1 << 16
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME_IN_XML = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass
class Result:
    """What a SELECT gives. `about` says of the data what its readers must be told."""

    columns: list[str]
    batches: Iterator[list[Row]]
    about: Mapping[str, str]
    types: list[str | None]
    """Of each column integer, real, text, date or blob; None where it is not known."""
    task: Mapping[str, Any]
    source: Source


class Sink:
    """A file that goes out in frames, and knows how much may. Nothing is sent when it is dropped:
    what a failed task held must never reach the next one's reader."""

    closed = False

    def __init__(self, send: Send, most: int) -> None:
        self._send, self._most = send, most
        self._held = bytearray()
        self._sent = 0

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._held += piece
        self._sent += len(piece)
        if self._sent > self._most:
            raise TooMuch(f"The file would be larger than {self._most // 1_000_000} MB.")
        if len(self._held) >= _CHUNK:
            self.send()
        return len(piece)

    def flush(self) -> None:
        """For pyarrow, which flushes when it is done; frames go out by size."""

    def send(self) -> None:
        if self._held:
            self._send(["bytes", bytes(self._held)])
            self._held.clear()

    def tell(self) -> int:
        return self._sent


def write(source: Source, task: Mapping[str, Any], send: Send) -> None:
    """The rows of the task's SELECT in its format, as frames of bytes, then `end`.

    Raises TooMuch where the format or the limits cannot hold them.
    """
    cursor = source.execute(task["sql"], task["parameters"])
    columns = distinct([column[0] for column in cursor.description or ()])
    types = [task["types"].get(column) for column in columns]
    most = min(task["rows"], MOST_IN_A_SHEET if task["format"] == "xlsx" else task["rows"])
    if task["format"] == "xlsx":
        # A workbook is written whole before its first byte goes out: better to know at once.
        fits(source, task, most)
        cursor = source.execute(task["sql"], task["parameters"])
    if task["format"] == "parquet":
        types = found_types(source, task, types) if None in types else types
        cursor = source.execute(task["sql"], task["parameters"])
    sink = Sink(send, task["bytes"])
    batches = limited(cursor, most)
    _WRITERS[task["format"]](Result(columns, batches, task["about"], types, task, source), sink)
    sink.send()
    send(["end", False])


def distinct(columns: list[str]) -> list[str]:
    """Names of columns told apart: a second `name` is name_2, so that no format drops one."""
    found: list[str] = []
    for column in columns:
        name, number = column, 1
        while name in found:
            number += 1
            name = f"{column}_{number}"
        found.append(name)
    return found


def fits(source: Source, task: Mapping[str, Any], most: int) -> None:
    """Raises TooMuch when there are more than `most` rows."""
    statement = task["sql"].strip().rstrip(";")
    sql = f"SELECT 1 FROM (\n{statement}\n) LIMIT {most + 1}"  # noqa: S608
    if sum(1 for _ in source.execute(sql, task["parameters"])) > most:
        raise TooMuch(too_many(most))


def too_many(most: int) -> str:
    if most == MOST_IN_A_SHEET:
        return f"There are more than the {most:,} rows that a worksheet holds. {_INSTEAD}"
    return f"There are more than the {most:,} rows that this may give. Take the bulk files."


def limited(cursor: sqlite3.Cursor | Rows, most: int) -> Iterator[list[Row]]:
    """The rows in batches, fewer where they are long. Raises TooMuch for more than `most`."""
    count, size = 0, 16
    while found := cursor.fetchmany(size):
        count += len(found)
        if count > most:
            raise TooMuch(too_many(most))
        yield found
        heavy = sum(map(weight, found[:16])) * len(found) > 16 * _HEAVY
        size = max(1, size // 4) if heavy else min(_BATCH, size * 4)


_LARGE = "large integer"
# A fraction of 64 bits holds whole numbers up to here exactly.
_KIND = (
    "CASE WHEN typeof({0}) = 'integer' AND {0} NOT BETWEEN -9007199254740992 AND 9007199254740992 "
    f"THEN '{_LARGE}' ELSE typeof({{0}}) END"
)


def found_types(
    source: Source, task: Mapping[str, Any], known: list[str | None]
) -> list[str | None]:
    """The type of each column whose type is not known, from all of its values."""
    names = [f"c{number}" for number in range(len(known))]
    unknown = [number for number, kind in enumerate(known) if kind is None]
    asked = ", ".join(_KIND.format(names[number]) for number in unknown)
    statement = task["sql"].strip().rstrip(";")
    sql = f"WITH q({', '.join(names)}) AS (\n{statement}\n) SELECT DISTINCT {asked} FROM q"  # noqa: S608
    kinds: list[set[str]] = [set() for _ in unknown]
    for row in source.execute(sql, task["parameters"]):
        for kind, seen in zip(row, kinds, strict=True):
            seen.add(kind)
    found = list(known)
    for number, seen in zip(unknown, kinds, strict=True):
        found[number] = one_type(seen - {"null"})
    return found


def one_type(kinds: set[str]) -> str:
    """The type that holds values of all these kinds of SQLite."""
    if kinds <= {"integer", _LARGE} and kinds:
        return "integer"
    if len(kinds) == 1:
        return kinds.pop()
    return "real" if kinds == {"integer", "real"} else "text"


def plain(value: Any) -> Any:
    """A value as text has it: bytes in hexadecimal; infinity, which JSON lacks, as a word."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def as_csv(result: Result, sink: Sink) -> None:
    """RFC 4180 in UTF-8. Unknown is empty; a text that looks like a formula stays that text."""
    for batch in chain([[tuple(result.columns)]], result.batches):
        if bytes in set(map(type, chain.from_iterable(batch))):
            batch = [tuple(map(plain, row)) for row in batch]
        text = io.StringIO(newline="")
        csv.writer(text).writerows(batch)
        sink.write(text.getvalue().encode("utf-8", "replace"))


def as_excel_csv(result: Result, sink: Sink) -> None:
    """The same with the mark by which Excel knows UTF-8."""
    sink.write(b"\xef\xbb\xbf")
    as_csv(result, sink)


def as_ndjson(result: Result, sink: Sink) -> None:
    """A JSON object a line."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=plain).encode
    for batch in result.batches:
        lines = [encode(dict(zip(result.columns, map(plain, row), strict=True))) for row in batch]
        sink.write(("\n".join(lines) + "\n").encode("utf-8", "replace"))


def as_xml(result: Result, sink: Sink) -> None:
    """`<rows><row><month>…`: an element a column, xsi:nil where the value is unknown."""
    about = "".join(f" {name}={quoteattr(in_xml(text))}" for name, text in result.about.items())
    sink.write(
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<rows xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"{about}>\n'.encode()
    )
    tags = [element(column) for column in result.columns]
    for batch in result.batches:
        sink.write("".join(xml_row(tags, row) for row in batch).encode("utf-8", "replace"))
    sink.write(b"</rows>\n")


def xml_row(tags: list[tuple[str, str]], row: Row) -> str:
    parts = ["<row>"]
    for (start, name), value in zip(tags, row, strict=True):
        if value is None:
            parts.append(f'<{start} xsi:nil="true"/>')
        else:
            parts.append(f"<{start}>{escape(in_xml(str(plain(value))))}</{name}>")
    parts.append("</row>\n")
    return "".join(parts)


def element(column: str) -> tuple[str, str]:
    """The tag for a column, as it starts and its name; one that XML has no name for says it."""
    if _NAME_IN_XML.fullmatch(column) and not column.lower().startswith("xml"):
        return column, column
    return f"column name={quoteattr(in_xml(column))}", "column"


def in_xml(text: str) -> str:
    """Text without the characters that XML cannot hold."""
    return _NOT_IN_XML.sub("\ufffd", text)


def as_xlsx(result: Result, sink: Sink) -> None:
    """A workbook: the rows, and a second sheet that says what they are and whose."""
    # Imported here: only this format needs it.
    import xlsxwriter

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.xlsx"
        book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": folder})
        heading = book.add_format({"bold": True})
        sheet = book.add_worksheet("Rows")
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(result.columns):
            sheet.write_string(0, place, in_a_cell(column), heading)
        number = 0
        for batch in result.batches:
            for row in batch:
                number += 1
                for place, value in enumerate(row):
                    write_cell(sheet, number, place, value)
        about = book.add_worksheet("About")
        for number, (name, text) in enumerate(result.about.items()):
            about.write_string(number, 0, name, heading)
            about.write_string(number, 1, text)
        book.close()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                sink.write(chunk)


def write_cell(sheet: Any, number: int, place: int, value: Any) -> None:
    """Text as text and numbers as numbers, whatever they look like."""
    value = plain(value)
    if value is None:
        return
    if isinstance(value, int | float) and abs(value) <= _LARGEST_EXACT:
        sheet.write_number(number, place, value)
    else:
        sheet.write_string(number, place, in_a_cell(str(value)))


def in_a_cell(text: str) -> str:
    if len(text) > _LONGEST_IN_A_CELL:
        raise TooMuch(
            f"A value has {len(text):,} characters; a cell of a workbook holds "
            f"{_LONGEST_IN_A_CELL:,}. {_INSTEAD}"
        )
    return text


def parquet(result: Result, sink: Sink) -> None:
    """Typed columns; see parquet_writer."""
    # Imported here, as xlsxwriter above: pyarrow takes a third of a second.
    from govspend_site import parquet_writer

    parquet_writer.write(result, sink)


_WRITERS: dict[str, Callable[[Result, Sink], None]] = {
    "csv": as_csv,
    "excel-csv": as_excel_csv,
    "ndjson": as_ndjson,
    "xml": as_xml,
    "xlsx": as_xlsx,
    "parquet": parquet,
}
