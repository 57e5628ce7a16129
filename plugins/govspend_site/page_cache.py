"""Pages of an edition are made once: it never changes, so neither do they.

Held per process, bounded in bytes, by edition and address; what was read last stays longest. A page
that many ask for at once is made by one of them. Bodies are kept as they are sent, gzipped.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from govspend_site import live, visits

Scope = MutableMapping[str, Any]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]
Key = tuple[tuple[str, str], bytes, bytes, tuple[bytes, str, int]]
Headers = list[tuple[bytes, bytes]]

MOST_BYTES = 1_000_000 * int(os.environ.get("GOVSPEND_PAGE_CACHE_MB", "64"))
_LARGEST = 2_000_000
# Smaller ones gain nothing from being compressed.
_SMALLEST = 500
_LEVEL = 6
# What a visitor's browser may keep without asking again: nothing, so that a new edition shows at
# once. Asking costs 304 and no body.
_RULE = b"public, max-age=0, must-revalidate"
_COMPRESSED = (b"text/", b"application/json", b"application/problem+json", b"image/svg+xml",
               b"application/atom+xml", b"application/xml", b"application/ld+json")  # fmt: skip
# The list of editions, what tells of the server itself, and files.
_NOT_OF_AN_EDITION = (b"/as-of", b"/-/", b"/static/")
# Bulk files come from the disk as they are, with an ETag and ranges of their own; to wait for who
# takes one slowly would keep everybody else from it.
_A_FILE = re.compile(rb"(?:^|/)downloads/[^/?]+(?:\?.*)?$")
# The API's files stream, so that they are never held; they answer to an ETag themselves.
_STREAMED = re.compile(rb"/api/v1/[a-z]+\.(?!json$)[a-z]+$")
# Nobody signs in here, so what says who somebody is must not tell one page from another.
_PERSONAL = (b"cookie", b"authorization")


@dataclass(frozen=True)
class Page:
    """An answer as it is sent. `body` is empty where there is a gzipped one."""

    status: int
    headers: Headers
    body: bytes
    gzipped: bytes | None
    etag: bytes

    @property
    def size(self) -> int:
        return len(self.body if self.gzipped is None else self.gzipped) + 500


@dataclass
class Cache:
    """Pages by their key, those read last at the end."""

    most_bytes: int = MOST_BYTES
    pages: OrderedDict[Key, Page] = field(default_factory=OrderedDict)
    byte_count: int = 0
    hits: int = 0
    misses: int = 0
    making: dict[Key, asyncio.Future[Page | None]] = field(default_factory=dict)

    def get(self, key: Key) -> Page | None:
        page = self.pages.get(key)
        if page is not None:
            self.pages.move_to_end(key)
        return page

    def keep(self, key: Key, page: Page) -> None:
        before = self.pages.pop(key, None)
        self.byte_count += page.size - (before.size if before else 0)
        self.pages[key] = page
        while self.byte_count > self.most_bytes:
            _, gone = self.pages.popitem(last=False)
            self.byte_count -= gone.size

    def clear(self) -> None:
        self.pages.clear()
        self.byte_count = 0


CACHE = Cache()


def cached(app: App) -> App:
    """`app`, each page of which is made once an edition."""

    async def caching(scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await app(scope, receive, send)
            return
        if _A_FILE.search(scope.get("raw_path") or scope["path"].encode()):
            await app(scope, receive, send)
            return
        asked = Asked.of(scope)
        if not asked.is_shared:
            await _make(app, asked.anonymous, receive, send, None, asked)
            return
        await _shared(app, asked, receive, send)

    return caching


@dataclass(frozen=True)
class Asked:
    """A request for a page, as far as the cache looks at it."""

    key: Key
    anonymous: Scope
    is_shared: bool
    takes_gzip: bool
    is_head: bool
    known: tuple[bytes, ...]
    """ETags that the browser has."""

    @classmethod
    def of(cls, scope: Scope) -> Asked:
        headers = dict(scope["headers"])
        path, query = scope.get("raw_path") or scope["path"].encode(), scope["query_string"]
        own = path.startswith(_NOT_OF_AN_EDITION) or visits.brings_sql(query.decode("latin-1"))
        own = own or bool(_STREAMED.match(path.partition(b"?")[0]))
        kept = [pair for pair in scope["headers"] if pair[0] not in _PERSONAL]
        stands_on = live.pinned()
        known = headers.get(b"if-none-match", b"")
        # Made without regard to what this browser has: others will want the body.
        conditions = (b"if-none-match", b"if-modified-since", b"accept-encoding")
        whole = [pair for pair in kept if pair[0] not in conditions]
        shared = not own and stands_on is not None and b"range" not in headers
        # Pages name their own address, and say which day's release is late.
        place = (headers.get(b"host", b""), scope.get("scheme", ""), date.today().toordinal())
        return cls(
            key=(stands_on or ("", ""), path.partition(b"?")[0], query, place),
            anonymous={**scope, "headers": whole if shared else kept},
            is_shared=shared,
            takes_gzip=b"gzip" in headers.get(b"accept-encoding", b""),
            is_head=scope["method"] == "HEAD",
            known=tuple(tag.strip().removeprefix(b"W/") for tag in known.split(b",")),
        )  # fmt: skip


async def _shared(app: App, asked: Asked, receive: Any, send: Send) -> None:
    page = CACHE.get(asked.key)
    if page is None and asked.key in CACHE.making:
        page = await asyncio.shield(CACHE.making[asked.key])
    if page is not None:
        CACHE.hits += 1
        await _answer(page, asked, send)
        return
    if asked.is_head:
        await app(asked.anonymous, receive, send)
        return
    CACHE.misses += 1
    made: asyncio.Future[Page | None] = asyncio.get_running_loop().create_future()
    CACHE.making.setdefault(asked.key, made)
    try:
        await _make(app, asked.anonymous, receive, send, made, asked)
    finally:
        if not made.done():
            made.set_result(None)
        if CACHE.making.get(asked.key) is made:
            del CACHE.making[asked.key]


async def _make(
    app: App,
    scope: Scope,
    receive: Any,
    send: Send,
    made: asyncio.Future[Page | None] | None,
    asked: Asked,
) -> None:
    """Has the app make the page. One that is too large, or streams, is passed on as it comes."""
    held = Held(send)
    await app(scope, receive, held)
    if held.passing:
        return
    page = finished(held)
    if made is not None and page.status == 200 and held.may_be_kept:
        CACHE.keep(asked.key, page)
        made.set_result(page)
    await _answer(page, asked, send)


class Held:
    """A `send` that holds what the app says until it is whole, unless that is long or a stream."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.start: dict[str, Any] = {}
        self.body = bytearray()
        self.passing = False

    @property
    def headers(self) -> Headers:
        return [(name.lower(), value) for name, value in self.start.get("headers", [])]

    @property
    def may_be_kept(self) -> bool:
        said = dict(self.headers)
        rule = said.get(b"cache-control", b"")
        return b"set-cookie" not in said and b"no-store" not in rule

    async def __call__(self, message: dict[str, Any]) -> None:
        if self.passing:
            await self._send(message)
        elif message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")
            encoded = b"content-encoding" in dict(self.headers)
            if message.get("more_body") or len(self.body) > _LARGEST or encoded:
                self.passing = True
                await self._send(self.start)
                await self._send({**message, "body": bytes(self.body)})
                self.body.clear()


