"""An old link to a supplier or buyer leads to the party that its name was joined to.

Names are joined as evidence turns up; links that people sent on before then stay right.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette import hookimpl
from datasette.utils import tilde_decode, tilde_encode
from datasette.utils.asgi import asgi_send_redirect
from govspend_site import queries
from govspend_site.old_ids import Ids, old_ids

_FORMATS = ("json", "csv", "blob")
_PARAMETERS = {
    f"{party}_id{lookup}": f"{party}s"
    for party in ("supplier", "buyer")
    for lookup in ("", "__exact")
}


def new_path(path: str, ids: Ids) -> str:
    """/govspend/suppliers/OLD.json with the id that OLD has now."""
    parts = path.split("/")
    if len(parts) != 4 or parts[:2] != ["", queries.DATABASE]:
        return path
    own, dot, ending = parts[3].rpartition(".")
    if ending not in _FORMATS or not dot:
        own, dot, ending = parts[3], "", ""
    now = ids.get((parts[2], tilde_decode(own)))
    return "/".join([*parts[:3], tilde_encode(now) + dot + ending]) if now else path


def new_query(query: str, ids: Ids) -> str:
    """The query string with each old supplier_id or buyer_id replaced; the rest as it was."""
    pairs = parse_qsl(query, keep_blank_values=True)
    renewed = [
        (name, ids.get((_PARAMETERS[name], value), value) if name in _PARAMETERS else value)
        for name, value in pairs
    ]
    return query if renewed == pairs else urlencode(renewed)


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    def wrap(app: Any) -> Callable[[Any, Any, Any], Awaitable[None]]:
        async def redirecting(scope: Any, receive: Any, send: Any) -> None:
            base = datasette.setting("base_url").rstrip("/")
            path = scope.get("raw_path", b"").decode("latin-1").partition("?")[0].removeprefix(base)
            if scope["type"] != "http" or not path.startswith(f"/{queries.DATABASE}/"):
                await app(scope, receive, send)
                return
            query = scope["query_string"].decode("latin-1")
            ids = await old_ids(datasette)
            now = (new_path(path, ids), new_query(query, ids))
            if now == (path, query):
                await app(scope, receive, send)
            else:
                # 301: a joined name stays joined, and search engines should forget the old link.
                await asgi_send_redirect(send, base + now[0] + ("?" + now[1]) * bool(now[1]), 301)

        return redirecting

    return wrap
