"""Admitted: the suppliers that declared lists say were admitted to a framework.

They are what the suppliers that sold are a share of. A name stands for the firm that the rules of
`match` and the reviewed aliases say, never for one whose name looks alike. Every line of a list is
admitted or left out with a reason: it repeats a line before it, or it cannot be taken.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ingest import lists, match, parse, read, reference, rename
from ingest.archive import Archive, Receipt
from ingest.errors import IngestError
from ingest.feeds import AdmittedList

DUPLICATE = "duplicate-row"
SHOWN = 5
"""Lines that could not be taken, of each file, in the report for a person."""
# A list says no month. Only for a release of before May 2017 has a lot of no framework a number.
_NO_MONTH = "9999-12"
Seen = dict[tuple[str, str, str], str]
"""(framework, lot, name) -> the line that gave them first, in words"""


class Admission(NamedTuple):
    """One line of a list that was taken. Unknown is None."""

    line_number: int
    admitted_id: str
    """stands for the line's framework, lot and name as published, within its list"""
    framework: str
    lot: str | None
    supplier_size: str | None
    published_name: str


class LeftOut(NamedTuple):
    """One line of a list that was not taken, with the reason (a Frictionless error code)."""

    line_number: int
    admitted_id: str
    framework_published: str
    published_name: str
    field: str | None
    code: str
    reason: str


