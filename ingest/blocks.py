"""A block of rows at once: column by column where nothing is odd, the odd rows one by one.

Every rule is in `parse`, which says of each text once what it is: a release has millions of cells
and some thousand different ones. What asks for a note or a reason, and what is not as wide as the
heading, is odd.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from ingest import reference
from ingest.parse import FIELDS, Facets, Note, Parser, Refused, Reject, Spend, cleaned
from ingest.read import Block, is_blank
from ingest.tally import Counted, Tally

_TEXTS = 1 << 14


class Lines(NamedTuple):
    """Lines that were taken, by column."""

    line_number: Sequence[int]
    base_id: Sequence[str]
    under: Sequence[Counted]
    supplier: Sequence[str]
    buyer: Sequence[str]
    description: Sequence[str | None]
    amount_pence: Sequence[int]


@dataclass
class Taken:
    """What became of a block: every row is a line, a reject or blank."""

    lines: Lines
    rejects: list[Reject] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    fractions: list[tuple[int, Decimal]] = field(default_factory=list)
    """(pence, published pounds) of the lines whose amount was rounded"""
    blank_count: int = 0


class _Known(dict[Any, Any]):
    """What a function says of each text, asked once; as many texts as memory may hold."""

    def __init__(self, tell: Callable[[Any], Any], most: int = _TEXTS) -> None:
        super().__init__()
        self._tell, self._most = tell, most

    def __missing__(self, key: Any) -> Any:
        if len(self) >= self._most:
            self.clear()
        found = self[key] = self._tell(key)
        return found


class BlockParser:
    """Parses the blocks of one release, and finds what is counted under what in `tally`."""

    def __init__(self, parse: Parser, tally: Tally) -> None:
        self._parse, self._tally = parse, tally
        self._amounts = _Known(self._amount)
        self._names = {
            name: _Known(functools.partial(_plain, is_required=name in parse.feed.required))
            for name in ("supplier", "buyer", "description")
        }
        self._facets = _Known(self._counted_under)
        self._constants = {str(name): text for name, text in parse.feed.constants.items()}
        self._withheld = {subject for subject, _ in reference.withheld()}

    def __call__(self, block: Block) -> Taken:
        count, width = len(block.cells), self._parse.width
        # A row without cells has no amount, which is odd.
        even = [cells if len(cells) == width else [""] * width for cells in block.cells]
        by_place = list(zip(*even, strict=True))
        columns = {
            name: by_place[self._parse.columns.index[name]]
            if name in self._parse.columns.index
            else [self._constants.get(name, "")] * count
            for name in FIELDS
        }
        under_texts = zip(*(columns[name] for name in FIELDS[4:]), strict=True)
        told = [
            list(map(self._amounts.__getitem__, columns["amount"])),
            list(map(self._facets.__getitem__, under_texts)),
            *(list(map(texts.__getitem__, columns[n])) for n, texts in self._names.items()),
        ]
        odd = _odd(told)
        pence, known, supplier, buyer, description = told
        under, prefixes = zip(*known, strict=True)
        ids = _ids(prefixes, supplier, buyer, description, pence)
        shown = [text or None for text in description]
        lines = Lines(block.numbers, ids, under, supplier, buyer, shown, pence)
        if self._withheld and not self._withheld.isdisjoint(ids):
            odd = sorted({*odd, *(n for n, one in enumerate(ids) if one in self._withheld)})
        return self._with_odd(block, odd, lines) if odd else Taken(lines)

    def _amount(self, text: str) -> int | None:
        try:
            amount = self._parse.amount(text)
        except Refused:
            return None
        return None if amount.exact is not None else amount.pence

    def _counted_under(self, texts: tuple[str, ...]) -> tuple[Counted, str] | None:
        try:
            facets, lot, notes = self._parse.counted_under(*texts)
        except Refused:
            return None
        prefix = "\x1f".join((self._parse.feed.feed_id, facets.month, lot))
        return None if notes else (self._tally.counted(facets), prefix)

    def _with_odd(self, block: Block, odd: list[int], lines: Lines) -> Taken:
        """The odd rows one by one in the place of what stands for them in `lines`."""
        taken = Taken(lines)
        columns: list[list[Any]] = [list(column) for column in lines]
        gone = set()
        for place in odd:
            row = block.row(place)
            found = None if is_blank(row) else self._parse(row)
            if isinstance(found, Spend):
                values = (
                    found.line_number, found.base_id, self._tally.counted(found.facets),
                    found.supplier, found.buyer, found.description, found.amount_pence,
                )  # fmt: skip
                for column, value in zip(columns, values, strict=True):
                    column[place] = value
                taken.notes += found.notes
                if found.exact is not None:
                    taken.fractions.append((found.amount_pence, found.exact))
                continue
            gone.add(place)
            if found is None:
                taken.blank_count += 1
            else:
                taken.rejects.append(found)
        if gone:
            kept = [place for place in range(len(columns[0])) if place not in gone]
            columns = [[column[place] for place in kept] for column in columns]
        taken.lines = Lines(*columns)
        return taken


_NOTHING = (0, (Counted(Facets(*[""] * 9), -1), ""), "", "", "")
"""What stands for an odd row until it has been looked at by itself."""


def _odd(told: Sequence[list[Any]]) -> list[int]:
    """The places where a column knows nothing; there they get _NOTHING."""
    if not any(None in column for column in told):
        return []
    places = [place for place, row in enumerate(zip(*told, strict=True)) if None in row]
    for place in places:
        for column, nothing in zip(told, _NOTHING, strict=True):
            column[place] = nothing
    return places


def _plain(text: str, is_required: bool) -> str | None:
    """The clean text; None where there is something to say of it."""
    clean, mended = cleaned(text)
    return None if mended or (is_required and not clean) else clean


def _ids(
    prefixes: Sequence[str], supplier: Sequence[str], buyer: Sequence[str],
    description: Sequence[str], pence: Sequence[int],
) -> list[str]:  # fmt: skip
    """As parse.line_id has them."""
    blake2b = hashlib.blake2b
    return [
        blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        for text in map(
            "\x1f".join, zip(prefixes, supplier, buyer, description, map(str, pence), strict=True)
        )
    ]
