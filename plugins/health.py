"""For whoever watches the site: /-/health says how it is, /-/metrics counts what it does.

/-/health is JSON, 200 while the site can serve and 503 when it cannot; /-/metrics is the Prometheus
text format. Neither names a folder of the machine, a visitor or what one asked.
"""

from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import health, metrics, page_cache
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

_NEW = {"cache-control": "no-store"}


async def told(datasette: Any) -> Response:
    found = await health.health(datasette)
    return Response.json(health.as_json(found), status=200 if found.ok else 503, headers=dict(_NEW))


async def counted(datasette: Any) -> Response:
    page_cache.READY.tell()
    facts = health.facts(await health.health(datasette))
    text = metrics.exposition(facts).decode()
    return Response(text, headers=dict(_NEW), content_type=CONTENT_TYPE_PLAIN_0_0_4)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"/-/health$", told), (r"/-/metrics$", counted)]
