"""The units that run site and refresh unattended under systemd, and the same for cron.

Filled in with where this project, its Python, its declaration and its build folder are.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import IngestError

PROJECT = Path(__file__).parent.parent
_UNITS = Path(__file__).parent / "units"


@dataclass(frozen=True)
class Schedule:
    """What the units need to know. `keep` editions stay for /as-of/; 0 keeps all."""

    feeds: Path
    build: Path
    keep: int = 0
    port: int = 8001
    workers: int = 2


def units(wanted: Schedule) -> dict[str, str]:
    """File name -> text of each unit. Raises IngestError for a path that no unit can name."""
    paths = {
        "project": PROJECT,
        "python": Path(sys.executable),
        "feeds": wanted.feeds.resolve(),
        "build": wanted.build.resolve(),
    }
    for path in paths.values():
        _require_plain(path)
    numbers = {"keep": wanted.keep, "port": wanted.port, "workers": wanted.workers}
    return {
        file.name: file.read_text("utf-8").format(**paths, **numbers)
        for file in sorted(_UNITS.iterdir())
    }


def _require_plain(path: Path) -> None:
    """systemd reads blanks, quotes, % and $ in its own way, and cron %."""
    odd = sorted({letter for letter in str(path) if letter in " \t\n\"'\\%$;"})
    if odd:
        raise IngestError(f"{path}: a unit cannot name a path with {' or '.join(map(repr, odd))}.")


def crontab(wanted: Schedule) -> str:
    """One line for cron, which writes only where there is something to look at."""
    command = shlex.join(
        [sys.executable, "-m", "ingest", "refresh", "--feeds", str(wanted.feeds.resolve()),
         "--build", str(wanted.build.resolve()), "--keep", str(wanted.keep)]
    )  # fmt: skip
    log = wanted.build.resolve() / "refresh.log"
    return f"17 6 * * * cd {PROJECT} && nice {command} > {log} 2>&1 || cat {log}"
