"""Work in a process of its own, so that all memory that it took goes back when it is done."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

from ingest.errors import IngestError

_T = TypeVar("_T")
_PR_SET_PDEATHSIG = 1


class Apart(Generic[_T]):
    """`function(*arguments)` at work in a process of its own, from now on."""

    def __init__(self, function: Callable[..., _T], *arguments: object) -> None:
        # Forked: what both need is there once, and nothing is imported again.
        fork = multiprocessing.get_context("fork")
        self._answer, telling = fork.Pipe(duplex=False)
        # What is there stays where both read it: looking for garbage would write into all of it.
        gc.freeze()
        self._process = fork.Process(target=_work, args=(telling, os.getpid(), function, arguments))
        self._process.start()
        telling.close()

    def ended(self) -> None:
        """Waits until it is done, whatever comes of it."""
        self._process.join()

    def result(self) -> _T:
        """What the function gave, when it is done. Raises what it raised."""
        try:
            done, found = self._answer.recv()
        except EOFError:
            done, found = False, None
        self._process.join()
        if done:
            return found  # type: ignore[no-any-return]
        raise found or IngestError(
            f"A step of the build was stopped from outside (exit code {self._process.exitcode}); "
            "the next build starts it again."
        )


def die_with(parent: int) -> None:
    """Whoever kills the build means this process, too, which holds its lock."""
    if sys.platform == "linux" and os.getppid() == parent:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have died before it could be told to.
    if os.getppid() != parent:
        sys.exit(1)


def _work(
    telling: Connection, parent: int, function: Callable[..., Any], arguments: tuple[object, ...]
) -> None:
    die_with(parent)
    try:
        found = (True, function(*arguments))
    except Exception as error:
        found = (False, error)
    telling.send(found)
