"""The protocol, by its own library: one server a request, so that nothing is kept between two.

Importing this takes the library, which costs a second and 35 MB: transport.py does so when the
first client comes.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError

from govspend_site import as_of, live
from govspend_site.mcp import texts
from govspend_site.mcp.site import Refusal, Site
from govspend_site.mcp.tools import TOOLS, Tool, checked

_READS = types.ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
_OURS = (
    "The fault is ours and has been written down. Another tool may well work, and so may this one "
    "when asked for less."
)
_log = logging.getLogger(__name__)


def _shown(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=_lean(tool.arguments.model_json_schema()),
        output_schema=_lean(tool.answer.model_json_schema(mode="serialization")),
        annotations=_READS,
    )


def _lean(schema: Any) -> Any:
    """A schema without the titles that only repeat the names: assistants pay by the word."""
    if isinstance(schema, list):
        return [_lean(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _lean(part)
        for key, part in schema.items()
        if not (key == "title" and isinstance(part, str))
    }


_SHOWN = {name: _shown(tool) for name, tool in TOOLS.items()}


def input_schema(name: str) -> Mapping[str, Any] | None:
    return _SHOWN[name].input_schema if name in _SHOWN else None


async def call(site: Site, name: str, given: dict[str, Any]) -> types.CallToolResult:
    """What a tool answers. What cannot be answered is an answer, too, that says why."""
    if name not in TOOLS:
        known = ", ".join(TOOLS)
        raise MCPError(
            types.INVALID_PARAMS, f"There is no tool “{name[:100]}”. There are: {known}."
        )
    tool = TOOLS[name]
    try:
        answer = await tool.run(site, checked(tool, given))
    except Refusal as refusal:
        return _refused(str(refusal))
    except Exception as error:
        if live.pinned_to() and as_of.is_absent(error):
            return _refused("This edition was published before the site had what this asks of it.")
        _log.exception("%s failed", name)
        return _refused(_OURS)
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=answer.text())],
        structured_content=answer.model_dump(mode="json"),
    )


def _refused(why: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=why)], is_error=True)


async def read(site: Site, uri: str) -> types.ReadResourceResult:
    text = texts.TEXTS.get(uri)
    if text is None:
        known = ", ".join(texts.TEXTS)
        raise MCPError(types.INVALID_PARAMS, f"There is no such resource. There are: {known}.")
    said = await texts.whole(site, text)
    content = types.TextResourceContents(uri=uri, mime_type="text/markdown", text=said)
    return types.ReadResourceResult(contents=[content])


async def server(site: Site) -> Server[Any]:
    """A server for one request."""

    async def list_tools(_: Any, __: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=list(_SHOWN.values()))

    async def call_tool(_: Any, asked: types.CallToolRequestParams) -> types.CallToolResult:
        return await call(site, asked.name, asked.arguments or {})

    async def list_resources(_: Any, __: Any) -> types.ListResourcesResult:
        shown = [
            types.Resource(
                uri=text.uri,
                name=text.name,
                title=text.title,
                description=text.description,
                mime_type="text/markdown",
            )
            for text in texts.TEXTS.values()
        ]
        return types.ListResourcesResult(resources=shown)

    async def read_resource(
        _: Any, asked: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        return await read(site, str(asked.uri))

    return Server(
        "govspend",
        version=version("govspend"),
        title="GovSpend",
        instructions=await texts.instructions(site),
        website_url=site.url("/"),
        get_tool_input_schema=input_schema,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


async def respond(site: Site, most_bytes: int, scope: Any, receive: Any, send: Any) -> None:
    """Answers one request of the protocol, in JSON and without a session."""
    manager = StreamableHTTPSessionManager(
        await server(site), json_response=True, stateless=True, max_request_body_size=most_bytes
    )
    # Its tasks begin within this request, so they see the edition that the request is pinned to.
    async with manager.run():
        await manager.handle_request(scope, receive, send)
