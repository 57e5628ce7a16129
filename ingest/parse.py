"""Text to values: a row becomes a `Spend` or a `Reject`, exactly one, never an exception."""

from __future__ import annotations

import functools
import hashlib
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from ingest import reference
from ingest.feeds import Feed
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


class Facets(NamedTuple):
    """What a line is counted under, in our words and as published. Many lines share one."""

    month: str
    framework: str | None
    lot: str | None
    sector: str | None
    supplier_size: str | None
    framework_published: str | None
    lot_published: str | None
    sector_published: str | None
    supplier_size_published: str | None


class Spend(NamedTuple):
    """One published line, typed. Unknown is None."""

    line_number: int
    base_id: str
    """Hash of what identifies the line; identical lines of a release share it."""
    facets: Facets
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


class Refused(Exception):
    """A line cannot be taken: the field, its text, a Frictionless error code and the reason."""

    def __init__(self, field: str | None, value: str | None, code: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.value, self.code, self.reason = field, value, code, reason


class Parser:
    """Parses the rows of one release."""

    def __init__(self, feed: Feed, columns: Columns, conventions: Conventions) -> None:
        self.feed = feed
        self.columns = columns
        self.width = len(columns.headings)
        self._pick = _picker(feed, columns)
        self.counted_under = functools.lru_cache(maxsize=1 << 12)(
            functools.partial(_facets, feed=feed, conventions=conventions)
        )

    def __call__(self, row: Row) -> Spend | Reject:
        texts = self._pick(row.cells)
        amount = None
        try:
            amount = self.amount(texts[0])
            if any(cell.strip() for cell in row.cells[self.width :]):
                raise Refused(
                    None, None, "extra-cell", f"has more cells than the heading's {self.width}"
                )
            facets, lot, notes = self.counted_under(*texts[4:])
            return _spend(row.line_number, texts[1:4], amount, facets, lot, notes, self.feed)
        except Refused as refused:
            return _reject(row, refused, amount, self.feed)

    def amount(self, text: str) -> Amount:
        """Raises Refused."""
        return _amount(text, self.feed)


FIELDS = (
    "amount", "supplier", "buyer", "description",
    "month", "framework", "lot", "sector", "supplier_size",
)  # fmt: skip
Noted = tuple[str, str, str | None, str]
"""A Note without its line number."""


def _picker(feed: Feed, columns: Columns) -> Callable[[list[str]], tuple[str, ...]]:
    """A function from cells to the published texts of FIELDS; '' where there is no cell."""
    # What has no column is taken from the end of a row that is lengthened by it.
    lacking = [field for field in FIELDS if field not in columns.index]
    constants = {str(field): text for field, text in feed.constants.items()}
    behind = [constants.get(field, "") for field in lacking]
    places = {**columns.index, **{field: n - len(lacking) for n, field in enumerate(lacking)}}
    get = operator.itemgetter(*(places[field] for field in FIELDS))
    least = max(columns.index.values(), default=-1) + 1

    def pick(cells: list[str]) -> tuple[str, ...]:
        short = least - len(cells)
        found: tuple[str, ...] = get(cells + [""] * short + behind if short > 0 else cells + behind)
        return found

    return pick


def _facets(
    month: str, framework: str, lot: str, sector: str, size: str, *,
    feed: Feed, conventions: Conventions,
) -> tuple[Facets, str, list[Noted]]:  # fmt: skip
    """What the texts mean, the lot as it goes into an id, and what was not taken as published."""
    first_day = _month(month, feed, conventions)
    notes: list[Noted] = []
    known_framework = _category("framework", framework, notes)
    name, reason = known_lot(lot, known_framework or "", first_day[:7])
    if reason:
        notes.append(("lot", clean(lot), name, reason))
    facets = Facets(
        first_day, known_framework, name,
        _category("sector", sector, notes), _category("supplier_size", size, notes),
        *(clean(text) or None for text in (framework, lot, sector, size)),
    )  # fmt: skip
    return facets, name or clean(lot), notes


def _spend(
    line_number: int, texts: tuple[str, ...], amount: Amount,
    facets: Facets, lot: str, noted: list[Noted], feed: Feed,
) -> Spend:  # fmt: skip
    (supplier, mended), (buyer, mended_too), (description, mended_three) = map(cleaned, texts)
    if not supplier and "supplier" in feed.required:
        raise Refused("supplier", texts[0], "missing-cell", "has no supplier")
    if not buyer and "buyer" in feed.required:
        raise Refused("buyer", texts[1], "missing-cell", "has no buyer")
    base_id = line_id(
        feed.feed_id, facets.month, lot, supplier, buyer, description, str(amount.pence)
    )
    notes: list[Note] = []
    if noted or amount.exact is not None or mended or mended_too or mended_three:
        notes = _notes(line_number, texts, amount, noted)
    shown = (supplier, buyer, description)
    if reference.withheld():
        shown, notes = _mask(base_id, shown, notes)
    return Spend(
        line_number, base_id, facets, shown[0], shown[1], shown[2] or None,
        amount.pence, amount.exact, notes,
    )  # fmt: skip


def _notes(
    line_number: int, texts: tuple[str, ...], amount: Amount, noted: list[Noted]
) -> list[Note]:
    """The notes of one line: on its texts, on what it is counted under and on its amount."""
    found: list[Noted] = []
    for field, published in zip(("supplier", "buyer", "description"), texts, strict=True):
        text, mended = cleaned(published)
        if mended:
            found.append((field, published.strip(), text, "mojibake"))
    found += noted
    if amount.exact is not None:
        loaded = str(Decimal(amount.pence).scaleb(-2))
        found.append(("amount", str(amount.exact), loaded, "rounded"))
    return [Note(line_number, *note) for note in found]


def line_id(*parts: str) -> str:
    """16 hexadecimal digits that stand for `parts`, the same in every build.

    Should two of 300 million lines ever share them (odds 1 in 400), they count as identical lines,
    which are told apart by their number among themselves.
    """
    joined = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=8).hexdigest()


