"""Bytes to numbered rows of text: encoding, line ends, delimiter, quotes. Knows no field's name."""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from ingest import sniff
from ingest.errors import ReadError

CHUNK = 1 << 20
# A quoted cell may hold line breaks, but one that is still open after so many lines is a stray
# quote: its first line then stands alone, so that it cannot swallow the lines that follow.
MAX_LINES_IN_A_RECORD = 50
SAMPLE = 200
# Lines that are split at once. A line whose quote stays open goes by itself.
BLOCK = 2_000
_HIGH = re.compile(rb"[\x80-\xff]")

SINGLE_BYTE = ("cp1252", "mac_roman", "cp437")
UTF16 = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class Row(NamedTuple):
    line_number: int
    """Where the row starts in the file as an editor counts lines, from 1."""
    cells: list[str]
    raw: str
    """The text of the row without its line end."""


class Block(NamedTuple):
    """Rows that were read at once, in order: number, cells and text of each."""

    numbers: Sequence[int]
    cells: list[list[str]]
    lines: list[str]
    """The text of each row with its line end."""

    def row(self, place: int) -> Row:
        return Row(self.numbers[place], self.cells[place], self.lines[place].rstrip("\r\n"))


@dataclass(frozen=True)
class Shape:
    """How the bytes of one file are to be read."""

    encoding: str
    newline: str
    delimiter: str
    width: int
    """Cells of the fullest row near the top: the heading's, in every file seen."""


def _c1(error: UnicodeError) -> tuple[str, int]:
    """The five bytes that cp1252 leaves undefined become controls, as in browsers."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("c1", _c1)


def survey(path: Path, encoding: str | None = None) -> Shape:
    """How to read the file at `path`. Raises ReadError when it is not a table of text."""
    _refuse_what_is_not_text(path)
    try:
        encoding = codecs.lookup(encoding).name if encoding else _encoding(path)
    except LookupError:
        raise ReadError(f"{path.name}: there is no encoding called '{encoding}'.") from None
    with _open(path, encoding) as lines:
        head = list(itertools.islice(lines, SAMPLE))
    delimiter = _delimiter(head)
    top = itertools.chain.from_iterable(block.cells for block in _blocks(iter(head), delimiter))
    width = max((len(_trimmed(cells)) for cells in itertools.islice(top, 30)), default=0)
    return Shape(encoding, _newline(head), delimiter, width)


def rows(path: Path, shape: Shape) -> Iterator[Row]:
    """Every row of the file in order, blank ones too. Memory does not grow with the file."""
    for block in blocks(path, shape):
        yield from map(block.row, range(len(block.numbers)))


def blocks(path: Path, shape: Shape) -> Iterator[Block]:
    """The same rows, some thousand at a time."""
    with _open(path, shape.encoding) as lines:
        try:
            yield from _blocks(lines, shape.delimiter, shape.width)
        except UnicodeError as error:
            raise ReadError(f"{path.name}: is not {shape.encoding} text: {error}.") from None


def is_blank(row: Row) -> bool:
    return not any(cell and not cell.isspace() for cell in row.cells)


def _open(path: Path, encoding: str) -> TextIO:
    # newline="" splits at CR, LF and CRLF alike and leaves them in place for quoted cells.
    return path.open(encoding=encoding, errors="c1", newline="")


def _refuse_what_is_not_text(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(CHUNK)
    if not head.strip():
        raise ReadError(f"{path.name}: is empty.")
    if kind := sniff.kind(head):
        cure = "; save it as CSV and try again" if kind in sniff.SPREADSHEETS else ""
        raise ReadError(f"{path.name}: is {kind}, not a table of text{cure}.")
    # A page may begin with a complaint of the program that made it.
    if b"<html" in head[:2000].lower():
        raise ReadError(f"{path.name}: is a web page, not a table of text.")
    if b"\0" in head and not head.startswith(tuple(UTF16)):
        raise ReadError(f"{path.name}: holds binary data (a zero byte), so it is no table of text.")
    if len(head) == CHUNK and b"\n" not in head and b"\r" not in head:
        raise ReadError(f"{path.name}: has no line end in its first {CHUNK} bytes.")


def _encoding(path: Path) -> str:
    """UTF-8 where every byte agrees, else the single-byte encoding that reads most like text."""
    with path.open("rb") as file:
        head = file.read(4)
        for mark, name in UTF16.items():
            if head.startswith(mark):
                return name
        file.seek(0)
        decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8-sig")()
        while decoder and (chunk := file.read(CHUNK)):
            decoder = _still_utf8(decoder, chunk, final=False)
        if decoder and _still_utf8(decoder, b"", final=True):
            return "utf-8-sig"
        file.seek(0)
        return _single_byte(file)


def _single_byte(file: BinaryIO) -> str:
    scores: Counter[str] = Counter()
    cr_only = True
    before = b"\n"
    while chunk := file.read(CHUNK):
        cr_only = cr_only and b"\n" not in chunk
        if not chunk.isascii() and scores.total() < 100_000:
            _score(before + chunk, scores)
        before = chunk[-1:]
    if cr_only:
        # Bare CR line ends were the Macintosh's, and so, most likely, were the letters.
        scores["mac_roman"] += 5
    return max(SINGLE_BYTE, key=lambda name: (scores[name], -SINGLE_BYTE.index(name)))


def _still_utf8(
    decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool
) -> codecs.IncrementalDecoder | None:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return None
    return decoder


def _score(data: bytes, scores: Counter[str]) -> None:
    """Adds to `scores`, for each encoding, how plausible its reading of each high byte is."""
    # A replacement character already in the file says nothing of its encoding: it was lost before.
    data = data.replace(b"\xef\xbf\xbd", b"?")
    places = [match.start() for match in itertools.islice(_HIGH.finditer(data), 5000)]
    for name in SINGLE_BYTE:
        text = data.decode(name, "c1")
        for index in places:
            before = text[index - 1] if index else " "
            after = text[index + 1] if index + 1 < len(text) else " "
            scores[name] += _plausible(text[index], before, after)


def _plausible(char: str, before: str, after: str) -> int:
    """How likely `char` is between its neighbours in English about money; below 0 is unlikely."""
    if char == "£":
        return 3 if after.isdigit() or after in " -(.),\"'/\r\n" else 1
    if char in "’‘":
        return 2 if before.isalpha() or after.isalpha() else 1
    if char in "®™©":
        return 2 if before.isalnum() or before == " " else 0
    if char in "–—“”…•°½¼¾²³·€\xa0":
        return 1
    if char.isalpha() and ord(char) < 0x180:
        if char.isupper():
            return 1 if not before.isalpha() or before.isupper() else -2
        return 1 if before.isalpha() or after.isalpha() else -2
    return -2


def _newline(head: list[str]) -> str:
    ends = Counter(
        "CRLF" if line.endswith("\r\n") else "CR" if line.endswith("\r") else "LF"
        for line in head
        if line.endswith(("\r", "\n"))
    )
    return ends.most_common(1)[0][0] if ends else "none"


def _delimiter(head: list[str]) -> str:
    """The one that splits the fullest line into most cells, counted by the csv module."""

    def cells(delimiter: str) -> int:
        return max((len(_trimmed(_split(line, delimiter)[0])) for line in head[:30]), default=0)

    return max(",\t;|", key=lambda delimiter: (cells(delimiter), delimiter == ","))


def _trimmed(cells: list[str]) -> list[str]:
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _split(text: str, delimiter: str) -> tuple[list[str], bool]:
    """The cells of `text`, and whether every quote in it is closed."""
    if '"' not in text:
        return text.rstrip("\r\n").split(delimiter), True
    # The reader only asks for the second line when a quote is still open at the end of the first.
    reader = csv.reader([text, ""], delimiter=delimiter)
    try:
        return next(reader), reader.line_num == 1
    except csv.Error:
        return [], False


def _is_well_formed(text: str, delimiter: str, width: int | None) -> bool:
    """Whether a row over several lines is one: its cells are as many as the heading's."""
    try:
        cells = next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return width is None or len(_trimmed(cells)) <= width <= len(cells)


