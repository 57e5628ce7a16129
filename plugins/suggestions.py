"""As a visitor types a name, the suppliers and buyers that it may be: /search/suggest.json?q=…"""

from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import page, search, words


async def suggested(datasette: Any, request: Any) -> Response:
    """At most ten, each with its kind, name, address and what its lines come to in words."""
    typed = page.words(request, "q")
    found = search.suggestions(await search.parties(datasette), typed)
    told = [
        {
            "kind": party.kind,
            "id": party.id,
            "name": party.name,
            "url": datasette.urls.path(party.path),
            "amount": words.rounded_pounds(party.amount_pence),
        }
        for party in found
    ]
    headers = {"cache-control": "max-age=60"}
    if datasette.cors:
        headers["access-control-allow-origin"] = "*"
    return Response.json({"q": typed, "suggestions": told}, headers=headers)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"^/search/suggest\.json$", suggested)]
