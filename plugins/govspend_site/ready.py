"""The shortest way from a request to a page that is there: one look, and the answer goes out whole.

Only what most visitors ask: GET of a page of the newest edition that was given before to
somebody with the same Accept-Encoding. Everything else goes the way of every request, which answers
the same. What is answered here is counted in plain numbers, which the metrics get a little later.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from govspend_site import counting, live, metrics
from govspend_site.page_store import Key, Page, Store

Place = tuple[bytes, bytes, str, bytes, bytes]
"""Path and query as sent, scheme, Host and Accept-Encoding"""

# Seconds between looks for a new edition, and until what was counted is told to the metrics.
_LOOK = 0.02
_TELL = 0.2
_MOST = 2_000
_LONGEST_ACCEPTED = 100
_DAY = 86_400
# What a 304 says nothing of.
OF_A_BODY = (b"content-type", b"content-length", b"content-encoding", b"content-disposition")


@dataclass
class Ready:
    """A page as the messages that send it, and how often it was since the metrics were told."""

    key: Key
    page: Page
    etag: bytes
    start: dict[str, Any]
    body: dict[str, Any]
    unchanged: dict[str, Any]
    kind: str


@dataclass
class Counts:
    """How many answers of one kind and status there were, and the seconds that they took."""

    answers: int = 0
    seconds: float = 0.0


@dataclass
class Answers:
    """Answers of one edition and day, as long as none of its pages had to make room."""

    store: Store
    _ready: dict[Place, Ready] = field(default_factory=dict)
    _stands_on: tuple[str, int, int] = ("", 0, 0)
    _looked: float = 0.0
    _counts: dict[tuple[str, int], Counts] = field(default_factory=dict)

    def find(self, shelf: live.Shelf, place: Place) -> Ready | None:
        """The answer for a request, unless it is not known, or not any more."""
        now = time.time()
        if not 0 <= now - self._looked < _LOOK:
            self._looked = now
            shelf.look()
        stands_on = (shelf.newest.edition_id, int(now // _DAY), self.store.gone)
        if stands_on != self._stands_on:
            self._ready.clear()
            self._stands_on = stands_on
        found = self._ready.get(place)
        if found is None or self.store.get(found.key) is not found.page:
            return None
        return found

    def keep(self, key: Key, page: Page, accepted: bytes, headers: list[Any], body: bytes) -> None:
        """Keeps an answer that was given from the cache; of what the page was when it was made."""
        edition_id, _, gone = self._stands_on
        same_edition = key.edition_id == edition_id and not key.base and gone == self.store.gone
        if not same_edition or key not in self.store or len(accepted) > _LONGEST_ACCEPTED:
            return
        if len(self._ready) >= _MOST:
            self._ready.clear()
        said = dict(headers)
        kept = [pair for pair in headers if pair[0] not in OF_A_BODY]
        self._ready[key.path, key.query, key.scheme, key.host, accepted] = Ready(
            key=key,
            page=page,
            etag=said[b"etag"],
            start={"type": "http.response.start", "status": 200, "headers": headers},
            body={"type": "http.response.body", "body": body},
            unchanged={"type": "http.response.start", "status": 304, "headers": kept},
            kind=counting.kind(key.path.decode("latin-1"), key.query.decode("latin-1")),
        )

    def count(self, kind: str, status: int, seconds: float) -> None:
        """Counts an answer; the metrics learn of it soon, however few come after it."""
        counts = self._counts.get((kind, status))
        if counts is None:
            if not self._counts:
                asyncio.get_running_loop().call_later(_TELL, self.tell)
            counts = self._counts[kind, status] = Counts()
        counts.answers += 1
        counts.seconds += seconds

    def tell(self) -> None:
        """Gives the metrics what was counted since they were told last."""
        counted, self._counts = self._counts, {}
        for (kind, status), counts in counted.items():
            metrics.page_answers.labels("hit").inc(counts.answers)
            counting.add(kind, "GET", status, counts.answers, counts.seconds)


def first(app: Any, datasette: Any, answers: Answers) -> Any:
    """`app`, asked only for what is not ready."""

    async def answering(scope: Any, receive: Any, send: Any) -> None:
        started = time.perf_counter()
        shelf = live.shelf_of(datasette)
        is_asked = scope["type"] == "http" and scope["method"] == "GET"
        # What the site asks itself is of the edition of the page that it asks for.
        if shelf is None or not is_asked or live.is_pinned():
            await app(scope, receive, send)
            return
        host = accepted = known = b""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"accept-encoding":
                accepted = value
            elif name == b"if-none-match":
                known = value
        path = scope.get("raw_path") or scope["path"].encode()
        place = (path, scope["query_string"], scope.get("scheme", ""), host, accepted)
        ready = answers.find(shelf, place)
        if ready is None or (known and known != ready.etag):
            await app(scope, receive, send)
            return
        start = ready.unchanged if known else ready.start
        await send(start)
        await send(_NOTHING if known else ready.body)
        answers.count(ready.kind, start["status"], time.perf_counter() - started)

    return answering


_NOTHING = {"type": "http.response.body", "body": b""}
