"""The small hand-kept tables of ingest/reference/*.csv, as the steps look things up in them.

The same files are loaded into the database, so that every mapping can be seen.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).with_name("reference")


class Lot(NamedTuple):
    name: str
    last_month: str
    """'' or the last YYYY-MM for which the number has this meaning"""


def rows(name: str) -> Iterator[dict[str, str]]:
    """The lines of ingest/reference/NAME.csv by heading; empty cells are ''."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def category_key(text: str) -> str:
    """A published category without case, spaces and punctuation."""
    return re.sub(r"[^a-z0-9]+", "", text.casefold().replace("&", "and"))


def recipe() -> str:
    """Hash of the tables and of the code that makes a database of them."""
    digest = hashlib.sha256(Path(__file__).with_name("reference_tables.py").read_bytes())
    for path in sorted(FOLDER.glob("*.csv")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def categories() -> dict[tuple[str, str], str | None]:
    """(field, key of the published text) -> our name; None where it stands for 'not known'."""
    return {
        (row["field"], category_key(row["published"])): row["name"] or None
        for row in rows("categories")
    }


@functools.cache
def _frameworks() -> frozenset[str]:
    return frozenset(row["framework"] for row in rows("frameworks"))


def framework(published: str) -> str | None:
    """The name in frameworks.csv of a framework as published; None where it is not known."""
    name = categories().get(("framework", category_key(published)))
    return name if name in _frameworks() else None


@functools.cache
def lots() -> dict[tuple[str, str], Lot]:
    """(framework, lot number) -> lot. There is no meaning for a number alone."""
    return {
        (row["framework"], row["lot_number"]): Lot(row["lot"], row["last_month"])
        for row in rows("lots")
    }


@functools.cache
def withheld() -> dict[tuple[str, str], str]:
    """(id of a line, wherever it is kept, field) -> reason why its text is not shown."""
    return {(row["subject_id"], row["field"]): row["reason"] for row in rows("withheld")}
