"""Nobody waits for the first look at an edition: each process makes the usual pages on its own.

After a start those that most people open, after a swap those that most people opened in the edition
before, and again when the day turns, because pages tell its date. One at a time, and when nobody
is being served, if such a moment comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from govspend_site import chart, edition, live, live_charts, metrics, page_cache

URL = "GOVSPEND_URL"
"""Environment variable: the address that visitors use, because pages name it. Without it nothing
is made before it is asked for."""

FIRST = ("/", "/firms-like-mine", "/suppliers", "/buyers", "/market", "/map", "/govspend/spend",
         "/govspend", "/digest", "/proof/", "/search", "/releases")  # fmt: skip
_MOST = 40
# Seconds between looks at the link, each one system call.
_POLL = 0.25
# How long a page waits for a moment without visitors before it is made all the same.
_LONGEST_WAIT = 1.0

_log = logging.getLogger(__name__)


class Address(NamedTuple):
    """What to ask for, as a visitor's browser would."""

    scheme: str
    host: bytes
    path: bytes
    query: bytes


def kept_warm(datasette: Any, app: Any) -> Any:
    """`app`, which makes its usual pages in the background for as long as the server runs."""
    warmer = Warmer(datasette, app)

    async def living(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await warmer.through_life(app, scope, receive, send)
            return
        warmer.visitors += 1
        try:
            await app(scope, receive, send)
        finally:
            warmer.visitors -= 1

    return living


class Warmer:
    """Makes pages before they are asked for."""

    def __init__(self, datasette: Any, app: Any) -> None:
        self._datasette, self._app = datasette, app
        self.visitors = 0
        """requests being answered now"""

    async def through_life(self, app: Any, scope: Any, receive: Any, send: Any) -> None:
        """Passes the lifespan on to `app`; warms from when the site is up to when it goes."""
        tasks: list[asyncio.Task[None]] = []

        async def sending(message: Any) -> None:
            await send(message)
            shelf = live.shelf_of(self._datasette) if URL in os.environ else None
            if message["type"] == "lifespan.startup.complete" and shelf is not None:
                tasks.append(asyncio.create_task(self._watch(shelf)))

        try:
            await app(scope, receive, sending)
        finally:
            for task in tasks:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _watch(self, shelf: live.Shelf) -> None:
        # The first drawing loads the library, and nothing in this process runs meanwhile: at once,
        # before there are visitors, rather than under one of them.
        chart.load()
        if not page_cache.STORE.most_bytes:
            # Without a place to keep them no page can be made ready.
            return
        warm: tuple[str, date] | None = None
        before = shelf.newest.edition_id
        while True:
            shelf.look()
            now = (shelf.newest.edition_id, datetime.now(UTC).date())
            if now != warm:
                metrics.warm.set(0)
                if await self._warm(shelf, before):
                    metrics.warm.set(1)
                    warm, before = now, now[0]
            await asyncio.sleep(_POLL)

    async def _warm(self, shelf: live.Shelf, before: str) -> bool:
        """Whether the usual pages of the newest edition are made, as far as they can be."""
        serving = shelf.newest.edition_id
        for address in await self._addresses(before):
            if shelf.newest.edition_id != serving:
                # Another edition is there already: its pages are wanted, not these.
                return False
            await self._quiet()
            try:
                await ask(self._app, address)
            except Exception:
                # A visitor will get the same, and be told what it means.
                _log.exception("%s could not be made ready", address.path.decode("latin-1"))
        await bundle(shelf.build)
        return True

    async def _addresses(self, before: str) -> list[Address]:
        keys = page_cache.STORE.most_visited(before, _MOST)
        visited = [Address(key.scheme, key.host, key.path, key.query) for key in keys]
        places = [(address.scheme, address.host) for address in visited] or [own_place()]
        try:
            served = await edition.current(self._datasette)
        except sqlite3.Error:
            # Each page will say so, and /-/health does.
            served = None
        newest = (f"/digest/{served.newest_month[:7]}",) if served else ()
        base = live.site_base(self._datasette)
        usual = [
            Address(*places[0], (base + path.removeprefix("/")).encode(), b"")
            for path in FIRST + newest
        ]
        return list(dict.fromkeys(visited + usual))

    async def _quiet(self) -> None:
        waited = 0.0
        while self.visitors and waited < _LONGEST_WAIT:
            await asyncio.sleep(0.02)
            waited += 0.02


def own_place() -> tuple[str, bytes]:
    """Scheme and host that visitors are expected to use."""
    parts = urlsplit(os.environ[URL])
    return parts.scheme, parts.netloc.encode()


async def ask(app: Any, address: Address) -> int:
    """Has `app` answer as if that address was visited; gives the status."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": address.scheme, "raw_path": address.path, "query_string": address.query,
        "path": unquote_to_bytes(address.path).decode("utf-8", "replace"), "root_path": "",
        "headers": [(b"host", address.host), (b"accept-encoding", b"gzip")],
        "client": ("127.0.0.1", 0), "server": None,
    }  # fmt: skip
    status = 0

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    return status


async def bundle(build: Path) -> None:
    """Has the script of charts made in a process of its own, unless it is kept: it takes seconds.

    Made in this one it would leave nobody else a turn.
    """
    if live_charts.file_in(build).exists():
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "govspend_site.live_charts", str(build)
    )
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
