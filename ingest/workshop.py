"""Where a build happens, and the lock by which there is one at a time."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ingest import engine, publish
from ingest.archive import Archive
from ingest.errors import IngestError
from ingest.feeds import Declaration
from ingest.progress import Progress

# A site that is asked whether a build is at work holds the lock for a moment.
_TRIES, _PAUSE = 5, 0.05


@dataclass(frozen=True)
class Workshop:
    """Where a build happens: the declaration, its folder, and whom to tell."""

    declaration: Declaration
    build: Path
    progress: Progress
    engine_address: str = "local"

    @property
    def archive(self) -> Archive:
        return Archive(self.build / "archive")

    @property
    def work(self) -> Path:
        """The database in the making; nobody reads it before it is proven."""
        return self.build / "work" / "next.db"

    def engine(self) -> engine.Engine:
        return engine.at(self.engine_address, self.build / "work" / "engine")

    @property
    def bulk(self) -> Path:
        """The folder of its bulk files, in the making as well."""
        return publish.bulk_folder(self.work)


@contextmanager
def locked(build: Path) -> Iterator[None]:
    """One build at a time. Raises IngestError when another one is at work."""
    build.mkdir(parents=True, exist_ok=True)
    with (build / "lock").open("w") as handle:
        if not any(_taken(handle) for _ in range(_TRIES)):
            raise IngestError(f"{build}: another build is at work here; try again later.")
        yield


def _taken(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(_PAUSE)
        return False
    return True
