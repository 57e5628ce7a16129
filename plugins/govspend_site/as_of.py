"""Kept editions under /as-of/: what there are, what a page of one says of itself, its headers."""

from __future__ import annotations

import asyncio
import datetime
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govspend_site import live, queries, words
from govspend_site.shards import files

Send = Callable[[Any], Awaitable[None]]

# What an edition says is fixed; the page around it must be able to name a newer one.
_DATA = "public, max-age=31536000, immutable"
_PAGE = "public, max-age=300"
_LOOKS = (b"text/html", b"text/css", b"text/javascript", b"application/javascript")
_UNCHANGED = (b"private", b"no-store")


@dataclass(frozen=True)
class Kept:
    """A published edition whose file is there."""

    edition_id: str
    newest_month: str
    published: str
    byte_count: int
    releases: tuple[str, ...]
    illustrative: bool
    url: str
    is_newest: bool


@dataclass(frozen=True)
class Here:
    """What a page under /as-of/ says: its edition, and where the same page is in the newest."""

    edition_id: str
    is_newest: bool
    newest_url: str
    list_url: str


_KNOWN: dict[Path, dict[str, Any]] = {}


def _read(path: Path) -> dict[str, Any]:
    """What an edition's file says of itself; read once, since it never changes."""
    if path not in _KNOWN:
        database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        try:
            row = database.execute(queries.sql("as_of_edition")).fetchone()
        finally:
            database.close()
        status = path.stat()
        published = datetime.datetime.fromtimestamp(status.st_mtime, datetime.UTC)
        _KNOWN[path] = {
            "newest_month": row[0],
            "illustrative": bool(row[1]),
            "releases": tuple((row[2] or "").split()),
            "published": words.instant_name(published.isoformat()),
            "byte_count": status.st_size + sum(shard.byte_count for shard in files.of(path)),
        }
    return _KNOWN[path]


async def editions(datasette: Any) -> list[Kept]:
    """Every edition that can be read, the last published first."""
    shelf = live.shelf_of(datasette)
    if shelf is None:
        return []
    return await asyncio.to_thread(_editions, datasette, shelf)


def _editions(datasette: Any, shelf: live.Shelf) -> list[Kept]:
    found = []
    for edition_id, path in shelf.files().items():
        try:
            said = _read(path)
        except (sqlite3.Error, OSError, TypeError):
            # Half copied, damaged or just removed: it is not offered, and the others are.
            continue
        url = live.kept_base(datasette, edition_id)
        is_newest = edition_id == shelf.newest.edition_id
        found.append(Kept(edition_id=edition_id, url=url, is_newest=is_newest, **said))
    return found


def here(datasette: Any, request: Any) -> Here | None:
    """What the page of this request says of its edition; None for the site as it is now."""
    shelf, kept = live.shelf_of(datasette), live.pinned_to()
    if shelf is None or kept is None or request is None:
        return None
    base = live.site_base(datasette)
    query = f"?{request.query_string}" if request.query_string else ""
    return Here(
        edition_id=kept.edition_id,
        is_newest=kept.edition_id == shelf.newest.edition_id,
        newest_url=base + request.path.lstrip("/") + query,
        list_url=f"{base}{live.AS_OF}/",
    )


def is_absent(exception: Exception) -> bool:
    """Whether a kept edition lacks what a page of today asks of it."""
    text = str(exception)
    return isinstance(exception, sqlite3.Error) and text.startswith(
        ("no such table", "no such col")
    )


def lasting(app: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """`app` with headers for addresses of a kept edition, whose data never changes."""

    async def told(scope: Any, receive: Any, send: Send) -> None:
        base = live.pinned_base()

        async def sending(message: Any) -> None:
            if base and message["type"] == "http.response.start":
                headers = [_within(base, *header) for header in _headers(message)]
                message = {**message, "headers": headers}
            await send(message)

        await app(scope, receive, sending)

    return told


def _within(base: str, name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """A redirect that forgot the edition, led back into it."""
    outside = (base.encode(), base.partition(f"{live.AS_OF}/")[0].encode() + live.AS_OF.encode())
    if name == b"location" and value.startswith(b"/") and not value.startswith(outside):
        value = base.encode() + value.lstrip(b"/")
    return name, value


def _headers(message: Any) -> list[tuple[bytes, bytes]]:
    headers = [(name.lower(), value) for name, value in message.get("headers", [])]
    # One page in one edition is enough for a search engine, and that is the newest.
    headers.append((b"x-robots-tag", b"noindex"))
    said = dict(headers)
    if message["status"] != 200 or any(w in said.get(b"cache-control", b"") for w in _UNCHANGED):
        return headers
    rule = _PAGE if said.get(b"content-type", b"").startswith(_LOOKS) else _DATA
    kept = [(name, value) for name, value in headers if name != b"cache-control"]
    return [*kept, (b"cache-control", rule.encode())]
