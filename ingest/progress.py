"""What a long step shows: one line that moves on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """Tells a person, on `stream`, what is going on and how long each step took."""

    def __init__(self, stream: TextIO = sys.stderr, *, seconds_between: float = 10.0) -> None:
        self._stream = stream
        self._moving = stream.isatty()
        self._between = 0.2 if self._moving else seconds_between
        self._told = time.monotonic()
        self.seconds: dict[str, float] = {}
        """step -> seconds, in the order in which the steps began"""

    def say(self, text: str) -> None:
        """One line that stays."""
        self._clear()
        print(text, file=self._stream, flush=True)

    def moving(self, text: str) -> None:
        """How far a step is: on a terminal at once and in place, in a log now and then."""
        if time.monotonic() - self._told < self._between:
            return
        self._told = time.monotonic()
        if self._moving:
            self._clear()
            self._stream.write(text[:100])
            self._stream.flush()
        else:
            self.say(text)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Adds the time that the block takes to that of step `name`."""
        start = time.monotonic()
        self._told = start
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - start
            self._clear()

    def add(self, seconds: dict[str, float]) -> None:
        """Adds what steps took in another process."""
        for name, took in seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + took

    def _clear(self) -> None:
        if self._moving:
            self._stream.write("\r\x1b[K")
