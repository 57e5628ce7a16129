"""Text to values: a row becomes a `Spend` or a `Reject`, exactly one, never an exception."""

from __future__ import annotations

import functools
import hashlib
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from ingest import reference
from ingest.feeds import Feed, FieldName
from ingest.money import Amount, NotMoney, parse_amount
from ingest.months import Order, parse_month
from ingest.read import Row
from ingest.rename import Columns

WITHHELD = "[withheld]"


class Note(NamedTuple):
    """A cell that was loaded otherwise than as published."""

    line_number: int
    field: str
    published: str
    loaded: str | None
    reason: str
    """mojibake, rounded, unmapped-lot, unknown-framework, unknown-sector, unknown-size"""


class Spend(NamedTuple):
    """One published line, typed. Unknown is None."""

    line_number: int
    base_id: str
    """Hash of what identifies the line; identical lines of a release share it."""
    month: str
    framework: str | None
    lot: str | None
    sector: str | None
    supplier_size: str | None
    framework_published: str | None
    lot_published: str | None
    sector_published: str | None
    supplier_size_published: str | None
    supplier: str
    buyer: str
    description: str | None
    amount_pence: int
    exact: Decimal | None
    """Published pounds where they are no whole pence."""
    notes: list[Note]


class Reject(NamedTuple):
    """One published line that could not be taken, with the reason (a Frictionless error code)."""

    line_number: int
    quarantine_id: str
    field: str | None
    value: str | None
    code: str
    reason: str
    raw: str
    amount: Amount | None
    """None where the amount cannot be read either."""


@dataclass(frozen=True)
class Conventions:
    """What is settled once for a release before its lines are parsed."""

    order: Order
    first_month: str
    """YYYY-MM-01; an older month is an error"""
    last_month: str
    """YYYY-MM-01, when the file was published or fetched; a newer month is an error"""


class _Refused(Exception):
    def __init__(self, field: str | None, value: str | None, code: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.value, self.code, self.reason = field, value, code, reason


def parser(
    feed: Feed, columns: Columns, conventions: Conventions
) -> Callable[[Row], Spend | Reject]:
    """A function that parses the rows of one release."""
    pick = _picker(feed, columns)
    width = len(columns.headings)

    def parse(row: Row) -> Spend | Reject:
        cells = pick(row.cells)
        amount = None
        try:
            amount = _amount(cells["amount"], feed)
            if any(cell.strip() for cell in row.cells[width:]):
                raise _Refused(
                    None, None, "extra-cell", f"has more cells than the heading's {width}"
                )
            return _spend(row, cells, amount, feed, conventions)
        except _Refused as refused:
            return _reject(row, refused, amount, feed)

    return parse


def _picker(feed: Feed, columns: Columns) -> Callable[[list[str]], dict[str, str]]:
    """A function from cells to field -> published text; '' where there is no cell."""
    places = sorted(columns.index.items())
    blank = dict.fromkeys(typing.get_args(FieldName), "") | dict(feed.constants)

    def pick(cells: list[str]) -> dict[str, str]:
        found = dict(blank)
        for field, place in places:
            if place < len(cells):
                found[field] = cells[place]
        return found

    return pick


def _spend(
    row: Row, cells: dict[str, str], amount: Amount, feed: Feed, conventions: Conventions
) -> Spend:
    month = _month(cells["month"], feed, conventions)
    notes: list[Note] = []
    supplier = _text(row, "supplier", cells, notes)
    buyer = _text(row, "buyer", cells, notes)
    for field, text in (("supplier", supplier), ("buyer", buyer)):
        if not text and field in feed.required:
            raise _Refused(field, cells[field], "missing-cell", f"has no {field}")
    description = _text(row, "description", cells, notes)
    framework = _category(row, "framework", cells, notes)
    lot = _lot(row, cells, framework, month, notes)
    if amount.exact is not None:
        loaded = str(Decimal(amount.pence).scaleb(-2))
        notes.append(Note(row.line_number, "amount", str(amount.exact), loaded, "rounded"))
    identity = (lot or clean(cells["lot"]), supplier, buyer, description)
    base_id = line_id(feed.feed_id, month, *identity, str(amount.pence))
    shown, notes = _mask(base_id, (supplier, buyer, description), notes)
    return Spend(
        row.line_number, base_id, month,
        framework, lot,
        _category(row, "sector", cells, notes), _category(row, "supplier_size", cells, notes),
        clean(cells["framework"]) or None, clean(cells["lot"]) or None,
        clean(cells["sector"]) or None, clean(cells["supplier_size"]) or None,
        shown[0], shown[1], shown[2] or None, amount.pence, amount.exact, notes,
    )  # fmt: skip


def line_id(*parts: str) -> str:
    """16 hexadecimal digits that stand for `parts`, the same in every build.

    Should two of 300 million lines ever share them (odds 1 in 400), they count as identical lines,
    which are told apart by their number among themselves.
    """
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=8).hexdigest()


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@functools.lru_cache(maxsize=1 << 16)
def clean(text: str) -> str:
    """`text` without outer space, control characters and runs of space; mojibake mended."""
    if not text.isascii():
        text = mend(text)
    return " ".join(_CONTROLS.sub(" ", text).split())


# The letters that a byte behind the first of a UTF-8 letter becomes when it is read as cp1252.
_FOLLOWING = "".join(bytes([byte]).decode("cp1252", "c1") for byte in range(0x80, 0xC0))
_MOJIBAKE = re.compile(f"[ÂÃ][{re.escape(_FOLLOWING)}]|â[{re.escape(_FOLLOWING)}]{{2}}")