def _blocks(lines: Iterator[str], delimiter: str, width: int | None = None) -> Iterator[Block]:
    """Rows of the physical `lines`; a row over several lines must have `width` cells."""
    waiting: deque[str] = deque()
    number = 1
    numbers: list[int] = []
    cells: list[list[str]] = []
    texts: list[str] = []
    while waiting or (waiting := deque(itertools.islice(lines, BLOCK))):
        # An odd number of quotes nearly always means that one stays open.
        run = list(itertools.takewhile(lambda line: not line.count('"') % 2, waiting))
        if (split := _split_all(run, delimiter)) is not None:
            numbers += range(number, number + len(run))
            cells += split
            texts += run
            number += len(run)
            for _ in run:
                waiting.popleft()
        for _ in range(1 if split is not None else len(run)):
            if not waiting:
                break
            taken, row = _one(number, waiting, lines, delimiter, width)
            numbers.append(row.line_number)
            cells.append(row.cells)
            texts.append(row.raw)
            number += taken
        if len(numbers) >= BLOCK or not waiting:
            yield Block(numbers, cells, texts)
            numbers, cells, texts = [], [], []


def _split_all(lines: list[str], delimiter: str) -> list[list[str]] | None:
    """The cells of each line, the same as `_split` gives; None where a quote stays open."""
    try:
        # A line whose quote is open takes the next one along, and the last one this empty one.
        records = list(csv.reader([*lines, ""], delimiter=delimiter))
    except csv.Error:
        return None
    if len(records) != len(lines) + 1:
        return None
    return [cells or [""] for cells in records[:-1]]


def _one(
    number: int, waiting: deque[str], lines: Iterator[str], delimiter: str, width: int | None
) -> tuple[int, Row]:
    """How many lines the first row of `waiting` takes, and the row; `lines` come behind it."""
    line = waiting.popleft()
    cells, closed = _split(line, delimiter)
    if closed:
        return 1, Row(number, cells, line.rstrip("\r\n"))
    taken = [line]
    while not closed and len(taken) < MAX_LINES_IN_A_RECORD:
        following = waiting.popleft() if waiting else next(lines, None)
        if following is None:
            break
        taken.append(following)
        if '"' in following:
            cells, closed = _split("".join(taken), delimiter)
    if closed and _is_well_formed("".join(taken), delimiter, width):
        return len(taken), Row(number, cells, "".join(taken).rstrip("\r\n"))
    waiting.extendleft(reversed(taken[1:]))
    alone = line.rstrip("\r\n")
    return 1, Row(number, alone.split(delimiter), alone)
