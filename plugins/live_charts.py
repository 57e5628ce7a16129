"""Charts answer to pointer and keyboard: the script for it, on pages with a chart and no other.

It has its hash in its address and can be kept for ever; a page shows whole without it.
"""

import asyncio
import gzip
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import live, live_charts, page


async def script(datasette: Any, request: Any) -> Response:
    if request.url_vars["digest"] != live_charts.digest():
        raise page.missing("script", request.url_vars["digest"])
    shelf = live.shelf_of(datasette)
    made = await asyncio.to_thread(live_charts.bundle, shelf.build if shelf else None)
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
