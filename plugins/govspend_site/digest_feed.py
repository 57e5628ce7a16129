"""The digests as an Atom feed (RFC 4287), for readers and programs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any
from xml.etree import ElementTree as ET

from govspend_site import digest, words

_ATOM = "http://www.w3.org/2005/Atom"
Row = dict[str, Any]


def by_month(releases: Iterable[Row]) -> list[tuple[str, list[Row]]]:
    """(YYYY-MM, its releases), newest month first; `releases` come in that order."""
    return [
        (month[:7], list(rows))
        for month, rows in groupby(releases, lambda row: row["newest_month"])
    ]


def feed(releases: Iterable[Row], title: str, address: Callable[[str], str]) -> bytes:
    """The feed's bytes. `address` makes a path of the site an absolute address."""
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed", {"{http://www.w3.org/XML/1998/namespace}lang": "en-GB"})
    months = by_month(releases)
    _text(root, "title", title)
    _text(root, "subtitle", "What was new in each release of the figures")
    _text(root, "id", _id(address("/digest")))
    _text(root, "updated", max((_updated(rows) for _, rows in months), default=_NEVER))
    _text(ET.SubElement(root, f"{{{_ATOM}}}author"), "name", "GovSpend")
    _link(root, "self", "application/atom+xml", address("/digest.atom"))
    _link(root, "alternate", "text/html", address("/digest"))
    for month, rows in months:
        _entry(root, month, rows, address)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


_NEVER = "1970-01-01T00:00:00Z"


def _entry(root: ET.Element, month: str, rows: list[Row], address: Callable[[str], str]) -> None:
    entry = ET.SubElement(root, f"{{{_ATOM}}}entry")
    feeds = words.listed(list(dict.fromkeys(row["feed"] for row in rows)))
    _text(entry, "title", f"{feeds} to {words.month_name(month)}")
    # The files themselves, so that an invented edition shares no id with the real one.
    _text(entry, "id", _id(month + "".join(sorted(row["sha256"] for row in rows))))
    _text(entry, "updated", _updated(rows))
    _link(entry, "alternate", "text/html", address(f"/digest/{month}"))
    said = [f"{row['feed']}: {digest.sentence(row)}" for row in rows]
    _text(entry, "summary", " ".join(said))


def _updated(rows: list[Row]) -> str:
    """When the newest of the releases came out, as far as is known, else when it was fetched."""
    return max(
        f"{row['published_date']}T00:00:00Z" if row["published_date"] else row["fetched_at"]
        for row in rows
    )


def _id(name: str) -> str:
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, f"{{{_ATOM}}}{tag}").text = text


def _link(parent: ET.Element, rel: str, kind: str, href: str) -> None:
    ET.SubElement(parent, f"{{{_ATOM}}}link", {"rel": rel, "type": kind, "href": href})
