"""What the site says of itself: whose data it is, what is wanting in it, and what words mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from govspend_site import queries


@dataclass(frozen=True)
class Fault:
    """A known fault of a release, how many lines it touches, and what it means."""

    release_id: str
    fault: str
    line_count: int
    meaning: str

    @property
    def title(self) -> str:
        return self.fault[:1].upper() + self.fault[1:]


def meaning_of(fault: str, meanings: Mapping[str, str]) -> str:
    """What a fault means: the longest of the beginnings in metadata.yml that it has; or nothing."""
    fitting = [beginning for beginning in meanings if fault.startswith(beginning)]
    return meanings[max(fitting, key=len)] if fitting else ""


async def faults(datasette: Any) -> list[Fault]:
    """Every known fault of every release, newest release first, with its meaning."""
    found = await queries.rows(datasette, "releases_pages_faults", {"release_id": ""})
    meanings = datasette.metadata("faults") or {}
    return [Fault(**row, meaning=meaning_of(row["fault"], meanings)) for row in found]


async def feeds(datasette: Any) -> list[dict[str, Any]]:
    """Every feed with its terms."""
    return await queries.rows(datasette, "about_feeds")


async def has_places(datasette: Any) -> bool:
    """Whether this edition knows where buyers are, whose sources then have to be named."""
    return bool(await queries.database(datasette).table_exists("buyer_places"))


async def of_places(datasette: Any) -> list[str]:
    """What is to be said of the places in this edition's database; nothing where it has none."""
    return list(datasette.metadata("attributions") or []) if await has_places(datasette) else []


def terms(glossary: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """The glossary by its terms' alphabet, each with the key that its address ends in."""
    found = [{"key": key, **entry} for key, entry in glossary.items()]
    return sorted(found, key=lambda entry: entry["term"].casefold())
