"""Every kept edition at /as-of/, and on its pages a line when a newer one exists."""

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import as_of, live, page


async def editions(datasette: Any, request: Any) -> Response:
    """The list of kept editions; for an unknown edition the same list, as not found."""
    inside = live.pinned_to()
    asked = (request.url_vars.get("rest") or "").strip("/")
    if inside is not None:
        # An edition within an edition: the list and the editions have one address each.
        return Response.redirect(f"{live.site_base(datasette)}{live.AS_OF}/{asked}")
    found = await as_of.editions(datasette)
    given = asked.partition("/")[0][: page.LONGEST_GIVEN]
    context = {"editions": found, "asked": given}
    status = 404 if given else 200
    return await page.render(datasette, request, "editions.html", context, status=status)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(rf"/{live.AS_OF}(?P<rest>/.*)?$", editions)]


@hookimpl
def extra_template_vars(datasette: Any, request: Any) -> dict[str, Any]:
    return {"as_of": as_of.here(datasette, request)}


@hookimpl(tryfirst=True)
def handle_exception(
    datasette: Any, request: Any, exception: Exception
) -> Callable[[], Awaitable[Response]] | None:
    if live.pinned_to() is None or not as_of.is_absent(exception):
        return None

    async def answer() -> Response:
        context = {
            "status": 404,
            "heading": "This page is not in this edition",
            "advice": "The edition was published before the site had what this page shows.",
        }
        return await page.render(datasette, request, "error.html", context, status=404)

    return answer
