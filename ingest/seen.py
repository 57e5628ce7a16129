"""What files on this machine were like when their bytes were last compared, so as not to read all
of them again: a schedule asks every day, and a release may have gigabytes.

As make, git and rsync do, by size, times and place on the disk. Whoever writes into a file changes
the time that the system itself keeps of it.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO

Stamp = list[int]
Spare = Callable[[], AbstractContextManager[IO[bytes]]]
# A clock has ticks: what was written a moment ago may be written once more in the same one.
_SETTLED_NS = 1_000_000_000


def of_original(path: Path) -> Stamp | None:
    """The stamp of a file; None of one that was written a moment ago. Raises OSError."""
    now, found = time.time_ns(), path.stat()
    if now - max(found.st_mtime_ns, found.st_ctime_ns) < _SETTLED_NS:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def of_kept(path: Path) -> Stamp | None:
    """The same of what is kept of it, None where nothing is. Further names of it are no change."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ino]


class Seen:
    """Notes in `folder`, a file each. `spare` gives a new file beside it; see Archive.spare.

    Whoever removes them only has the bytes read once more.
    """

    def __init__(self, folder: Path, spare: Spare) -> None:
        self._folder = folder
        self._spare = spare

    def is_same(self, name: str, sha256: str, *stamps: Stamp | None) -> bool:
        """Whether what has that name had these stamps when it had that sha256."""
        try:
            found: object = json.loads(self._path(name).read_bytes())
        except (OSError, ValueError):
            return False
        return found == {"sha256": sha256, "stamps": list(stamps)}

    def note(self, name: str, sha256: str, *stamps: Stamp | None) -> None:
        """Notes that what has that name had that sha256 when it had these stamps, if it has all."""
        if None in stamps:
            return
        with self._spare() as file:
            file.write(json.dumps({"sha256": sha256, "stamps": stamps}).encode())
            file.flush()
            self._folder.mkdir(parents=True, exist_ok=True)
            Path(file.name).replace(self._path(name))

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()}.json"
