"""Pages by keyset: where a page ends is told by the values of its last row, not by a number.

So no row is passed over or given twice, however deep the page and whatever came in between.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from govspend_site.api.conditions import Where
from govspend_site.api.problems import mistake, refused

_PIECE = "at_"
_WHOLE = "the cursor that stands in `next`, whole and unchanged"


@dataclass(frozen=True)
class Key:
    """A column that rows are ordered by. Unknown values come last, either way."""

    column: str
    is_descending: bool = False
    is_nullable: bool = False

    @property
    def sql(self) -> str:
        last = f"{self.column} IS NULL, " if self.is_nullable else ""
        return f"{last}{self.column}{' DESC' if self.is_descending else ''}"

    def beyond(self, value: str, *, alike: bool = False) -> str:
        """The condition of coming after the parameter `value`, or with `alike` not before it."""
        sign = ("<" if self.is_descending else ">") + "=" * alike
        if not self.is_nullable:
            return f"{self.column} {sign} :{value}"
        unknown = f"{self.column} IS NULL" + f" AND :{value} IS NOT NULL" * (not alike)
        return f"({self.column} {sign} :{value} OR ({unknown}))"


@dataclass(frozen=True)
class Place:
    """Where a page begins: after the row of these values, in an edition."""

    edition_id: str
    values: tuple[Any, ...]


def order_by(keys: Sequence[Key]) -> str:
    return ", ".join(key.sql for key in keys)


def after(keys: Sequence[Key], place: Place) -> Where:
    """The condition of coming after a place in the order of the keys."""
    names = [f"{_PIECE}{number}" for number in range(len(keys))]
    options = []
    for number, key in enumerate(keys):
        same = [f"{keys[n].column} IS :{names[n]}" for n in range(number)]
        options.append(" AND ".join([*same, key.beyond(names[number])]))
    # Says nothing new, but lets SQLite begin in an index where the page begins.
    hint = keys[0].beyond(names[0], alike=True)
    values = dict(zip(names, place.values, strict=True))
    return Where((hint, f"({' OR '.join(options)})"), values)


def encode(order: str, place: Place) -> str:
    """A place as text for an address. `order` names the resource and the order of its rows."""
    told = json.dumps([order, place.edition_id, place.values], separators=(",", ":")).encode()
    return f"{base64.urlsafe_b64encode(told).decode().rstrip('=')}.{_digest(told)}"


def decode(cursor: str, order: str, count: int) -> Place:
    """The place of a cursor. Refuses (400) one that is damaged, or of another order."""
    told, dot, digest = cursor.partition(".")
    found: Any = None
    try:
        raw = base64.b64decode(told + "=" * (-len(told) % 4), altchars=b"-_", validate=True)
        if dot and _digest(raw) == digest:
            found = json.loads(raw)
    except (ValueError, binascii.Error, RecursionError):
        pass
    if not _is_place(found):
        raise refused([mistake("cursor", cursor, f"{_WHOLE}; this one is damaged")])
    if found[0] != order or len(found[2]) != count:
        raise refused([mistake("cursor", cursor, f"{_WHOLE}; this one is of another order")])
    return Place(found[1], tuple(found[2]))


def _digest(told: bytes) -> str:
    """Tells damage; there is nothing to gain by forging a cursor."""
    return hashlib.sha256(told).hexdigest()[:8]


def _is_place(found: Any) -> bool:
    if not isinstance(found, list) or [type(part) for part in found] != [str, str, list]:
        return False
    return all(
        value is None or isinstance(value, str | float) or _is_bindable(value) for value in found[2]
    )


def _is_bindable(value: Any) -> bool:
    return type(value) is int and abs(value) < 2**63
