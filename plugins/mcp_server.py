"""An assistant asks the site by MCP at /-/mcp; a person who opens the address reads how.

Model Context Protocol, Streamable HTTP, without sessions: every request stands alone, so any
number of servers answer alike, and under /as-of/EDITION/-/mcp a kept edition answers.
"""

from collections.abc import Callable
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import live, page
from govspend_site.mcp import arguments, texts, tools, transport
from govspend_site.mcp.site import Site

PATH = "/-/mcp"


async def mcp(datasette: Any, request: Any, scope: Any, receive: Any) -> Response:
    if not transport.wants_page(request):
        return await transport.answer(datasette, request, scope, receive)
    context = {
        "address": Site(datasette, request).url(PATH),
        "tools": tools.TOOLS.values(),
        "texts": texts.TEXTS.values(),
        "most_rows": arguments.MOST_ROWS,
        "seconds": datasette.setting("sql_time_limit_ms") / 1000,
    }
    return await page.render(datasette, request, "mcp.html", context)


@hookimpl
def skip_csrf(datasette: Any, scope: Any) -> bool | None:
    """A client sends no form and no cookie counts, so there is nothing to forge."""
    base = live.site_base(datasette).rstrip("/")
    return True if scope["path"].removeprefix(base).rstrip("/") == PATH else None


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    return [(rf"^{PATH}/?$", mcp)]
