"""The floor of serving: an application that does nothing but send a body of the right size.

`python -m tests.bench.bare SIZES --workers N`: SIZES is a JSON file of path -> bytes. The server
and its settings are those of the site.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
import uvicorn
from govspend_site.whole import WholeAnswers

_SIZES = "BENCH_BARE_SIZES"


def app() -> Any:
    """The ASGI application of one process."""
    sizes = json.loads(Path(os.environ[_SIZES]).read_text("utf-8"))
    bodies = {path.encode(): os.urandom(size) for path, size in sizes.items()}

    async def bare(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        query = scope["query_string"]
        body = bodies.get(scope["raw_path"] + b"?" * bool(query) + query, b"")
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return bare


@click.command()
@click.argument("sizes", type=click.Path(exists=True))
@click.option("--port", type=int, required=True)
@click.option("--workers", default=2)
def main(sizes: str, port: int, workers: int) -> None:
    os.environ[_SIZES] = sizes
    uvicorn.run(
        "tests.bench.bare:app",
        factory=True, host="127.0.0.1", port=port, workers=workers, loop="uvloop",
        http=WholeAnswers, lifespan="off", log_level="info", server_header=False,
    )  # fmt: skip


if __name__ == "__main__":
    main()
