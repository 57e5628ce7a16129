"""One database name, one edition a request: the site takes over a new edition without a restart.

The publisher points a link at a new file. Each request is pinned to the edition that was newest
when it came, so that no page mixes two; an edition that is no longer newest is closed when its
last reader is gone. Replacing the database under its name would not do: Datasette keeps a
connection per thread and name, and would serve the old file for ever.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from datasette.database import Database

_pinned: ContextVar[Edition | None] = ContextVar("pinned", default=None)


class Edition(Database):  # type: ignore[misc]
    """A published file. It never changes, so its name stands for its hash."""

    def __init__(self, datasette: Any, path: Path, name: str) -> None:
        super().__init__(datasette, str(path), is_mutable=False)
        self.name = self.route = name
        self.cached_hash = path.stem
        self.readers = 0
        self._threads = threading.local()

    async def execute_fn(self, fn: Callable[[Any], Any]) -> Any:
        """As Datasette's own, but for the connections: those are this edition's alone."""

        def in_thread() -> Any:
            connection = getattr(self._threads, "connection", None)
            if connection is None:
                connection = self.connect()
                self.ds._prepare_connection(connection, self.name)
                self._threads.connection = connection
            return fn(connection)

        return await asyncio.get_running_loop().run_in_executor(self.ds.executor, in_thread)


class Shelf:
    """The newest edition behind a link, and those that are still being read."""

    def __init__(self, datasette: Any, link: Path, name: str) -> None:
        self._datasette, self._link, self.name = datasette, link, name
        self.newest = self._open()

    def _open(self) -> Edition:
        return Edition(self._datasette, self._link.resolve(), self.name)

    def look(self) -> None:
        """Takes over what the link points at now; one system call when nothing has changed."""
        try:
            target = self._link.resolve(strict=True)
        except OSError:
            # The link is gone: the last good edition stays up.
            return
        if str(target) != self.newest.path:
            before, self.newest = self.newest, self._open()
            _close_unread(before, self.newest)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Pins what runs inside to the edition that is newest now."""
        if _pinned.get() is not None:
            yield
            return
        self.look()
        edition = self.newest
        edition.readers += 1
        token = _pinned.set(edition)
        try:
            yield
        finally:
            _pinned.reset(token)
            edition.readers -= 1
            _close_unread(edition, self.newest)

    @property
    def current(self) -> Edition:
        return _pinned.get() or self.newest


def _close_unread(edition: Edition, newest: Edition) -> None:
    if edition is not newest and edition.readers == 0:
        edition.close()


class Databases(dict[str, Any]):
    """Datasette's mapping of databases, in which one name gives the edition of the request."""

    def __init__(self, databases: dict[str, Any], shelf: Shelf) -> None:
        super().__init__(databases)
        self._shelf = shelf

    def __getitem__(self, name: str) -> Any:
        return self._shelf.current if name == self._shelf.name else super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        return self._now().get(name, default)

    def items(self) -> Any:
        return self._now().items()

    def values(self) -> Any:
        return self._now().values()

    def copy(self) -> Databases:
        return Databases(self._now(), self._shelf)

    def _now(self) -> dict[str, Any]:
        return {name: self[name] for name in self}