_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def clean(text: str) -> str:
    """`text` without outer space, control characters and runs of space; mojibake mended."""
    if text.isascii():
        if text.isprintable():
            return " ".join(text.split())
    else:
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


def cleaned(published: str) -> tuple[str, bool]:
    """The clean text, and whether mojibake was mended in it."""
    return clean(published), not published.isascii() and mend(published) != published


def _amount(text: str, feed: Feed) -> Amount:
    if not text.strip():
        raise Refused("amount", text, "missing-cell", "has no amount")
    try:
        return parse_amount(text, unit=feed.money.unit, dash_is_zero=feed.money.dash_is_zero)
    except NotMoney as error:
        # An amount behind a mended pound sign is still an amount.
        if not text.isascii() and (mended := mend(text)) != text:
            return _amount(mended, feed)
        raise Refused("amount", text, "type-error", str(error)) from None


def _month(text: str, feed: Feed, conventions: Conventions) -> str:
    month = parse_month(text.strip(), conventions.order, serials=feed.dates.serials)
    if month is None:
        if not text.strip():
            raise Refused("month", text, "missing-cell", "has no month")
        raise Refused("month", text, "type-error", "is not a month")
    if not conventions.first_month <= month <= conventions.last_month:
        raise Refused(
            "month", text, "constraint-error",
            f"is outside {conventions.first_month[:7]} to {conventions.last_month[:7]}, "
            "from the feed's first month to when the file was published",
        )  # fmt: skip
    return month


def _category(field: str, text: str, notes: list[Noted]) -> str | None:
    """Our name for a published category. An unknown text stays as it is, but for supplier size."""
    name, unknown = known_category(field, text)
    if unknown:
        reason = f"unknown-{field.removeprefix('supplier_')}"
        notes.append((field, clean(text), name, reason))
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
    fields = ("supplier", "buyer", "description")
    hidden = {field for field in fields if (subject, field) in withheld}
    shown = tuple(
        WITHHELD if field in hidden else text for field, text in zip(fields, texts, strict=True)
    )
    return (shown[0], shown[1], shown[2]), [note for note in notes if note.field not in hidden]


def _reject(row: Row, refused: Refused, amount: Amount | None, feed: Feed) -> Reject:
    quarantine_id = line_id(feed.feed_id, row.raw)
    value, raw = refused.value, row.raw
    if (quarantine_id, "raw") in reference.withheld():
        value, raw = None, WITHHELD
    return Reject(
        row.line_number, quarantine_id, refused.field, value, refused.code, refused.reason, raw,
        amount,
    )  # fmt: skip
