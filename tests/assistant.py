"""A real client of the Model Context Protocol, as an assistant has it, for tests."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from itertools import cycle
from typing import Any, TypeVar

import httpx
import httpx2
from conftest import Site, in_a_loop
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

Found = TypeVar("Found")

PATH = "/-/mcp"

# The protocol before sessions were given up, and after.
MODES = ("legacy", "auto")


class InTurn(httpx2.AsyncHTTPTransport):
    """Sends each request to the next of several servers, as a balancer without memory does."""

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__()
        self.used: list[int] = []
        self._ports = cycle(ports)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.used.append(next(self._ports))
        request.url = request.url.copy_with(port=self.used[-1])
        return await super().handle_async_request(request)


def asks(
    url: str,
    work: Callable[[Client], Awaitable[Found]],
    mode: str = "auto",
    transport: httpx2.AsyncBaseTransport | None = None,
) -> Found:
    """What `work` finds with a client that is connected to `url`."""

    async def run() -> Found:
        if transport is None:
            async with Client(url, mode=mode, read_timeout_seconds=60) as client:
                return await work(client)
        async with httpx2.AsyncClient(transport=transport) as http:
            streams = streamable_http_client(url, http_client=http)
            async with Client(streams, mode=mode, read_timeout_seconds=60) as client:
                return await work(client)

    return in_a_loop(run())


def called(
    url: str, *calls: tuple[str, dict[str, Any]], mode: str = "auto"
) -> list[CallToolResult]:
    """The answers to calls of tools, one after another."""

    async def work(client: Client) -> list[CallToolResult]:
        return [await client.call_tool(name, given) for name, given in calls]

    return asks(url, work, mode)


def fields(answer: CallToolResult) -> dict[str, Any]:
    """The structured answer, which must be no refusal."""
    assert not answer.is_error, text(answer)
    found: dict[str, Any] = answer.structured_content
    return found


def text(answer: CallToolResult) -> str:
    (content,) = answer.content
    assert content.type == "text"
    return content.text


def message(method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """A request of JSON-RPC."""
    said: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": method}
    return said | ({"params": params} if params is not None else {})


def post(site: Site, body: Any, path: str = PATH, **headers: str) -> httpx.Response:
    """What the site answers to a body as it is, from no client; _ in a header is -."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    said = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    said |= {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(site.url + path, content=content, headers=said, timeout=60)


def edition_of(site: Site) -> str:
    return site.db.resolve().stem.removeprefix("govspend-")
