"""Sniff: what a file that is no table of text is instead, by its first bytes.

The one place that knows how other kinds of file begin; `fetch` refuses them and so does `read`.
"""

from __future__ import annotations

import re

ENOUGH = 4096
"""How many bytes tell the kind of any file that has one."""

XLSX = "an Excel workbook (.xlsx)"
ODS = "an OpenDocument spreadsheet (.ods)"
OLD_OFFICE = "an old Office file (.xls or .doc)"
SPREADSHEETS = {XLSX, ODS, OLD_OFFICE}
"""The kinds that a person can open and save as CSV."""

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_MAGIC = {
    b"%PDF-": "a PDF",
    b"\xd0\xcf\x11\xe0": OLD_OFFICE,
    b"\x1f\x8b": "a gzip file",
    b"{\\rtf": "an RTF document",
    b"\x89PNG": "a picture",
    b"SQLite format 3\0": "a database",
}
_MARKUP = [
    # Each comment is taken once and for all (?>): else many of them, in vain, would take for ever.
    (
        re.compile(rb"(?is)(?>(?:<!--.*?-->\s*)*)<(!doctype\s+html|html|head|body)\b"),
        "a web page (HTML)",
    ),
    (re.compile(rb"(?i)<(\?xml|!doctype|!--|[a-z][a-z0-9:]*[\s>])"), "XML"),
    (re.compile(rb'\{\s*["}]'), "JSON"),
]
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def kind(start: bytes) -> str | None:
    """What a file is that begins like this, or None if it may be a table of text."""
    if start.startswith(_ZIP):
        return _zipped(start[:ENOUGH])
    for magic, what in _MAGIC.items():
        if start.startswith(magic):
            return what
    # UTF-16 is text with a nought beside each character; a byte order mark comes before all else.
    text = start.replace(b"\0", b"")
    for mark in _MARKS:
        text = text.removeprefix(mark)
    text = text.strip()
    if not text:
        return "nothing but white space" if start else "an empty file"
    return next((what for pattern, what in _MARKUP if pattern.match(text)), None)


def _zipped(start: bytes) -> str:
    """A zip file by the names of its first parts, which are not compressed."""
    if b"[Content_Types].xml" in start or b"xl/" in start:
        return XLSX
    return ODS if b"opendocument.spreadsheet" in start else "a zip file"
