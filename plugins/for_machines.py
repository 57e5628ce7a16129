"""Programs that read the web: /robots.txt, /sitemap.xml and /llms.txt.

A person sees none of them. They are of the site as it is now: a kept edition has none.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any

from datasette import hookimpl
from datasette.plugins import pm
from datasette.utils.asgi import NotFound, Response
from govspend_site import about, crawlers, edition, live, page, queries, sitemap

_HEADERS = {"cache-control": "public, max-age=3600"}


def address_of(datasette: Any, request: Any) -> Callable[[str], str]:
    """A function from a path of the site to its absolute address."""
    return lambda path: str(datasette.absolute_url(request, datasette.urls.path(path)))


async def served_now(datasette: Any) -> edition.Edition:
    """The edition of the site as it is now. Raises NotFound for a kept one, or none."""
    served = await edition.current(datasette)
    if served is None or live.pinned_to():
        raise NotFound("This is only at the root of the site.")
    return served


async def questions_of(datasette: Any) -> dict[str, dict[str, Any]]:
    """The canned queries by name, without the one that answers searches."""
    found = await datasette.get_canned_queries(queries.DATABASE, None)
    return {name: query for name, query in found.items() if name != "search"}


async def robots(datasette: Any, request: Any) -> Response:
    served = await served_now(datasette)
    text = crawlers.robots(
        served, await questions_of(datasette), lambda path: str(datasette.urls.path(path)),
        address_of(datasette, request)("/sitemap.xml"),
    )  # fmt: skip
    return Response.text(text, headers=_HEADERS)


async def whole_sitemap(datasette: Any, request: Any) -> Response:
    """Every page, or the parts that they are in where there are too many for one."""
    await served_now(datasette)
    found = await sitemap.entries(datasette, await questions_of(datasette))
    make = sitemap.sitemap if len(found) <= sitemap.MOST else sitemap.index
    return await as_xml(datasette, request, make, found)


async def sitemap_part(datasette: Any, request: Any) -> Response:
    await served_now(datasette)
    number = request.url_vars["number"]
    found = await sitemap.entries(datasette, await questions_of(datasette))
    part = sitemap.part(found, int(number))
    if not part:
        raise page.missing("part of the sitemap", number)
    return await as_xml(datasette, request, sitemap.sitemap, part)


async def as_xml(
    datasette: Any, request: Any, make: Callable[..., str], found: Sequence[sitemap.Entry]
) -> Response:
    """Fifty thousand addresses take a moment, in which others are to be answered."""
    root = address_of(datasette, request)("/").removesuffix("/")
    text = await asyncio.to_thread(make, found, lambda path: root + path)
    return Response(text, 200, _HEADERS, "application/xml; charset=utf-8")


async def llms(datasette: Any, request: Any) -> Response:
    served = await served_now(datasette)
    text = crawlers.llms(
        datasette, served, await questions_of(datasette), address_of(datasette, request),
        lambda path: is_routed(datasette, path), await about.of_places(datasette),
    )  # fmt: skip
    return Response.text(text, headers=_HEADERS)


def is_routed(datasette: Any, path: str) -> bool:
    """Whether a plugin answers this path; Datasette's own routes take any word for a table."""
    return any(
        re.match(pattern, path)
        for routes in pm.hook.register_routes(datasette=datasette)
        for pattern, _ in routes
    )


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    return [
        (r"^/robots\.txt$", robots),
        (r"^/sitemap\.xml$", whole_sitemap),
        (r"^/sitemap-(?P<number>[0-9]{1,4})\.xml$", sitemap_part),
        (r"^/llms\.txt$", llms),
    ]