def finished(held: Held) -> Page:
    """The page, compressed where that gains, with an ETag of its own and rules for browsers."""
    body = bytes(held.body)
    said = dict(held.headers)
    kept = [
        (name, value)
        for name, value in held.headers
        if name not in (b"etag", b"vary", b"cache-control", b"content-length")
    ]
    rule = said.get(b"cache-control", _RULE)
    if held.start["status"] == 200 or rule is not _RULE:
        kept.append((b"cache-control", rule))
    kept.append((b"vary", b"Accept-Encoding"))
    etag = said.get(b"etag") or b'"%s"' % hashlib.sha256(body).hexdigest()[:20].encode()
    worth = said.get(b"content-type", b"").startswith(_COMPRESSED) and len(body) > _SMALLEST
    gzipped = gzip.compress(body, _LEVEL, mtime=0) if worth else None
    # Who takes no gzip is rare enough for it to be undone for them.
    return Page(held.start["status"], kept, b"" if worth else body, gzipped, etag)


async def _answer(page: Page, asked: Asked, send: Send) -> None:
    headers = list(page.headers)
    body, etag = page.body, page.etag
    if page.gzipped is not None and asked.takes_gzip:
        body, etag = page.gzipped, etag[:-1] + b'-gzip"'
        headers.append((b"content-encoding", b"gzip"))
    elif page.gzipped is not None:
        body = gzip.decompress(page.gzipped)
    status = page.status
    if status == 200:
        headers.append((b"etag", etag))
        if etag in asked.known or b"*" in asked.known:
            status, body = 304, b""
            headers = [pair for pair in headers if not pair[0].startswith(b"content-")]
    if status != 304:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if asked.is_head else body})
