"""Finding suppliers, buyers and what was bought by a visitor's words."""

from __future__ import annotations

import re

LONGEST = 200
"""Characters of a search that are looked for; the rest is left out."""


def fts(words: str, *, beginning: bool = False) -> str | None:
    """The words as an FTS5 expression that holds them all; None where there is no word to find.

    Each is in quotes, so that whatever is typed is looked for and never obeyed as an operator.
    With `beginning` the last may be the beginning of a word.
    """
    # A part without a letter or digit is no word to FTS5, and a NUL would end the expression.
    parts = [part for part in words[:LONGEST].replace("\0", " ").split() if _has_word(part)]
    if not parts:
        return None
    quoted = " ".join('"' + part.replace('"', " ").strip() + '"' for part in parts)
    return quoted + "*" if beginning else quoted


def _has_word(part: str) -> bool:
    return re.search(r"[^\W_]", part) is not None
