"""The script that brings charts to life: Vega and templates/static/live-charts.js in one file.

vl_convert holds Vega, so nothing is fetched from elsewhere. Bundling takes seconds; it is done
once, and kept as a file for as long as the parts stay the same.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import sys
import threading
from functools import cache
from importlib.metadata import version
from pathlib import Path

import vl_convert

_SNIPPET = Path(__file__).parents[2] / "templates" / "static" / "live-charts.js"
_LOCK = threading.Lock()


@cache
def digest() -> str:
    """Tells one script from another; part of its address."""
    parts = f"{version('vl-convert-python')}\n{_SNIPPET.read_text('utf-8')}"
    return hashlib.sha256(parts.encode()).hexdigest()[:12]


def file_in(build: Path) -> Path:
    """Where the script is kept: beside the folder of editions, with what can be made again."""
    return build / "scripts" / f"live-charts-{digest()}.js.gz"


def bundle(build: Path | None) -> bytes:
    """The script, gzipped. Kept under `build`; only in memory where that cannot be written."""
    with _LOCK:
        if digest() not in _MADE:
            file = file_in(build) if build else None
            _MADE[digest()] = _kept(file) or _made(file)
        return _MADE[digest()]


_MADE: dict[str, bytes] = {}


def _kept(file: Path | None) -> bytes | None:
    try:
        found = file.read_bytes() if file else None
        if found:
            gzip.decompress(found)
    except (OSError, EOFError):
        # Not there, or half written by one that was stopped.
        return None
    return found


def _made(file: Path | None) -> bytes:
    # The snippet names vegaEmbed alone: the bundler leaves Vega-Lite out where only that is named.
    script = vl_convert.javascript_bundle(_SNIPPET.read_text("utf-8"))
    made = gzip.compress(script.encode(), mtime=0)
    if file:
        aside = file.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            file.parent.mkdir(exist_ok=True)
            aside.write_bytes(made)
            aside.replace(file)
    return made


if __name__ == "__main__":
    os.nice(10)
    bundle(Path(sys.argv[1]))
