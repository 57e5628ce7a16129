"""Pages of an edition are made once: it never changes, so neither do they.

Held per process, by edition and address. A page that many ask for at once is made by one of them,
and its answer, good or bad, is everybody's; only a good one is kept. Bodies are kept gzipped, as
they are sent. What streams, a file, or an answer to a visitor's SQL, is made for who asks for it.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from govspend_site import live, metrics, ready, visits
from govspend_site.page_store import Headers, Key, Page, Store

Scope = MutableMapping[str, Any]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]

_LARGEST = 2_000_000
# Smaller ones gain nothing from being compressed.
_SMALLEST = 500
# Larger ones are compressed beside the loop that answers everybody.
_AT_ONCE = 100_000
_LEVEL = 6
# What a visitor's browser may keep without asking again: nothing, so that a new edition shows at
# once. Asking costs 304 and no body.
_ASKED_EACH_TIME = b"public, max-age=0, must-revalidate"
# A cache between us and many browsers may for a few seconds answer for us.
_RULE = b"public, max-age=0, s-maxage=5, must-revalidate"
# A style or script under the hash of its content, which pages name it by.
_RULE_OF_CONTENT = b"public, max-age=31536000, immutable"
# What is not there now may be there in a minute.
_RULE_OF_ERRORS = b"no-store"
_COMPRESSED = (b"text/", b"application/javascript", b"application/json",
               b"application/problem+json", b"image/svg+xml", b"application/atom+xml",
               b"application/xml", b"application/ld+json")  # fmt: skip
# The list of editions, what tells of the server itself, and files.
_NOT_OF_AN_EDITION = (b"/as-of", b"/favicon.ico")
_STATIC = b"/static/"
_OF_THE_SERVER = (b"/-/", _STATIC)
# Letters of the hash in an address.
_HASH = 8
_FILES = (b".db", b".sqlite")
# Bulk files come from the disk as they are, with an ETag and ranges of their own.
_A_FILE = re.compile(rb"(?:^|/)downloads/[^/?]+(?:\?.*)?$")
# The API's files stream, and answer to an ETag themselves.
_STREAMED = re.compile(rb"/api/v1/[a-z]+\.(?!json$)[a-z]+$")
# Nobody signs in here, so what says who somebody is must not tell one page from another.
_PERSONAL = (b"cookie", b"authorization")
# Made without regard to what one browser has or takes: others will want the whole body.
_CONDITIONS = (b"if-none-match", b"if-modified-since", b"accept-encoding", b"range", b"if-range")


_MADE, _HIT, _JOINED = map(metrics.page_answers.labels, ("made", "hit", "joined"))
STORE = Store()
READY = ready.Answers(STORE)
_MAKING: dict[Key, asyncio.Future[Page | None]] = {}


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
        if asked.is_shared:
            await _shared(app, asked, receive, send)
        else:
            await _alone(app, asked, receive, send)

    return caching


@dataclass(frozen=True)
class Asked:
    """A request for a page, as far as the cache looks at it."""

    key: Key
    anonymous: Scope
    """the request without what says who asks; asked as GET, whose headers HEAD has too"""
    is_shared: bool
    takes_gzip: bool
    is_head: bool
    accepted: bytes
    """its Accept-Encoding"""
    known: tuple[bytes, ...]
    """ETags that the browser has"""

    @classmethod
    def of(cls, scope: Scope) -> Asked:
        headers = dict(scope["headers"])
        path = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
        key = key_of(scope, path, headers.get(b"host", b""))
        shared = bool(key.edition_id) and is_of_an_edition(path, key.query)
        left_out = _PERSONAL + _CONDITIONS if shared else _PERSONAL
        kept = [pair for pair in scope["headers"] if pair[0] not in left_out]
        accepted = headers.get(b"accept-encoding", b"")
        known = headers.get(b"if-none-match", b"").split(b",")
        return cls(
            key=key,
            anonymous={**scope, "headers": kept, "method": "GET"},
            is_shared=shared,
            takes_gzip=takes_gzip(accepted),
            is_head=scope["method"] == "HEAD",
            accepted=accepted,
            known=tuple(_strong(tag.strip()) for tag in known if tag.strip()),
        )


def key_of(scope: Scope, path: bytes, host: bytes) -> Key:
    edition_id, base = live.pinned() or ("", "")
    day = datetime.now(UTC).date().toordinal()
    return Key(edition_id, base, path, scope["query_string"], scope.get("scheme", ""), host, day)


def is_of_an_edition(path: bytes, query: bytes) -> bool:
    """Whether an address gives the same to everybody for as long as an edition is served."""
    if path.startswith(_NOT_OF_AN_EDITION) or path.endswith(_FILES) or _STREAMED.match(path):
        return False
    # Anywhere in the path, because a site may have a path of its own before them.
    if any(part in path for part in _OF_THE_SERVER):
        return False
    return not visits.brings_sql(query.decode("latin-1"))


def takes_gzip(accepted: bytes) -> bool:
    """Whether a browser that sends this Accept-Encoding takes gzip; `gzip;q=0` says it does not."""
    for part in accepted.lower().split(b","):
        name, _, weight = part.partition(b";")
        if name.strip() in (b"gzip", b"x-gzip", b"*"):
            _, _, number = weight.partition(b"q=")
            return not number.strip() or bool(number.strip(b" 0."))
    return False


def _strong(tag: bytes) -> bytes:
    """An ETag without the mark of a weak one, which GET does not compare."""
    return tag.removeprefix(b"W/")


async def _shared(app: App, asked: Asked, receive: Any, send: Send) -> None:
    joined = False
    while True:
        page = STORE.get(asked.key)
        if page is not None:
            (_JOINED if joined else _HIT).inc()
            await _answer(page, asked, send)
            return
        making = _MAKING.get(asked.key)
        if making is None:
            await _make(app, asked, receive, send)
            return
        joined = True
        await asyncio.wait([making])
        if making.cancelled():
            # Its maker failed or left before it was done: the next in line is the maker.
            continue
        page = making.result()
        if page is None:
            await _alone(app, asked, receive, send)
        else:
            _JOINED.inc()
            await _answer(page, asked, send)
        return


async def _make(app: App, asked: Asked, receive: Any, send: Send) -> None:
    """Makes the page for all who ask for it, and answers who asked first."""
    made: asyncio.Future[Page | None] = asyncio.get_running_loop().create_future()
    _MAKING[asked.key] = made
    _MADE.inc()

    def tell(page: Page | None) -> None:
        if not made.done():
            made.set_result(page)
            del _MAKING[asked.key]

    try:
        held = Held(send, is_head=asked.is_head, on_passing=lambda: tell(None))
        await app(asked.anonymous, receive, held)
        if held.passing:
            return
        page = await finished(held, None if asked.key.base else _RULE)
        if page.status == 200 and held.may_be_kept:
            STORE.keep(asked.key, page)
            metrics.page_bytes.set(STORE.byte_count)
            metrics.page_count.set(len(STORE))
        tell(page if held.may_be_kept else None)
    finally:
        if not made.done():
            del _MAKING[asked.key]
            made.cancel()
    await _answer(page, asked, send)


async def _alone(app: App, asked: Asked, receive: Any, send: Send) -> None:
    is_static = _STATIC in asked.key.path
    held = Held(send, is_head=asked.is_head, holds_streams=is_static)
    await app(asked.anonymous, receive, held)
    if not held.passing:
        rule = _rule_of_static(held.body, asked.key.query) if is_static else None
        await _answer(await finished(held, rule), asked, send)


def _rule_of_static(body: bytearray, query: bytes) -> bytes:
    is_named = query == hashlib.sha256(body).hexdigest()[:_HASH].encode()
    return _RULE_OF_CONTENT if is_named else _RULE


class Held:
    """A `send` that holds what the app says until it is whole, unless that is long or a stream."""

    def __init__(
        self,
        send: Send,
        *,
        is_head: bool,
        on_passing: Callable[[], None] = lambda: None,
        holds_streams: bool = False,
    ) -> None:
        self._send = send
        self._holds_streams = holds_streams
        self._is_head = is_head
        self._on_passing = on_passing
        self._said: dict[bytes, bytes] = {}
        self.start: dict[str, Any] = {}
        self.headers: Headers = []
        self.body = bytearray()
        self.passing = False

    @property
    def may_be_kept(self) -> bool:
        rule = self._said.get(b"cache-control", b"")
        return (
            b"set-cookie" not in self._said and b"no-store" not in rule and b"private" not in rule
        )

    async def __call__(self, message: dict[str, Any]) -> None:
        if self.passing:
            await self._pass(message)
        elif message["type"] == "http.response.start":
            self.start = message
            self.headers = [(name.lower(), value) for name, value in message.get("headers", [])]
            self._said = dict(self.headers)
        else:
            self.body += message.get("body", b"")
            encoded = b"content-encoding" in self._said
            streams = bool(message.get("more_body")) and not self._holds_streams
            if streams or len(self.body) > _LARGEST or encoded:
                self.passing = True
                self._on_passing()
                await self._send(self.start)
                await self._pass({**message, "body": bytes(self.body)})
                self.body.clear()

    async def _pass(self, message: dict[str, Any]) -> None:
        await self._send({**message, "body": b""} if self._is_head else message)


async def finished(held: Held, rule: bytes | None = None) -> Page:
    """The page, compressed where that gains, with an ETag of its own and rules for browsers.

    `rule` is its Cache-Control, whatever it says itself; without one that stays.
    """
    if len(held.body) > _AT_ONCE:
        return await asyncio.to_thread(_finished, held, rule)
    return _finished(held, rule)


def _finished(held: Held, rule: bytes | None) -> Page:
    body, status = bytes(held.body), held.start["status"]
    if status == 304:
        return Page(status, held.headers, b"", None, b"")
    said = dict(held.headers)
    replaced = (b"etag", b"vary", b"cache-control", b"content-length")
    kept = [pair for pair in held.headers if pair[0] not in replaced]
    if status >= 400:
        rule = _RULE_OF_ERRORS
    elif rule is None or not held.may_be_kept:
        rule = said.get(b"cache-control", _ASKED_EACH_TIME)
    kept += [(b"cache-control", rule), (b"vary", b"Accept-Encoding")]
    etag = said.get(b"etag") or b'"%s"' % hashlib.sha256(body).hexdigest()[:20].encode()
    worth = said.get(b"content-type", b"").startswith(_COMPRESSED) and len(body) > _SMALLEST
    gzipped = gzip.compress(body, _LEVEL, mtime=0) if worth else None
    # Who takes no gzip is rare enough for it to be undone for them.
    return Page(status, kept, b"" if worth else body, gzipped, etag)


async def _answer(page: Page, asked: Asked, send: Send) -> None:
    headers, is_as_kept = list(page.headers), asked.is_shared
    body, etag = page.body, page.etag
    if page.gzipped is not None and asked.takes_gzip:
        body, etag = page.gzipped, etag[:-1] + b'-gzip"'
        headers.append((b"content-encoding", b"gzip"))
    elif page.gzipped is not None:
        is_as_kept = False
        body = gzip.decompress(page.gzipped)
    status = page.status
    if status == 200:
        headers.append((b"etag", etag))
        if _strong(etag) in asked.known or b"*" in asked.known:
            status, body = 304, b""
            headers = [pair for pair in headers if pair[0] not in ready.OF_A_BODY]
    if status != 304:
        headers.append((b"content-length", str(len(body)).encode()))
        if is_as_kept:
            READY.keep(asked.key, page, asked.accepted, headers, body)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if asked.is_head else body})
