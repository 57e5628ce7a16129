"""All lines through the site as CSV and as Parquet: rows a second, memory, the first byte."""

from __future__ import annotations

import http.client
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq

from .memory import Watch
from .run import Figures, Run
from .server import HOST, Server, site

_PIECE = 1_000_000


def measure(run: Run) -> Figures:
    figures: Figures = {}
    for ending in ("csv", "parquet"):
        # A server of its own for each, so that its memory is that of one file.
        with site(run.build, is_cached=False) as server:
            figures |= _one(run, server, ending)
    return figures


def _one(run: Run, server: Server, ending: str) -> Figures:
    target = run.folder / f"spend.{ending}"
    with Watch(server.pid) as watch:
        first, took = fetch(server, f"/govspend/spend.{ending}", target)
    rows = _rows(target, ending)
    if rows != _published(run.edition):
        raise RuntimeError(f"spend.{ending} holds {rows:,} rows, which is not all of them.")
    target.unlink()
    return {
        f"export_{ending}_rows_s": rows / took,
        f"export_{ending}_first_byte_s": first,
        f"export_{ending}_worker_mb": watch.new_mb,
        f"export_{ending}_site_growth_mb": watch.growth_mb,
    }


def fetch(server: Server, path: str, target: Path) -> tuple[float, float]:
    """Seconds to the first byte of the body, and to the last. Raises where it is not 200."""
    connection = http.client.HTTPConnection(HOST, server.port, timeout=900)
    started = time.monotonic()
    connection.request("GET", path)
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    with target.open("wb") as file:
        file.write(answer.read(1))
        first = time.monotonic() - started
        while piece := answer.read(_PIECE):
            file.write(piece)
    connection.close()
    return first, time.monotonic() - started


def _rows(file: Path, ending: str) -> int:
    if ending == "parquet":
        return int(pq.ParquetFile(file).metadata.num_rows)
    with file.open("rb") as lines:
        # Descriptions of the sample hold no line break.
        return sum(1 for _ in lines) - 1


def _published(edition: Path) -> int:
    with closing(sqlite3.connect(f"{edition.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM spend").fetchone()[0])
