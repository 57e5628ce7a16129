"""What comes next in the making while what came before it is in use: there are two processors."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


def ahead(items: Iterator[_T]) -> Iterator[_T]:
    """The same items, made by a thread of its own: it pays where the making is not Python's."""
    with ThreadPoolExecutor(1) as aside:
        coming = aside.submit(_next, items)
        while found := coming.result():
            coming = aside.submit(_next, items)
            yield from found


def _next(items: Iterator[_T]) -> list[_T]:
    """The next item, or nothing at the end."""
    for item in items:
        return [item]
    return []
