"""Sitemaps (sitemaps.org 0.9): every page that somebody may look for, and when it last changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from govspend_site import proof, queries

MOST = 50_000
"""addresses that the standard lets one sitemap have"""

_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
# Pages that change with the data, and those that only change with the program.
_PAGES = (
    "/", "/firms-like-mine", "/suppliers", "/buyers", "/map", "/market", "/digest", "/releases",
    "/govspend", "/proof/", "/downloads", "/data-quality",
)  # fmt: skip
_TEXTS = ("/about", "/glossary", "/data-dictionary", "/accessibility")


@dataclass(frozen=True)
class Entry:
    """A page by its path, and the ISO day of the release that last changed it."""

    path: str
    changed_date: str | None


# An edition never changes, so its pages are looked up once.
_KNOWN: dict[str, list[Entry]] = {}


async def entries(datasette: Any, questions: Iterable[str]) -> list[Entry]:
    """Every page to be found, the general ones first. `questions` are names of canned queries."""
    edition = str(queries.database(datasette).path)
    if edition not in _KNOWN:
        found = await _entries(datasette, questions)
        _KNOWN.clear()
        _KNOWN[edition] = found
    return _KNOWN[edition]


async def _entries(datasette: Any, questions: Iterable[str]) -> list[Entry]:
    found = await queries.rows(datasette, "sitemap_pages")
    newest = max((row["changed_date"] for row in found), default=None)
    cards = [f"/proof/{figure.key}" for figure in await proof.headlines(datasette)]
    asked = [f"/{queries.DATABASE}/{name}" for name in questions]
    return [
        *(Entry(path, newest) for path in (*_PAGES, *cards, *asked)),
        *(Entry(path, None) for path in _TEXTS),
        *(Entry(f"/{row['kind']}/{quote(row['id'])}", row["changed_date"]) for row in found),
    ]


def part(found: Sequence[Entry], number: int, most: int = MOST) -> Sequence[Entry]:
    """Part `number`, counted from 1, of at most `most` entries; empty where there is none."""
    return found[(number - 1) * most : number * most] if number > 0 else []


def sitemap(found: Iterable[Entry], address: Callable[[str], str]) -> str:
    """The pages as XML. `address` makes a path of the site an absolute address."""
    return _xml("urlset", "url", found, address)


def index(found: Sequence[Entry], address: Callable[[str], str], most: int = MOST) -> str:
    """The parts as XML, each with the day of its newest page."""
    parts = []
    for number in range(1, -(-len(found) // most) + 1):
        dates = [entry.changed_date or "" for entry in part(found, number, most)]
        parts.append(Entry(f"/sitemap-{number}.xml", max(dates) or None))
    return _xml("sitemapindex", "sitemap", parts, address)


def _xml(root: str, tag: str, found: Iterable[Entry], address: Callable[[str], str]) -> str:
    top = ET.Element(root, xmlns=_NAMESPACE)
    for entry in found:
        page = ET.SubElement(top, tag)
        ET.SubElement(page, "loc").text = address(entry.path)
        if entry.changed_date:
            ET.SubElement(page, "lastmod").text = entry.changed_date
    return bytes(ET.tostring(top, encoding="utf-8", xml_declaration=True)).decode("utf-8")