def mend(text: str) -> str:
    """`text` with UTF-8 that somebody read as cp1252 read rightly: `Â®` becomes `®`.

    Only what becomes a western letter or a sign is mended, which no English text means otherwise.
    (ftfy 6.3 was tried and leaves `Memstoreâ„¢` as it is.)
    """
    for _ in range(3):
        # A text that went wrong twice is mended twice.
        mended = _MOJIBAKE.sub(_mended, text)
        if mended == text:
            break
        text = mended
    return text


def _mended(match: re.Match[str]) -> str:
    try:
        return b"".join(_cp1252_byte(char) for char in match[0]).decode("utf-8")
    except UnicodeError:
        return match[0]


def _cp1252_byte(char: str) -> bytes:
    return char.encode("latin-1") if "\x80" <= char <= "\x9f" else char.encode("cp1252")


def _text(row: Row, field: str, cells: dict[str, str], notes: list[Note]) -> str:
    published = cells.get(field, "")
    text = clean(published)
    if not published.isascii() and mend(published) != published:
        notes.append(Note(row.line_number, field, published.strip(), text, "mojibake"))
    return text


def _amount(text: str, feed: Feed) -> Amount:
    if not text.strip():
        raise _Refused("amount", text, "missing-cell", "has no amount")
    try:
        return parse_amount(text, unit=feed.money.unit, dash_is_zero=feed.money.dash_is_zero)
    except NotMoney as error:
        # An amount behind a mended pound sign is still an amount.
        if not text.isascii() and (mended := mend(text)) != text:
            return _amount(mended, feed)
        raise _Refused("amount", text, "type-error", str(error)) from None


def _month(text: str, feed: Feed, conventions: Conventions) -> str:
    month = _month_of(text.strip(), conventions.order, feed.dates.serials)
    if month is None:
        if not text.strip():
            raise _Refused("month", text, "missing-cell", "has no month")
        raise _Refused("month", text, "type-error", "is not a month")
    if not conventions.first_month <= month <= conventions.last_month:
        raise _Refused(
            "month", text, "constraint-error",
            f"is outside {conventions.first_month[:7]} to {conventions.last_month[:7]}, "
            "from the feed's first month to when the file was published",
        )  # fmt: skip
    return month


_month_of = functools.lru_cache(maxsize=4096)(
    lambda text, order, serials: parse_month(text, order, serials=serials)
)


def _category(row: Row, field: str, cells: dict[str, str], notes: list[Note]) -> str | None:
    """Our name for a published category. An unknown text stays as it is, but for supplier size."""
    name, unknown = known_category(field, cells[field])
    if unknown:
        reason = f"unknown-{field.removeprefix('supplier_')}"
        notes.append(Note(row.line_number, field, clean(cells[field]), name, reason))
    return name


@functools.lru_cache(maxsize=1 << 12)
def known_category(field: str, text: str) -> tuple[str | None, bool]:
    """(our name for the published text, whether no table knows the text)"""
    published = clean(text)
    key = (field, reference.category_key(published))
    if not published or key in reference.categories():
        return (reference.categories()[key] if published else None), False
    return (None if field == "supplier_size" else published), True


_LOT_NUMBER = re.compile(r"(?:lot\s*)?([0-9]{1,2})", re.IGNORECASE)
_LOT_PREFIX = re.compile(r"(?:lot\s*)?[0-9]{1,2}\s*[-:–.]\s*", re.IGNORECASE)


def _lot(
    row: Row, cells: dict[str, str], framework: str | None, month: str, notes: list[Note]
) -> str | None:
    """The lot's name; a note where none of our tables knows it."""
    name, reason = known_lot(cells["lot"], framework or "", month[:7])
    if reason:
        notes.append(Note(row.line_number, "lot", clean(cells["lot"]), name, reason))
    return name


@functools.lru_cache(maxsize=1 << 14)
def known_lot(text: str, framework: str, month: str) -> tuple[str | None, str]:
    """(the lot by framework and number, or by its words; never by a number alone, what is odd)"""
    published = clean(text)
    if match := _LOT_NUMBER.fullmatch(published):
        lot = reference.lots().get((framework, str(int(match[1]))))
        if lot and month <= (lot.last_month or "9999-12"):
            return lot.name, ""
        return None, "unmapped-lot"
    name, unknown = known_category("lot", _LOT_PREFIX.sub("", published, count=1))
    return name, "unknown-lot" if unknown else ""


def _mask(
    subject: str, texts: tuple[str, str, str], notes: list[Note]
) -> tuple[tuple[str, str, str], list[Note]]:
    """The texts and notes with what ingest/reference/withheld.csv keeps back replaced."""
    withheld = reference.withheld()
    if not withheld:
        return texts, notes
    fields = ("supplier", "buyer", "description")
    hidden = {field for field in fields if (subject, field) in withheld}
    shown = tuple(
        WITHHELD if field in hidden else text for field, text in zip(fields, texts, strict=True)
    )
    return (shown[0], shown[1], shown[2]), [note for note in notes if note.field not in hidden]


def _reject(row: Row, refused: _Refused, amount: Amount | None, feed: Feed) -> Reject:
    quarantine_id = line_id(feed.feed_id, row.raw)
    value, raw = refused.value, row.raw
    if (quarantine_id, "raw") in reference.withheld():
        value, raw = None, WITHHELD
    return Reject(
        row.line_number, quarantine_id, refused.field, value, refused.code, refused.reason, raw,
        amount,
    )  # fmt: skip
