"""One database name, one edition a request: the site takes over a new edition without a restart.

The publisher points a link at a new file and keeps the earlier ones beside it. Each request is
pinned to the edition that was newest when it came, so that no page mixes two; an edition that is no
longer newest is closed when its last reader is gone. Replacing the database under its name would
not do: Datasette keeps a connection per thread and name, and would serve the old file for ever.

A request under /as-of/EDITION/ is pinned to that edition's kept file. Datasette makes every link
from its base_url, so that setting is the edition's own address for as long as it is pinned.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from govspend_site import keyed, known_schema, lines, metrics, visits
from govspend_site.sharded import ShardedDatabase

_pinned: ContextVar[Edition | None] = ContextVar("pinned", default=None)
# The base_url of a request for a kept edition, /as-of/EDITION/; None for the site as it is now.
_base: ContextVar[str | None] = ContextVar("base", default=None)

AS_OF = "as-of"
_EDITION_ID = re.compile(r"[0-9a-z][0-9a-z-]{0,79}")
# Earlier editions that stay open when nobody reads them.
_OPEN = 4


class Edition(known_schema.KnownSchema, ShardedDatabase):
    """A published file. It never changes, so its name stands for its hash."""

    def __init__(self, datasette: Any, path: Path, name: str) -> None:
        super().__init__(datasette, str(path), is_mutable=False)
        self.name = self.route = name
        self.cached_hash, self.cached_size = path.stem, path.stat().st_size
        self.edition_id = path.stem.removeprefix(f"{name}-")
        self.readers = 0
        self.month_lines: dict[str, int] | None = None
        """month -> lines of spend, once they are needed"""
        self._lock: int | None = None
        self._counts: dict[str, int | None] | None = None

    def begin(self) -> None:
        """Counts a reader in. While there is one, the publisher's retention leaves the file."""
        self.readers += 1
        if self.readers == 1:
            with contextlib.suppress(OSError):
                # Closed, and so unlocked, by the last reader.
                self._lock = os.open(self.path, os.O_RDONLY)
                fcntl.flock(self._lock, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def end(self) -> None:
        """Counts a reader out."""
        self.readers -= 1
        if self.readers == 0 and self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def table_counts(self, limit: int = 10) -> dict[str, int | None]:
        """Rows of each table, known since the build: counting millions at each start takes long."""
        if self._counts is None:
            self._counts = {**await self.execute_fn(_counts), **self.line_counts()}
        return self._counts

    async def execute(self, sql: str, params: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As Datasette's own; what a table page asks of lines is told by cubes where they can."""
        asked = None if visits.is_visited() else await lines.quicker(self, sql, params)
        return await super().execute(*(asked or (sql, params)), *args, **kwargs)


class Shelf:
    """The newest edition behind a link, the kept ones beside it, and those still being read."""

    def __init__(self, datasette: Any, link: Path, name: str) -> None:
        self._datasette, self._link, self.name = datasette, link, name
        self._pointed_at = link.readlink()
        self.newest = self._open(link.resolve())
        # Earlier editions by id, the one read last at the end.
        self._earlier: OrderedDict[str, Edition] = OrderedDict()

    def _open(self, path: Path) -> Edition:
        return Edition(self._datasette, path, self.name)

    @property
    def build(self) -> Path:
        """The folder that the publisher builds in: the link, the editions, the last report."""
        return self._link.parent

    def look(self) -> None:
        """Takes over what the link points at now; one system call when nothing has changed."""
        try:
            pointed_at = self._link.readlink()
            if pointed_at == self._pointed_at:
                return
            target = self._link.resolve(strict=True)
        except OSError:
            # The link is gone: the last good edition stays up.
            return
        self._pointed_at = pointed_at
        if str(target) != self.newest.path:
            before, self.newest = self.newest, self._open(target)
            metrics.swaps.inc()
            if before.readers == 0:
                before.close()

    def files(self) -> dict[str, Path]:
        """Every kept edition's file by its id, the last published first."""
        folder = Path(self.newest.path).parent
        found = sorted(folder.glob(f"{self.name}-*.db"), key=_published, reverse=True)
        return {path.stem.removeprefix(f"{self.name}-"): path for path in found}

    def kept(self, edition_id: str) -> Edition | None:
        """The edition of that id; None where the publisher's folder holds no file of it."""
        if not _EDITION_ID.fullmatch(edition_id):
            return None
        self.look()
        path = Path(self.newest.path).parent / f"{self.name}-{edition_id}.db"
        if not path.is_file():
            return None
        if str(path) == self.newest.path:
            return self.newest
        if edition_id not in self._earlier:
            self._earlier[edition_id] = self._open(path)
        self._earlier.move_to_end(edition_id)
        return self._earlier[edition_id]

    @contextmanager
    def reading(self, kept: Edition | None = None, base: str | None = None) -> Iterator[None]:
        """Pins what runs inside to the edition that is newest now, or to the `kept` one."""
        if _pinned.get() is not None:
            yield
            return
        self.look()
        edition = kept or self.newest
        edition.begin()
        tokens = _pinned.set(edition), _base.set(base)
        try:
            yield
        finally:
            _pinned.reset(tokens[0])
            _base.reset(tokens[1])
            edition.end()
            self._close_unread(edition)

    def _close_unread(self, edition: Edition) -> None:
        for edition_id, unread in list(self._earlier.items()):
            if len(self._earlier) > _OPEN and unread.readers == 0:
                del self._earlier[edition_id]
                unread.close()
        shelved = edition is self.newest or self._earlier.get(edition.edition_id) is edition
        if edition.readers == 0 and not shelved:
            edition.close()

    @property
    def current(self) -> Edition:
        return _pinned.get() or self.newest


def _counts(connection: Any) -> dict[str, int | None]:
    """Table -> rows. ANALYZE at the end of a build wrote them down for tables with an index."""
    known = {
        row[0]: int(row[1].split()[0])
        for row in connection.execute("SELECT tbl, max(stat) FROM sqlite_stat1 GROUP BY tbl")
    }
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in tables:
        if name not in known:
            known[name] = connection.execute(f"SELECT count(*) FROM [{name}]").fetchone()[0]  # noqa: S608
    counts: dict[str, int | None] = {name: known[name] for (name,) in tables}
    return counts | {name: counts[f"{name}{keyed.KEYED}"] for name in keyed.shown(counts)}


def _published(path: Path) -> float:
    return path.stat().st_mtime


class Databases(dict[str, Any]):
    """Datasette's mapping of databases, in which one name gives the edition of the request."""

    def __init__(self, databases: dict[str, Any], shelf: Shelf) -> None:
        super().__init__(databases)
        self._shelf = shelf

    @property
    def shelf(self) -> Shelf:
        return self._shelf

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


class Settings(dict[str, Any]):
    """Datasette's settings, in which base_url is the one of the request."""

    def get(self, name: str, default: Any = None) -> Any:
        pinned = _base.get() if name == "base_url" else None
        return pinned or super().get(name, default)


def shelf_of(datasette: Any) -> Shelf | None:
    """The editions of a site; None where the database is a plain file, which has no other."""
    databases = datasette.databases
    return databases.shelf if isinstance(databases, Databases) else None


def pinned_to() -> Edition | None:
    """The kept edition whose address the request has; None for the site as it is now."""
    return _pinned.get() if _base.get() else None


def pinned_base() -> str | None:
    """The base_url of the kept edition whose address the request has; None for any other."""
    return _base.get()


def pinned() -> tuple[str, str] | None:
    """What a page of this request stands on: its edition and, where the address names that, the
    base_url and the newest edition, which such a page mentions. None outside any edition."""
    edition, base = _pinned.get(), _base.get()
    if edition is None:
        return None
    shelf = shelf_of(edition.ds) if base else None
    return edition.edition_id, f"{base} {shelf.newest.edition_id}" if shelf else ""


def is_pinned() -> bool:
    """Whether this runs in the course of a request, whose edition stands."""
    return _pinned.get() is not None


def site_base(datasette: Any) -> str:
    """The base_url of the site as it is now, whatever edition the request is pinned to."""
    return str(dict(datasette._settings)["base_url"])


def kept_base(datasette: Any, edition_id: str) -> str:
    """The base_url of a kept edition: its permanent address."""
    return f"{site_base(datasette)}{AS_OF}/{edition_id}/"


def asked_for(datasette: Any, path: str) -> tuple[str, str] | None:
    """Edition id and the rest of an address under /as-of/; None for any other address.

    The rest is what the page's address is on the site of today: '/' and more, or '' where the
    address ends with the id.
    """
    parts = path.removeprefix(site_base(datasette)).split("/", 2)
    if len(parts) < 2 or parts[0] != AS_OF or not parts[1]:
        return None
    return parts[1], f"/{parts[2]}" if len(parts) == 3 else ""
