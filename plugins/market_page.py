"""A visitor sees the market as a whole: who joined it, where the money went, and to how few."""

from collections.abc import Callable
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import market, page


async def market_page(datasette: Any, request: Any) -> Response:
    context = {
        "market": await market.page(datasette),
        "caveats": datasette.metadata("caveats") or {},
    }
    return await page.render(datasette, request, "market.html", context)


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    return [(r"^/market/?$", market_page)]
