"""Of the firms that were admitted to a framework: how many sold, and reached a second buyer.

Only for a framework whose list of suppliers is declared as a feed; of others it is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from govspend_site import parties, queries, words

Row = dict[str, Any]

_SIZED = {"SME": "SMEs", "Large": "large firms"}


@dataclass(frozen=True)
class Admitted:
    """A row a framework that has a list (counts; None is not known), and what the rows are not."""

    size: str
    rows: list[Row]
    unlisted: list[str]
    """frameworks that lines are published under and that have no list, as in a sentence"""
    files: list[Row]
    sql_url: str

    @property
    def by_size(self) -> bool:
        """Whether the size that was chosen applies to any row."""
        return self.size in _SIZED and any(row["has_sizes"] for row in self.rows)

    @property
    def all_sizes(self) -> list[str]:
        """The frameworks whose list gives no sizes, although one was chosen."""
        chosen = self.size in _SIZED
        return [row["framework"] for row in self.rows if chosen and not row["has_sizes"]]

    @property
    def attributions(self) -> list[str]:
        return list(dict.fromkeys(file["attribution"] for file in self.files))

    @property
    def rejected_count(self) -> int:
        return sum(file["rejected_count"] for file in self.files)

    @property
    def unplaced_count(self) -> int:
        """The most sales that one framework's firms have under no framework at all."""
        return max(int(row["unplaced_sale_count"]) for row in self.rows)

    @property
    def without_number(self) -> list[Row]:
        """The rows for which sales count that may have been through another of the family."""
        return [row for row in self.rows if is_without_number(row)]


def is_without_number(row: Row) -> bool:
    """Whether sales count that are published under the family's name alone."""
    names = (row["counted_through"] or "").split(", ")
    return row["framework"] != row["family"] and row["family"] in names


def who(row: Row, size: str) -> str:
    """Whom a row counts: SMEs or large firms where its list tells them apart, else firms."""
    return _SIZED.get(size, "firms") if row["has_sizes"] else "firms"


def sentence(row: Row, size: str) -> str:
    """A row in words, for a figure that can be cited without its table."""
    of = f"Of {row['admitted_count']:,} {who(row, size)} admitted to {row['framework']}"
    if row["sold_count"] is None:
        return f"{of}, it is not known how many sold: no sale is published as one through it."
    share = words.percent(row["sold_count"], row["admitted_count"])
    part = f" ({share})" if share else ""
    return (
        f"{of}, {row['sold_count']:,}{part} sold and {row['second_buyer_count']:,} reached a "
        "second buyer."
    )


def others(rows: Sequence[Row], listed: Sequence[Row]) -> list[str]:
    """The frameworks without a list; one without a number, some of whose family have one, in words.

    `rows` are those of admitted_unlisted.sql.
    """
    families = {row["family"] for row in listed}
    return [
        f"the other {row['framework']} frameworks"
        if row["framework"] == row["family"] and row["family"] in families
        else row["framework"]
        for row in rows
    ]


async def figures(datasette: Any, size: str) -> Admitted | None:
    """The figures for firms of a size; None where no list is declared, or the edition is older."""
    if not await is_there(datasette):
        return None
    rows = await parties.rows(datasette, "admitted", {"size": size})
    if not rows:
        return None
    return Admitted(
        size=size,
        rows=rows,
        unlisted=others(await parties.rows(datasette, "admitted_unlisted", {}), rows),
        files=await files(datasette),
        sql_url=parties.sql_url(datasette, "admitted", {"size": size}),
    )


async def is_there(datasette: Any) -> bool:
    """Whether the edition has the tables; a kept one from before there were lists has not."""
    return bool(await queries.database(datasette).table_exists("admitted"))


async def files(datasette: Any) -> list[Row]:
    """The files of the lists, with their terms."""
    if not await is_there(datasette):
        return []
    return await parties.rows(datasette, "admitted_files", {})


async def frameworks_of(datasette: Any, supplier_id: str) -> list[str]:
    """The frameworks that a supplier was admitted to, by the lists."""
    if not await is_there(datasette):
        return []
    found = await parties.rows(datasette, "supplier_admitted", {"supplier_id": supplier_id})
    return [row["framework"] for row in found]
