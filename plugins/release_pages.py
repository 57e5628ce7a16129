"""A visitor sees every release that was taken: its file, its lines, and what it changed."""

from collections.abc import Callable
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import behind, downloads, page, queries, releases_pages, words


async def all_releases(datasette: Any, request: Any) -> Response:
    found = await releases_pages.listed(datasette) if queries.database(datasette) else []
    context = {
        "releases": found,
        "behind": behind.by_table(datasette, "releases"),
        "caveats": datasette.metadata("caveats") or {},
        "words": words,
    }
    return await page.render(datasette, request, "releases_list.html", context)


async def one_release(datasette: Any, request: Any) -> Response:
    release_id = request.url_vars["release_id"]
    known = queries.database(datasette) is not None
    found = await releases_pages.one(datasette, release_id) if known else None
    if found is None:
        raise page.missing("release", release_id)
    offer = await downloads.offer(datasette)
    context = {
        "release": found,
        "files": offer.of_release(release_id) if offer else {},
        "caveats": datasette.metadata("caveats") or {},
        "words": words,
    }
    return await page.render(datasette, request, "release.html", context)


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    return [
        (r"^/releases/?$", all_releases),
        (r"^/releases/(?P<release_id>[^/]+)$", one_release),
    ]
