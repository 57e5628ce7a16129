"""HTTP around the protocol: who may ask, how much, and refusals in the protocol's own form.

Who may ask. Nothing here is secret and no cookie counts, so where the site lets pages of other
origins read it (--cors), their clients may ask here, too. The protocol wants Origin checked
against DNS rebinding: a page of somebody's, whose name leads to this machine for a moment, asks as
if it were this site's own. Only over plain HTTP can it, and only under a name: with HTTPS it lacks
the certificate, and an address of numbers, or localhost, cannot be led elsewhere. So an Origin
that claims to be this site is refused over HTTP, but for those; and without --cors every other
Origin is refused. A client that is no web page sends none.
"""

from __future__ import annotations

import asyncio
import importlib
import ipaddress
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from datasette.utils import add_cors_headers
from datasette.utils.asgi import Response

from govspend_site.mcp.site import Site

MOST_BYTES = 256_000
_INVALID_REQUEST = -32600
_METHODS = "GET, POST, OPTIONS"
# What a client in a browser sends beside what any page may.
_HEADERS = (
    "Authorization, Content-Type, Accept, Last-Event-ID, Mcp-Protocol-Version, Mcp-Session-Id, "
    "Mcp-Method, Mcp-Name"
)
_WHY = {
    400: "The request could not be understood. Send one JSON-RPC message.",
    403: "A web page may not ask here under that Origin. Use HTTPS, or a client that is no page.",
    405: "Send a JSON-RPC message by POST. There are no sessions, so there is no stream to open.",
    406: "Accept has to allow application/json.",
    413: f"The request is larger than {MOST_BYTES // 1000} kB.",
    415: "Content-Type has to be application/json.",
}


@dataclass
class Caught:
    """An answer of the protocol's library, held to be looked at before it is sent."""

    status: int = 500
    content_type: str = ""
    body: bytearray = field(default_factory=bytearray)

    @property
    def is_plain(self) -> bool:
        """Whether it is a message of the protocol, in words not only for the library's authors."""
        return self.content_type.startswith("application/json") and b"pydantic" not in self.body

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = {name.lower(): value for name, value in message.get("headers", ())}
            self.content_type = headers.get(b"content-type", b"").decode("latin-1")
        else:
            self.body += message.get("body", b"")


def may_ask(origin: str | None, host: str | None, *, cors: bool) -> bool:
    """Whether a request with these headers is answered; see above."""
    if not origin:
        return True
    try:
        parts = urlsplit(origin)
        name = parts.hostname
    except ValueError:
        return False
    if parts.netloc.lower() != (host or "").lower():
        return cors
    return parts.scheme == "https" or _cannot_be_led_elsewhere(name or "")


def _cannot_be_led_elsewhere(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    return True


def wants_page(request: Any) -> bool:
    """Whether a browser asks, or what follows links, and no client that wants a stream."""
    accept = request.headers.get("accept", "")
    any_page = "text/html" in accept or "*/*" in accept
    return request.method in ("GET", "HEAD") and any_page and "text/event-stream" not in accept


def refused_before(datasette: Any, request: Any) -> int | None:
    """The status with which a request is refused without a look at its body, if it is."""
    headers = request.headers
    if not may_ask(headers.get("origin"), headers.get("host"), cors=datasette.cors):
        return 403
    if request.method != "POST":
        return 405
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return None if kind == "application/json" else 415


async def answer(datasette: Any, request: Any, scope: Any, receive: Any) -> Response:
    """The answer to any request but a person's."""
    if request.method == "OPTIONS":
        return told(datasette, 204, b"")
    status = refused_before(datasette, request)
    if status:
        return refusal(datasette, status)
    caught = Caught()
    # Imported when the first client comes, and beside the site's work, which goes on.
    server = await asyncio.to_thread(importlib.import_module, "govspend_site.mcp.server")
    site = Site(datasette, request)
    await server.respond(site, MOST_BYTES, scope, receive, caught.send)
    if caught.status >= 400 and not caught.is_plain:
        return refusal(datasette, caught.status)
    return told(datasette, caught.status, bytes(caught.body))


def refusal(datasette: Any, status: int) -> Response:
    """A refusal as the protocol has it."""
    why = _WHY.get(status, "The request was not answered.")
    error = {"code": _INVALID_REQUEST, "message": why}
    body = json.dumps({"jsonrpc": "2.0", "id": None, "error": error}, ensure_ascii=False)
    return told(datasette, status, body.encode())


def told(datasette: Any, status: int, body: bytes) -> Response:
    """An answer with the headers of all: kept by nobody, and open to pages where the site is."""
    headers = {"cache-control": "no-store"}
    if status in (204, 405):
        headers["allow"] = _METHODS
    if datasette.cors:
        add_cors_headers(headers)
        headers["Access-Control-Allow-Headers"] = _HEADERS
        headers["Access-Control-Allow-Methods"] = _METHODS
        headers["Access-Control-Max-Age"] = "86400"
    return Response(body, status=status, headers=headers, content_type="application/json")
