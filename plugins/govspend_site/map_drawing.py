"""The map as SVG, drawn on the server: an outline, and a circle for each place.

A circle's area is the spend and its filling the SME share, from blank over two hatchings to solid,
so that the map reads without colour, in print and in forced colours.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

OUTLINE = Path(__file__).parents[2] / "templates" / "static" / "outline.json"
WEST, EAST, SOUTH, NORTH = -8.75, 2.1, 49.75, 60.95
HEIGHT = 760.0
# A degree of longitude is shorter than one of latitude; this is right in the middle of the map.
_NARROWING = math.cos(math.radians(54.5))
SCALE = HEIGHT / (NORTH - SOUTH)
WIDTH = round((EAST - WEST) * _NARROWING * SCALE)
LARGEST, SMALLEST = 48.0, 3.5
_LETTER = 10.0
"""How wide a letter of a name is, on average and with its halo."""
_SMALL = 12.0
"""A circle no wider than this may lie under a name."""
LABELLED = 10
"""How many circles carry their name; the table beside the map has them all."""

BANDS = ("under 25%", "25% to 50%", "50% to 75%", "75% or more")
UNKNOWN = "not known"
_FILLS = ("var(--paper)", "url(#map-some)", "url(#map-much)", "var(--map-ink)")
_PATTERNS = Markup(
    '<defs><pattern id="map-some" width="5" height="5" patternUnits="userSpaceOnUse">'
    '<rect width="5" height="5" fill="var(--map-back)"/>'
    '<path d="M-1,1 l2,-2 M0,5 l5,-5 M4,6 l2,-2" stroke="var(--map-ink)" stroke-width="0.8"/>'
    '</pattern><pattern id="map-much" width="4" height="4" patternUnits="userSpaceOnUse">'
    '<rect width="4" height="4" fill="var(--map-back)"/>'
    '<path d="M0,4 l4,-4 M-1,1 l2,-2 M3,5 l2,-2 M0,0 l4,4 M-1,3 l2,2 M3,-1 l2,2" '
    'stroke="var(--map-ink)" stroke-width="1"/></pattern></defs>'
)


@dataclass(frozen=True)
class Circle:
    """One place of the map."""

    name: str
    latitude: float
    longitude: float
    pence: int
    band: int | None
    """position in BANDS; None where the share is not known"""
    said: str


def band(part: int | None, whole: int) -> int | None:
    """In which quarter the share lies; None where there is none, or it is no share of the whole."""
    if part is None or whole <= 0:
        return None
    return min(3, max(0, 4 * part // whole))


def at(latitude: float, longitude: float) -> tuple[float, float]:
    """Where a place is on the drawing, from its top left."""
    x = (longitude - WEST) * _NARROWING * SCALE
    return round(x, 1), round((NORTH - latitude) * SCALE, 1)


def radius(pence: int, most: int) -> float:
    """So that the area is the spend; never so small that it cannot be seen."""
    share = max(pence, 0) / most if most > 0 else 0.0
    return round(max(SMALLEST, LARGEST * math.sqrt(share)), 1)


@functools.cache
def outline() -> dict[str, list[list[list[float]]]]:
    """Rings of longitude and latitude: `united_kingdom`, and the land around it."""
    document = json.loads(OUTLINE.read_text("utf-8"))
    return {key: document[key] for key in ("united_kingdom", "not_united_kingdom")}


@functools.cache
def _land(key: str) -> str:
    rings = []
    for ring in outline()[key]:
        points = " ".join("{:g},{:g}".format(*at(lat, lon)) for lon, lat in ring)
        rings.append(f"M{points}Z")
    return "".join(rings)


def draw(circles: Sequence[Circle], title: str, description: str) -> Markup:
    """The whole map; the largest circles first, so that a smaller one is never hidden."""
    ordered = sorted(circles, key=lambda circle: (-circle.pence, circle.name))
    most = ordered[0].pence if ordered else 0
    inner = Markup("").join(_circle(circle, most) for circle in ordered)
    names = _labels(ordered, most)
    return Markup(
        '<svg class="map" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" '
        'aria-labelledby="map-title map-description"><title id="map-title">{}</title>'
        '<desc id="map-description">{}</desc>{}'
        '<path class="map-around" d="{}"/><path class="map-land" d="{}"/>{}{}</svg>'
    ).format(
        WIDTH, round(HEIGHT), title, description, _PATTERNS, _land("not_united_kingdom"),
        _land("united_kingdom"), inner, names,
    )  # fmt: skip


def _circle(circle: Circle, most: int) -> Markup:
    x, y = at(circle.latitude, circle.longitude)
    return Markup('<circle cx="{}" cy="{}" r="{}" {}><title>{}</title></circle>').format(
        x, y, radius(circle.pence, most), filling(circle.band), circle.said
    )


def filling(number: int | None) -> Markup:
    """The attributes of a circle of that band; one whose share is not known is dashed and empty."""
    if number is None:
        return Markup('fill="none" stroke-dasharray="3 2" class="map-place"')
    return Markup('fill="{}" class="map-place"').format(Markup(_FILLS[number]))


def _labels(circles: Sequence[Circle], most: int) -> Markup:
    """The names of the largest circles that can stand without covering a name or a circle."""
    boxes = {circle: _around(circle, most) for circle in circles}
    large = [circle for circle in circles if boxes[circle].right - boxes[circle].left > _SMALL]
    names: list[_Box] = []
    drawn = []
    for circle in circles[:LABELLED]:
        own = boxes[circle]
        others = [boxes[other] for other in large if other != circle]
        # A small circle within a large one may lie under the large one's name.
        taken = [*names, *(box for box in others if not box.within(own))]
        free = next((place for place in _beside(circle, most) if place.is_free(taken)), None)
        if free:
            names.append(free)
            middle = round((free.top + free.bottom) / 2, 1)
            drawn.append(
                Markup('<text x="{}" y="{}" dy="0.35em">{}</text>').format(
                    round(free.left, 1), middle, circle.name
                )
            )
    return Markup("").join(drawn)


def _around(circle: Circle, most: int) -> _Box:
    (x, y), reach = at(circle.latitude, circle.longitude), radius(circle.pence, most)
    return _Box(x - reach, y - reach, x + reach, y + reach)


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def within(self, other: _Box) -> bool:
        across = other.left <= self.left and self.right <= other.right
        return across and other.top <= self.top and self.bottom <= other.bottom

    def is_free(self, taken: Iterable[_Box]) -> bool:
        """Whether it is on the drawing and overlaps none of the others."""
        inside = self.left >= 0 and self.right <= WIDTH
        return inside and not any(
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
            for other in taken
        )


def _beside(circle: Circle, most: int) -> Iterator[_Box]:
    """Where a name can stand: in a circle that is large enough, else right, left, below, above."""
    own, width, half = _around(circle, most), _LETTER * len(circle.name), 10.0
    middle = (own.top + own.bottom) / 2
    centred = (own.left + own.right - width) / 2
    if width < own.right - own.left:
        yield _Box(centred, middle - half, centred + width, middle + half)
        return
    for left in (own.right + 4, own.left - 4 - width):
        yield _Box(left, middle - half, left + width, middle + half)
    for top in (own.bottom, own.top - 2 * half):
        yield _Box(centred, top, centred + width, top + 2 * half)


def key() -> list[tuple[str, Markup]]:
    """Each filling with what it means, for the key of the map."""
    numbers: Iterable[int | None] = (0, 1, 2, 3, None)
    words = (*BANDS, UNKNOWN)
    return [
        (
            word,
            Markup(
                '<svg class="map-key" viewBox="0 0 24 24" aria-hidden="true">'
                '<circle cx="12" cy="12" r="10" {}/></svg>'
            ).format(filling(number)),
        )
        for word, number in zip(words, numbers, strict=True)
    ]


def tile(zoom: int, column: int, row: int) -> str:
    """A square of the web's usual map grid with nothing but the outline, as SVG."""
    side = 256
    scale = side * 2**zoom

    def point(longitude: float, latitude: float) -> str:
        x = (longitude + 180) / 360 * scale - column * side
        angle = math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
        y = (1 - angle / math.pi) / 2 * scale - row * side
        return f"{x:.1f},{y:.1f}"

    paths = "".join(
        f'<path fill="{fill}" stroke="#7d8a90" d="'
        + "".join("M" + " ".join(point(*place) for place in ring) + "Z" for ring in outline()[name])
        + '"/>'
        for name, fill in (("not_united_kingdom", "#eef0ef"), ("united_kingdom", "#fbfaf5"))
    )
    return str(
        Markup(
            '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{0}" '
            'viewBox="0 0 {0} {0}"><rect width="{0}" height="{0}" fill="#dfe8ec"/>{1}</svg>'
        ).format(side, Markup(paths))
    )
