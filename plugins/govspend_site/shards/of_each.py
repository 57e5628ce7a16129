"""Statements of which one part is asked of each file by itself, and the rest of what that gave."""

from __future__ import annotations

import re
from typing import NamedTuple

from govspend_site.shards.statement import closing_of, opening_of

_PART = re.compile(r",?\s*\b(?P<name>\w+) AS \(\s*/\* of each file \*/")
# What a question was asked with, which may be told by the edition's own file alone.
_ASKED = re.compile(r"\bWITH asked AS \(")


class Parted(NamedTuple):
    """`part` is asked of each file, `rest` of the table `name`, which has what all of them gave."""

    name: str
    part: str
    rest: str


def parted(sql: str) -> Parted | None:
    """The parts of `WITH a AS (…), NAME AS (/* of each file */ …) SELECT …`, or None.

    What comes before NAME is asked with it. The same group may come from several files. Where all
    of it stands in brackets, what is around them is asked with the rest.
    """
    found = _PART.search(sql)
    if found is None:
        return None
    begins, end = opening_of(sql, found.start()), closing_of(sql, found.end())
    part = f"{sql[begins : found.start()]}\n{sql[found.end() : end]}"
    rest = f"{sql[:begins]}WITH {sql[end + 1 :].lstrip(', ')}"
    return Parted(found["name"], part, rest)


def asked(part: str) -> tuple[str, str, str] | None:
    """A part before, in and after the brackets of its `WITH asked AS (…)`, which has one row."""
    found = _ASKED.search(part)
    if found is None:
        return None
    end = closing_of(part, found.end())
    return part[: found.end()], part[found.end() : end], part[end:]
