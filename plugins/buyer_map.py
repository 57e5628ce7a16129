"""/map: where the buyers' head offices are, how much they spent and what share of it with SMEs.

The map on the page of the table buyer_places is drawn over the same outline, fetched from here and
not from a server of maps.
"""

from collections.abc import Callable
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import behind, edition, map_drawing, map_page, page, queries, words

DEEPEST_ZOOM = 19
_KEEP = {"Cache-Control": "public, max-age=86400"}


async def buyers_by_place(datasette: Any, request: Any) -> Response:
    served = await edition.current(datasette)
    context = {
        "map": await map_page.of(datasette, served) if served else None,
        "key": map_drawing.key(),
        "behind_areas": behind.by_sql(datasette, queries.sql("map_areas")),
        "behind_regions": behind.by_sql(datasette, queries.sql("map_regions")),
        "behind_buyers": behind.by_sql(datasette, queries.sql("map_buyers")),
        "caveats": datasette.metadata("caveats") or {},
        "attributions": datasette.metadata("attributions") or [],
        "words": words,
    }
    return await page.render(datasette, request, "map.html", context, view_name="map")


async def outline_tile(request: Any) -> Response:
    zoom, column, row = (int(request.url_vars[name]) for name in ("zoom", "column", "row"))
    if zoom > DEEPEST_ZOOM or max(column, row) >= 2**zoom:
        raise page.missing("square of the map", f"{zoom}/{column}/{row}")
    drawn = map_drawing.tile(zoom, column, row)
    return Response(drawn, headers=_KEEP, content_type="image/svg+xml; charset=utf-8")


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    number = "[0-9]{1,7}"
    return [
        (r"^/map/?$", buyers_by_place),
        (
            rf"^/map/tiles/(?P<zoom>[0-9]{{1,2}})/(?P<column>{number})/(?P<row>{number})\.svg$",
            outline_tile,
        ),
    ]
