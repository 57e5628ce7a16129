"""The home page: what share of the money went to SMEs, its chart and figures, and the ways on."""

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from govspend_site import edition, home, queries


def questions_of(canned: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Canned queries as name, title and description, in their own order; search has its form."""
    return [
        {
            "name": name,
            "title": query.get("title") or name.replace("_", " ").capitalize(),
            "description": query.get("description") or "",
        }
        for name, query in canned.items()
        if name != "search"
    ]


@hookimpl
def extra_template_vars(
    view_name: str | None, request: Any, datasette: Any
) -> Callable[[], Awaitable[dict[str, Any]]] | None:
    if view_name != "index":
        return None

    async def variables() -> dict[str, Any]:
        served = await edition.current(datasette)
        canned = await datasette.get_canned_queries(queries.DATABASE, request and request.actor)
        return {
            "home": await home.page(datasette, served) if served else None,
            "questions": questions_of(canned),
        }

    return variables
