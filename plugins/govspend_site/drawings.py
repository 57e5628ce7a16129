"""A chart is drawn once, and kept by what it was made from, in memory and beside the editions.

To draw one takes a twentieth to a tenth of a second in which nothing else in its process runs. Its
figures change with the edition alone: processes and restarts share what one of them has drawn.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import hashlib
import json
import os
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import vl_convert

BUILD = "GOVSPEND_BUILD"
"""Environment variable: the build folder of the site. Without it drawings stay in memory alone."""

# About 5 kB each; when there are more, those that were made first go.
_MOST_FILES = 4_000


def svg(spec: dict[str, Any], *, is_kept: bool = True) -> str:
    """The drawing of a Vega-Lite specification; unless it `is_kept`, in memory alone."""
    return _svg(json.dumps(spec), is_kept)


@functools.lru_cache(maxsize=64)
def _svg(spec: str, is_kept: bool) -> str:
    made_from = f"{_drawer()} {spec}"
    name = f"{hashlib.sha256(made_from.encode()).hexdigest()[:32]}.svg.gz"
    file = Path(os.environ[BUILD], "drawings", name) if is_kept and BUILD in os.environ else None
    if file is not None:
        with contextlib.suppress(OSError, EOFError, ValueError):
            return gzip.decompress(file.read_bytes()).decode()
    drawn: str = vl_convert.vegalite_to_svg(spec)
    if file is not None:
        # A site that may not write there draws again after its next start.
        with contextlib.suppress(OSError):
            _keep(file, drawn)
    return drawn


@functools.cache
def _drawer() -> str:
    return version("vl-convert-python")


def _keep(file: Path, drawn: str) -> None:
    file.parent.mkdir(exist_ok=True)
    kept = sorted(file.parent.glob("*.gz"), key=lambda one: one.stat().st_mtime)
    for old in kept[: len(kept) // 2] if len(kept) >= _MOST_FILES else []:
        old.unlink(missing_ok=True)
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as written:
        written.write(gzip.compress(drawn.encode(), mtime=0))
    # Whole or not there, whoever else draws the same.
    Path(written.name).replace(file)
