"""Where finished pages are kept: bounded in bytes, what was read last stays longest."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

Headers = list[tuple[bytes, bytes]]

MOST_BYTES = 1_000_000 * int(os.environ.get("GOVSPEND_PAGE_CACHE_MB", "64"))
# What a page takes beside its body and its address: headers and the objects around them.
_AROUND = 1_500


class Key(NamedTuple):
    """What tells one page from another. Pages name their own address, and the day's date."""

    edition_id: str
    base: str
    """For a kept edition its base_url and the newest edition, which its pages mention; else ''."""
    path: bytes
    query: bytes
    scheme: str
    host: bytes
    day: int


@dataclass(frozen=True)
class Page:
    """An answer as it is sent. `body` is empty where there is a gzipped one."""

    status: int
    headers: Headers
    body: bytes
    gzipped: bytes | None
    etag: bytes


@dataclass
class _Kept:
    page: Page
    size: int
    visits: int = 0


@dataclass
class Store:
    """Pages by their key, those read last at the end."""

    most_bytes: int = MOST_BYTES
    byte_count: int = 0
    gone: int = 0
    """pages that had to make room for others"""
    _kept: OrderedDict[Key, _Kept] = field(default_factory=OrderedDict)

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def get(self, key: Key) -> Page | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        kept.visits += 1
        self._kept.move_to_end(key)
        return kept.page

    def keep(self, key: Key, page: Page) -> None:
        """Keeps the page, and lets those go that were not read for longest."""
        kept = _Kept(page, size(key, page))
        # One page never pushes out all others.
        if kept.size > self.most_bytes // 4:
            return
        before = self._kept.pop(key, None)
        self.byte_count += kept.size - (before.size if before else 0)
        self._kept[key] = kept
        while self.byte_count > self.most_bytes:
            _, gone = self._kept.popitem(last=False)
            self.byte_count -= gone.size
            self.gone += 1

    def most_visited(self, edition_id: str, most: int) -> list[Key]:
        """Everyday addresses of an edition that were read from here, the most visited first."""
        found = [
            (kept.visits, key)
            for key, kept in self._kept.items()
            if key.edition_id == edition_id and not key.base and kept.visits
        ]
        found.sort(key=lambda pair: -pair[0])
        return [key for _, key in found[:most]]


def size(key: Key, page: Page) -> int:
    """Bytes that a page takes, its address included: a visitor chooses how long that is."""
    body = page.body if page.gzipped is None else page.gzipped
    return len(body) + len(key.path) + len(key.query) + len(key.host) + _AROUND
