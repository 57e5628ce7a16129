"""Which edition is being served: what every page says of itself in its banner and footer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

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

    @property
    def terms(self) -> list[Feed]:
        """A feed for each sentence and licence that the feeds are used under: many share theirs."""
        return list({(feed.attribution, feed.licence): feed for feed in self.feeds}.values())


# By the database, which never changes: a new edition is a new one, and an old one is forgotten.
_known: WeakKeyDictionary[Any, Edition] = WeakKeyDictionary()


async def current(datasette: Any) -> Edition | None:
    """The edition being served; None when there is no database, so that an error page can show."""
    database = queries.database(datasette)
    if database not in _known:
        served = await read(datasette)
        if served is None or database.is_mutable:
            return served
        _known[database] = served
    return _known[database]


async def read(datasette: Any) -> Edition | None:
    """The same, asked of the database each time."""
    if queries.database(datasette) is None:
        return None
    found = await queries.rows(datasette, "edition")
    if not found:
        return None
    feeds = tuple(Feed(**feed) for feed in await queries.rows(datasette, "feeds"))
    return Edition(**{**found[0], "illustrative": bool(found[0]["illustrative"])}, feeds=feeds)
