"""A program reads the data at /api/v1/: lists, single rows, formats, and errors that say why.

Every answer names its edition, its licence and whom to name. /api tells people how to use it, and
/openapi.json tells programs.
"""

from collections.abc import Callable
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site.api import answers, guide, items, lists, openapi
from govspend_site.api.resources import RESOURCES

_NAMES = "|".join(RESOURCES)


def answering(produce: answers.Produce) -> Callable[..., Any]:
    async def view(datasette: Any, request: Any) -> Response:
        return await answers.respond(datasette, request, produce)

    return view


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    return [
        (r"^/api/?$", guide.shown),
        (r"^/api/v1/?$", answering(items.index)),
        (
            rf"^/api/v1/(?P<name>{_NAMES})(\.(?P<ending>[a-z0-9]{{1,20}}))?$",
            answering(lists.answer),
        ),
        (rf"^/api/v1/(?P<name>{_NAMES})/(?P<id>[^/]+)$", answering(items.answer)),
        (r"^/api/.*$", answering(items.missing)),
        (r"^/openapi\.json$", answering(openapi.answer)),
    ]


@hookimpl
def skip_csrf(datasette: Any, scope: Any) -> bool:
    """A POST with a cookie is told that the API is only for reading, as one without is."""
    base: str = datasette.setting("base_url")
    path = str(scope["path"]).removeprefix(base.rstrip("/"))
    return path.startswith("/api/") or path == "/openapi.json"