@dataclass(frozen=True)
class AdmittedFile:
    """A file of a list, read. Each of `line_count` lines is among the admitted or the left out."""

    admitted_list: AdmittedList
    receipt: Receipt
    heading_line: int
    unknown_headings: tuple[tuple[str, str | None], ...]
    line_count: int
    blank_count: int
    admitted: tuple[Admission, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def rejected(self) -> list[LeftOut]:
        return [line for line in self.left_out if line.code != DUPLICATE]

    def counts(self) -> dict[str, int]:
        """How many lines were read, and what became of them."""
        return {
            "line_count": self.line_count,
            "blank_count": self.blank_count,
            "admitted_count": len(self.admitted),
            "duplicate_count": len(self.left_out) - len(self.rejected),
            "rejected_count": len(self.rejected),
        }


def read_lists(
    archive: Archive, declared: Iterable[AdmittedList], folder: Path, failures: list[str]
) -> list[AdmittedFile]:
    """The newest file of each source of each list; one that gives no supplier is a failure.

    `folder` is where the declaration's paths start. Whatever is in a list, nothing is raised: the
    edition can do without it.
    """
    found: list[AdmittedFile] = []
    for admitted_list in declared:
        seen: Seen = {}
        try:
            for receipt, path in lists.files(archive, admitted_list, folder):
                _read_file(admitted_list, receipt, path, seen, found, failures)
        except IngestError as error:
            failures.append(f"{admitted_list.feed_id}: {error}")
    return found


def _read_file(
    admitted_list: AdmittedList, receipt: Receipt, path: Path, seen: Seen,
    found: list[AdmittedFile], failures: list[str],
) -> None:  # fmt: skip
    where = f"{admitted_list.feed_id}: {receipt.filename}"
    try:
        file = read_file(admitted_list, receipt, path, seen)
    except IngestError as error:
        failures.append(lists.fault(admitted_list.feed_id, receipt, error))
        return
    except OSError as error:
        failures.append(f"{where}: its bytes cannot be read from the archive ({error.strerror}).")
        return
    found.append(file)
    if not file.line_count:
        failures.append(f"{where}: it has a heading but no lines.")
    elif len(file.rejected) == file.line_count:
        first = file.rejected[0]
        failures.append(
            f"{where}: none of its {file.line_count:,} lines could be taken. "
            f"Line {first.line_number} {first.reason}."
        )


def read_file(
    admitted_list: AdmittedList, receipt: Receipt, path: Path, seen: Seen
) -> AdmittedFile:
    """The file at `path`. Raises ReadError or HeadingError, naming the file.

    `seen` holds the lines of the list's files before it, and gets those of this one.
    """
    rows = read.rows(path, read.survey(path, receipt.encoding))
    columns, below = rename.rename(receipt.filename, rows, admitted_list)
    admitted: list[Admission] = []
    left_out: list[LeftOut] = []
    lines = blanks = 0
    for row in below:
        if read.is_blank(row):
            blanks += 1
            continue
        lines += 1
        line = _line(row, columns, admitted_list, receipt.filename, seen)
        if isinstance(line, Admission):
            admitted.append(line)
        else:
            left_out.append(line)
    return AdmittedFile(
        admitted_list, receipt, columns.heading_line, columns.unknown, lines, blanks,
        tuple(admitted), tuple(left_out),
    )  # fmt: skip


def _line(
    row: read.Row, columns: rename.Columns, admitted_list: AdmittedList, filename: str, seen: Seen
) -> Admission | LeftOut:
    number, cells = row.line_number, _cells(row, columns, admitted_list)
    published = (cells["framework"], cells["lot"], cells["supplier"])
    admitted_id = parse.line_id(admitted_list.feed_id, *published)
    hidden = (admitted_id, "supplier") in reference.withheld()
    name = parse.WITHHELD if hidden else cells["supplier"]
    framework = reference.framework(cells["framework"]) or ""
    lot, _ = parse.known_lot(cells["lot"], framework, _NO_MONTH)
    size, _ = parse.known_category("supplier_size", cells["supplier_size"])
    fault = _fault(row, cells, framework, len(columns.headings))
    if not fault:
        # A lot that no table knows is told from another by its published text.
        key = (framework, lot or cells["lot"], cells["supplier"])
        if key not in seen:
            seen[key] = f"line {number} of {filename}"
            return Admission(number, admitted_id, framework, lot, size, name)
        fault = (None, DUPLICATE, f"repeats {seen[key]}")
    return LeftOut(number, admitted_id, cells["framework"], name, *fault)


def _cells(row: read.Row, columns: rename.Columns, admitted_list: AdmittedList) -> dict[str, str]:
    """field -> clean text; '' where there is none, and a constant where there is no column."""
    cells = dict.fromkeys(("framework", "lot", "supplier", "supplier_size"), "")
    cells["framework"] = admitted_list.constants.get("framework", "")
    for field, place in columns.index.items():
        cells[field] = row.cells[place] if place < len(row.cells) else ""
    return {field: parse.clean(text) for field, text in cells.items()}


def _fault(
    row: read.Row, cells: dict[str, str], framework: str, width: int
) -> tuple[str | None, str, str] | None:
    """(field, code, reason) why a line cannot be taken; None where it can."""
    if any(cell.strip() for cell in row.cells[width:]):
        return None, "extra-cell", f"has more cells than the heading's {width}"
    if not any(char.isalnum() for char in cells["supplier"]):
        return "supplier", "missing-cell", "has no supplier's name"
    if not cells["framework"]:
        return "framework", "missing-cell", "has no framework"
    if not framework:
        said = f"has a framework that categories.csv does not know: '{cells['framework'][:80]}'"
        return "framework", "constraint-error", said
    return None


def load(db: sqlite3.Connection, files: Iterable[AdmittedFile]) -> None:
    """Fills admitted_files, admitted and admitted_left_out, when the suppliers are there."""
    files = list(files)
    sold = {row[0] for row in db.execute("SELECT supplier_id FROM suppliers")}
    ids = match.ids("supplier", (line.published_name for file in files for line in file.admitted))
    for file in files:
        headings = json.dumps(file.unknown_headings, ensure_ascii=False)
        lists.insert(
            db, "admitted_files", file.admitted_list, file.receipt,
            {"heading_line": file.heading_line, "unknown_headings": headings, **file.counts()},
        )  # fmt: skip
        place = (file.admitted_list.feed_id, file.receipt.url)
        db.executemany(
            "INSERT INTO admitted VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (_row(line, place, ids, sold) for line in file.admitted),
        )
        db.executemany(
            "INSERT INTO admitted_left_out VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((*place, *line) for line in file.left_out),
        )


def _row(
    line: Admission, place: tuple[str, str], ids: dict[str, str], sold: set[str]
) -> tuple[Any, ...]:
    """The line as a row of `admitted`; a withheld name leads to no firm and is one of its own."""
    shown = line.published_name != parse.WITHHELD
    party_id = ids[line.published_name] if shown else line.admitted_id
    return (
        line.admitted_id, *place, line.line_number, line.framework, line.lot, line.supplier_size,
        line.published_name, party_id, party_id if party_id in sold else None,
    )  # fmt: skip


def told(file: AdmittedFile) -> dict[str, Any]:
    """What became of a file, for the report of a build."""
    return {
        "list_id": file.admitted_list.feed_id,
        "filename": file.receipt.filename,
        **file.counts(),
        "unknown_headings": [list(pair) for pair in file.unknown_headings],
        "rejected": [f"line {line.line_number} {line.reason}" for line in file.rejected[:SHOWN]]
        + ["and more: see the table admitted_left_out"] * (len(file.rejected) > SHOWN),
    }
