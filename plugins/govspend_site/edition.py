"""Which edition is being served: what every page says of itself in its banner and footer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from govspend_site import queries

_LICENCES = {
    "OGL-UK-3.0": (
        "Open Government Licence v3.0",
        "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
    )
}


@dataclass(frozen=True)
class Feed:
    """A publisher's series, with the release of it that the edition stands on, if any."""

    feed_id: str
    title: str
    publisher: str
    licence: str
    attribution: str
    release_id: str | None
    oldest_month: str | None
    newest_month: str | None
    published_date: str | None

    @property
    def licence_name(self) -> str:
        return _LICENCES.get(self.licence, (self.licence, ""))[0]

    @property
    def licence_url(self) -> str:
        return _LICENCES.get(self.licence, ("", ""))[1]


@dataclass(frozen=True)
class Edition:
    """One published database and the feeds that it stands on."""

    edition_id: str
    title: str
    illustrative: bool
    newest_month: str
    feeds: tuple[Feed, ...]


# Feeds of an edition never change; which edition is served can, when a new one is published.
_KNOWN: dict[tuple[str, str], Edition] = {}


async def current(datasette: Any) -> Edition | None:
    """The edition being served; None when there is no database, so that an error page can show."""
    if queries.database(datasette) is None:
        return None
    found = await queries.rows(datasette, "edition")
    if not found:
        return None
    row = found[0]
    key = (str(queries.database(datasette).path), row["edition_id"])
    if key not in _KNOWN:
        feeds = tuple(Feed(**feed) for feed in await queries.rows(datasette, "feeds"))
        _KNOWN.clear()
        _KNOWN[key] = Edition(**{**row, "illustrative": bool(row["illustrative"])}, feeds=feeds)
    return _KNOWN[key]
