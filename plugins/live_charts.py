"""Charts answer to pointer and keyboard: the script for it, on pages with a chart and no other.

It has its hash in its address and can be kept for ever; a page shows whole without it.
"""

import asyncio
import gzip
from pathlib import Path
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import live, live_charts, page, queries


def folder(datasette: Any) -> Path | None:
    """Where the script is kept: beside the folder of editions, with what else can be made again."""
    database = queries.database(datasette)
    if live.shelf_of(datasette) is None or database is None or not database.path:
        return None
    return Path(database.path).parent.parent / "scripts"


async def script(datasette: Any, request: Any) -> Response:
    if request.url_vars["digest"] != live_charts.digest():
        raise page.missing("script", request.url_vars["digest"])
    made = await asyncio.to_thread(live_charts.bundle, folder(datasette))
    headers = {"cache-control": "public, max-age=31536000, immutable", "vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
    else:
        made = gzip.decompress(made)
    return Response(made, headers=headers, content_type="text/javascript; charset=utf-8")


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"/-/live-charts-(?P<digest>[0-9a-f]{12})\.js$", script)]


@hookimpl
def extra_template_vars(datasette: Any) -> dict[str, Any]:
    # One address for all editions, so that a browser fetches it once.
    base = live.site_base(datasette)
    return {"chart_script_url": f"{base}-/live-charts-{live_charts.digest()}.js"}
