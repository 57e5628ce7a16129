"""Memory of a process and all that it starts, watched in /proc."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from types import TracebackType

_EVERY = 0.05
_KIBIBYTE = 1024 / 1_000_000


class Watch:
    """Watches the process `pid` and all below it for as long as the block runs.

    `largest_mb` is the most that any one process had at any time, `together_mb` the most that all
    had at once, where what several share, such as a fork its parent's, counts once. `new_mb` is
    the largest of those processes that began within the block, and `growth_mb` the most that one
    grew that was there before.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._before = {one: _status(one).get("VmRSS", 0.0) for one in tree(pid)}
        self.peaks: dict[int, float] = {}
        self.together_mb = 0.0

    @property
    def largest_mb(self) -> float:
        return max(self.peaks.values(), default=0.0)

    @property
    def new_mb(self) -> float:
        return max((mb for pid, mb in self.peaks.items() if pid not in self._before), default=0.0)

    @property
    def growth_mb(self) -> float:
        grown = [mb - self._before[pid] for pid, mb in self.peaks.items() if pid in self._before]
        return max(grown, default=0.0)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            found = {pid: _status(pid) for pid in tree(self._pid)}
            for pid, status in found.items():
                # What had most memory before the block is not what it had within.
                kind = "VmRSS" if pid in self._before else "VmHWM"
                self.peaks[pid] = max(self.peaks.get(pid, 0.0), status.get(kind, 0.0))
            together = sum(map(_share, found))
            self.together_mb = max(self.together_mb, together)
            if self._over.wait(_EVERY):
                return


def tree(pid: int) -> list[int]:
    """The process and all below it that are there now."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                found += [int(child) for child in (thread / "children").read_text().split()]
    return found


def _share(pid: int) -> float:
    """Megabytes of the process, of what it shares its part; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * _KIBIBYTE for line in lines if line[:4] == "Pss:"), 0.0)


def _status(pid: int) -> dict[str, float]:
    """Megabytes by the names of /proc; empty where the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    pairs = [line.split() for line in lines if line.startswith(("VmRSS", "VmHWM"))]
    return {pair[0].rstrip(":"): int(pair[1]) * _KIBIBYTE for pair in pairs}
