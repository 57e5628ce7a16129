"""Statements of which one part is asked of each file by itself, and the rest of what that gave."""

from __future__ import annotations

import re
from typing import NamedTuple

from govspend_site.shards.statement import closing_of

_PART = re.compile(r",?\s*\b(?P<name>\w+) AS \(\s*/\* of each file \*/")


class Parted(NamedTuple):
    """`part` is asked of each file, `rest` of the table `name`, which has what all of them gave."""

    name: str
    part: str
    rest: str


def parted(sql: str) -> Parted | None:
    """The parts of `WITH a AS (…), NAME AS (/* of each file */ …) SELECT …`, or None.

    What comes before NAME is asked with it. The same group may come from several files.
    """
    found = _PART.search(sql)
    if found is None:
        return None
    end = closing_of(sql, found.end())
    part = f"{sql[: found.start()]}\n{sql[found.end() : end]}"
    return Parted(found["name"], part, f"WITH {sql[end + 1 :].lstrip(', ')}")
