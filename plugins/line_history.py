"""A line's page says where it was published: release, file, line number, and what it says in words.

A line that the publisher has since taken back or changed is gone (410), and its page says in which
releases it stood.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from datasette.utils import tilde_decode
from datasette.utils.asgi import NotFound, Response
from govspend_site import queries


def line_asked_for(request: Any) -> str | None:
    """The id in /govspend/spend/ID, or None for any other address."""
    asked = (request.scope.get("url_route") or {}).get("kwargs", {}) if request else {}
    if (asked.get("database"), asked.get("table")) != (queries.DATABASE, "spend"):
        return None
    return tilde_decode(asked["pks"]) if asked.get("pks") else None


def gone_as_json(spend_id: str, releases: list[dict[str, Any]]) -> dict[str, Any]:
    """What a program is told of a line that is gone."""
    return {
        "ok": False,
        "status": 410,
        "error": "This line is no longer in the published data.",
        "spend_id": spend_id,
        "releases": releases,
    }


async def gone(datasette: Any, request: Any, spend_id: str) -> Response | None:
    """The page of a line that stood in earlier releases only; None where it stood in none."""
    releases = await queries.rows(datasette, "line_releases", {"spend_id": spend_id})
    if not releases:
        return None
    if request.path.endswith(".json"):
        return Response.json(gone_as_json(spend_id, releases), status=410)
    context = {"spend_id": spend_id, "releases": releases}
    html = await datasette.render_template("gone.html", context, request=request)
    return Response.html(html, status=410)


@hookimpl(tryfirst=True)
def handle_exception(
    datasette: Any, request: Any, exception: Exception
) -> Callable[[], Awaitable[Response | None]] | None:
    spend_id = line_asked_for(request) if isinstance(exception, NotFound) else None
    if spend_id is None:
        return None

    async def answer() -> Response | None:
        return await gone(datasette, request, spend_id)

    return answer


@hookimpl
def extra_template_vars(
    datasette: Any, request: Any, view_name: str | None
) -> Callable[[], Awaitable[dict[str, Any]]] | None:
    spend_id = line_asked_for(request) if view_name == "row" else None
    if spend_id is None:
        return None

    async def variables() -> dict[str, Any]:
        source = await queries.rows(datasette, "line_source", {"spend_id": spend_id})
        stood = await queries.rows(datasette, "line_releases", {"spend_id": spend_id})
        return {"line": source[0] if source else None, "line_releases": stood}

    return variables
