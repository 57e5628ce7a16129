"""What /map says: each area's buyers and spend, and what could not be placed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from govspend_site import map_drawing, queries, words
from govspend_site.edition import Edition

SHOWN_UNPLACED = 20
"""How many of the largest buyers without a place are named."""


@dataclass(frozen=True)
class Row:
    """A line of a table: an area, a region, a buyer, or a total."""

    name: str
    buyer_count: int
    pence: int
    sme_pence: int | None
    details: dict[str, Any]

    @property
    def share(self) -> str | None:
        """SME share of the spend; None where no size is published or there is no spend."""
        return None if self.sme_pence is None else words.percent(self.sme_pence, self.pence)


@dataclass(frozen=True)
class Map:
    """What the template shows."""

    sentence: str
    period: str
    areas: list[Row]
    regions: list[Row]
    buyers: list[Row]
    unplaced: list[Row]
    placed_total: Row
    unplaced_total: Row
    total: Row
    by_source: list[Row]
    drawing: Markup


def rows_of(found: list[dict[str, Any]], name: str) -> list[Row]:
    """Rows of the database as rows of a table, called by their column `name`."""
    return [
        Row(row[name] or "", row.get("buyer_count", 1), row["amount_pence"], row["sme_pence"], row)
        for row in found
    ]


def together(name: str, rows: list[Row]) -> Row:
    """The rows as one. Its SME spend is not known where that of none of them is."""
    known = [row.sme_pence for row in rows if row.sme_pence is not None]
    return Row(
        name,
        sum(row.buyer_count for row in rows),
        sum(row.pence for row in rows),
        sum(known) if known else None,
        {},
    )


def grouped(rows: list[Row], column: str) -> list[Row]:
    """The buyers gathered by a column of theirs, the largest spend first."""
    names = sorted({row.details[column] for row in rows})
    made = [together(n, [row for row in rows if row.details[column] == n]) for n in names]
    return sorted(made, key=lambda row: (-row.pence, row.name))


def sentence(placed: Row, unplaced: Row, total: Row, illustrative: bool) -> str:
    """How much of the spend is on the map, by number of buyers and by value."""
    if not placed.buyer_count:
        why = "they are invented" if illustrative else "none could be looked up"
        return f"No buyer of this edition has a known place: {why}, so the map is empty."
    said = (
        f"Of {total.buyer_count:,} buyers {placed.buyer_count:,} have a known head office; they "
        f"spent {words.rounded_pounds(placed.pence)} of {words.rounded_pounds(total.pence)}"
    )
    share = words.percent(placed.pence, total.pence)
    said += f" ({share})." if share else "."
    return (
        f"{said} The place of the other {unplaced.buyer_count:,} is not known; they spent "
        f"{words.rounded_pounds(unplaced.pence)} and are not on the map."
    )


def summary(areas: list[Row], regions: list[Row], placed: Row) -> str:
    """The map in words, for whoever does not see it."""
    if not areas:
        return "An outline of the United Kingdom without circles."
    first = areas[0]
    others = [f"{row.name} ({words.rounded_pounds(row.pence)})" for row in areas[1:5]]
    share = words.percent(first.pence, placed.pence)
    return (
        f"Buyers with a head office in {first.name} spent {words.rounded_pounds(first.pence)}"
        + (f", {share} of what could be placed" if share else "")
        + (f"; next came {words.listed(others)}" if others else "")
        + f". The map has {len(areas)} places in {len(regions)} regions and nations."
    )


def period(first: str | None, last: str | None) -> str:
    """The months of the figures: from April 2012 to June 2014."""
    if not first or not last:
        return "in no month"
    named = words.month_name(first), words.month_name(last)
    return f"in {named[0]}" if first == last else f"from {named[0]} to {named[1]}"


def circle(row: Row) -> map_drawing.Circle:
    share = row.share or "not known"
    buyers = "1 buyer" if row.buyer_count == 1 else f"{row.buyer_count:,} buyers"
    return map_drawing.Circle(
        name=row.name,
        latitude=row.details["latitude"],
        longitude=row.details["longitude"],
        pence=row.pence,
        band=map_drawing.band(row.sme_pence, row.pence),
        said=f"{row.name}: {words.rounded_pounds(row.pence)}, SME share {share}, {buyers}",
    )


# An edition's figures never change, and adding them up takes longer than showing them.
_KNOWN: dict[tuple[str, str], Map] = {}


async def of(datasette: Any, edition: Edition) -> Map:
    """Everything the page shows of an edition."""
    key = (str(queries.database(datasette).path), edition.edition_id)
    if key not in _KNOWN:
        made = await _made(datasette, edition)
        _KNOWN.clear()
        _KNOWN[key] = made
    return _KNOWN[key]


async def _made(datasette: Any, edition: Edition) -> Map:
    areas, regions, buyers = [], [], []
    # A kept edition from before there were places has no such table.
    if await queries.database(datasette).table_exists("buyer_places"):
        areas = rows_of(await queries.rows(datasette, "map_areas"), "area")
        regions = rows_of(await queries.rows(datasette, "map_regions"), "region")
        buyers = rows_of(await queries.rows(datasette, "map_buyers"), "name")
    months = (await queries.rows(datasette, "map_period"))[0]
    placed = [row for row in buyers if row.details["area"]]
    unplaced = [row for row in buyers if not row.details["area"]]
    on_map = [row for row in areas if row.name]
    regions = [row for row in regions if row.name]
    sums = (together("", placed), together("", unplaced), together("", buyers))
    return Map(
        sentence=sentence(*sums, edition.illustrative),
        period=period(months["first_month"], months["last_month"]),
        areas=on_map,
        regions=regions,
        buyers=placed,
        unplaced=unplaced[:SHOWN_UNPLACED],
        placed_total=sums[0],
        unplaced_total=sums[1],
        total=sums[2],
        by_source=grouped(placed, "source"),
        drawing=map_drawing.draw(
            [circle(row) for row in on_map],
            "Map of buyers by place, circles by spend and SME share",
            summary(on_map, regions, sums[0]),
        ),
    )
