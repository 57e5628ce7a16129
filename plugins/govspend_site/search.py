"""Finding suppliers, buyers and what was bought by a visitor's words."""

from __future__ import annotations

import asyncio
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz, process

from govspend_site import edition, queries

LONGEST = 200
"""Characters of a search that are looked for; the rest is left out."""
MOST_SUGGESTED = 10
MOST_SHOWN = 10
# How like a name must be (of 100) to be offered where nothing was found.
_ALIKE = 80


@dataclass(frozen=True)
class Party:
    """A supplier or buyer that can be suggested; `words` are those of its name, folded."""

    kind: str
    id: str
    name: str
    amount_pence: int
    words: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"/{self.kind}s/{self.id}"


def fts(words: str, *, beginning: bool = False) -> str | None:
    """The words as an FTS5 expression that holds them all; None where there is no word to find.

    Each is in quotes, so that whatever is typed is looked for and never obeyed as an operator.
    With `beginning` the last may be the beginning of a word.
    """
    # A part without a letter or digit is no word to FTS5, and a NUL would end the expression.
    parts = [part for part in words[:LONGEST].replace("\0", " ").split() if folded(part)]
    if not parts:
        return None
    quoted = " ".join('"' + part.replace('"', " ").strip() + '"' for part in parts)
    return quoted + "*" if beginning else quoted


def folded(text: str) -> tuple[str, ...]:
    """The words of a text without case, accents and punctuation: Née & Co is nee, co."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(re.findall(r"[^\W_]+", plain.casefold()))


def party(row: dict[str, Any]) -> Party:
    """A row of search_names.sql."""
    return Party(row["kind"], row["id"], row["name"], row["amount_pence"], folded(row["name"]))


def suggestions(parties: Iterable[Party], typed: str) -> list[Party]:
    """At most ten parties with a word beginning with each typed word; `parties` in their order.

    Those whose name begins with what was typed come first.
    """
    asked = folded(typed[:LONGEST])
    if not asked:
        return []
    first: list[Party] = []
    others: list[Party] = []
    for found in parties:
        if all(any(word.startswith(part) for word in found.words) for part in asked):
            begins = " ".join(found.words).startswith(" ".join(asked))
            (first if begins else others).append(found)
    return [*first, *others][:MOST_SUGGESTED]


def alike(parties: Iterable[Party], typed: str) -> list[Party]:
    """At most five parties whose names look like what was typed, for who misspelt it."""
    known = list(parties)
    names = {place: " ".join(found.words) for place, found in enumerate(known)}
    asked = " ".join(folded(typed[:LONGEST]))
    if len(asked) < 3:
        return []
    near = process.extract(asked, names, scorer=fuzz.WRatio, score_cutoff=_ALIKE, limit=5)
    return [known[place] for _, _, place in near]


# Names of an edition never change.
_KNOWN: dict[tuple[str, str], list[Party]] = {}


async def parties(datasette: Any) -> list[Party]:
    """Every supplier and buyer of the edition being served, the largest first."""
    served = await edition.current(datasette)
    if served is None:
        return []
    key = (str(queries.database(datasette).path), served.edition_id)
    if key not in _KNOWN:
        found = [party(row) for row in await queries.rows(datasette, "search_names")]
        _KNOWN.clear()
        _KNOWN[key] = found
    return _KNOWN[key]


async def results(datasette: Any, typed: str) -> dict[str, list[dict[str, Any]]]:
    """suppliers, buyers and bought, each with at most ten rows of what was found."""
    names, whole_words = fts(typed, beginning=True), fts(typed)
    found: dict[str, list[dict[str, Any]]] = {"suppliers": [], "buyers": [], "bought": []}
    if names is None:
        return found
    asked = {group: whole_words if group == "bought" else names for group in found}
    rows = await asyncio.gather(
        *(
            queries.rows(datasette, f"search_{group}", {"words": words, "most": MOST_SHOWN})
            for group, words in asked.items()
        )
    )
    return dict(zip(found, rows, strict=True))
