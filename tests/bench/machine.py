"""The machine, the versions and the date of a run."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from .run import ROOT

_PACKAGES = ("datasette", "csvs-to-sqlite", "uvicorn", "uvloop", "httptools", "pyarrow")


def described() -> dict[str, str | float | int]:
    """Asked before the run, so that the load is that of others."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "cpu": _cpu(),
        "cores": os.cpu_count() or 1,
        "memory_gb": round(_memory_kb() / 1e6),
        "load_before": round(os.getloadavg()[0], 1),
        "system": platform.freedesktop_os_release()["PRETTY_NAME"],
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in _PACKAGES},
        "wrk": _wrk(),
    }


def _said(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _commit() -> str:
    if not (ROOT / ".git").exists():
        return "not known"
    changed = " with changes" * bool(_said("git", "status", "--porcelain"))
    return _said("git", "rev-parse", "--short=10", "HEAD") + changed


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_kb() -> int:
    return int(Path("/proc/meminfo").read_text("utf-8").split()[1])


def _wrk() -> str:
    # It tells its version as a fault of the command line.
    if shutil.which("wrk") is None:
        return "not there"
    return (_said("wrk", "--version").split() or ["", "not known"])[1]
