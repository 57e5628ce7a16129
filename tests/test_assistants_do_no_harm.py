"""Whatever is sent to /-/mcp, by whom and how: an answer in plain words, and nothing harmed."""
# ruff: noqa: S608 - SQL is what this is about

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import hostile
import httpx
import pytest
from assistant import PATH, asks, called, message, post, text
from conftest import Site
from govspend_site.mcp import answers, tools, transport
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mcp import Client, MCPError
from mcp_types import CallToolResult

REFUSED = re.compile(
    r"not authorized|no such function|could not be read|one statement|Nothing can be changed|"
    r"Only a question|There is no|cannot be used|may not"
)


def test_hostile_statements_neither_write_nor_stay(sample_site: Site) -> None:
    """Protects the site from SQL of each kind: refused or over in time, nothing written."""
    kinds = (hostile.LARGE, hostile.ENDLESS, hostile.HUGE)
    some = {name: kind[name] for kind in kinds for name in list(kind)[::5]}
    before = sample_site.db.read_bytes()

    async def work(client: Client) -> dict[str, CallToolResult]:
        found = {}
        for name, statement in hostile.FORBIDDEN.items():
            found[name] = await client.call_tool("run_sql", {"sql": statement})
        asked = [client.call_tool("run_sql", {"sql": statement}) for statement in some.values()]
        return found | dict(zip(some, await asyncio.gather(*asked), strict=True))

    found = asks(sample_site.url + PATH, work)
    for name in hostile.FORBIDDEN:
        assert found[name].is_error, name
        assert REFUSED.search(text(found[name])), (name, text(found[name]))
    assert not any("fault is ours" in text(answer) for answer in found.values())
    assert any("was stopped" in text(answer) for answer in found.values())
    assert all(str(sample_site.build) not in text(answer) for answer in found.values())
    assert sample_site.db.read_bytes() == before
    assert sample_site.get("/").status_code == 200


def test_too_many_at_once_are_told_to_come_again(sample_site: Site) -> None:
    """Protects the lane: so many wait, and the rest learn that nothing was started."""
    counting = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000)"
    slow = {"sql": f"{counting} SELECT count(*) FROM c"}

    async def work(client: Client) -> list[CallToolResult]:
        return await asyncio.gather(*(client.call_tool("run_sql", slow) for _ in range(16)))

    said = [text(answer) for answer in asks(sample_site.url + PATH, work)]
    assert any("not started" in told and "5 seconds" in told for told in said)
    assert all(re.search("not started|was stopped|1000000", told) for told in said)


WORDS = ('"', "a* OR b", "NEAR(", "\x00", "x\x00y", hostile.SCRIPT, "%", "'; DROP TABLE spend --",
         "../../etc/passwd", "😀" * 50, "-" * 200, "AND OR NOT", "x" * 201, "")  # fmt: skip


def test_hostile_words_are_looked_for_and_never_obeyed(sample_site: Site) -> None:
    """Protects from words that are no names: nothing found, or a refusal, and never a fault."""
    calls: list[tuple[str, dict[str, Any]]] = []
    calls += [("find_party", {"words": words}) for words in WORDS]
    calls += [("ask_question", {"name": "search", "parameters": {"words": w}}) for w in WORDS]
    calls += [("ask_question", {"name": words}) for words in WORDS]
    calls += [("describe_data", {"table": words}) for words in WORDS]
    calls += [("spend_summary", {"q": words, "lot": [words]}) for words in WORDS]
    calls += [("spend_summary", {"q": words}) for words in WORDS]
    calls += [("run_sql", {"sql": "SELECT :w", "parameters": {"w": words}}) for words in WORDS]
    for call, answer in zip(calls, called(sample_site.url + PATH, *calls), strict=True):
        assert "fault is ours" not in text(answer), call
        assert "Traceback" not in text(answer), call


def test_an_unknown_tool_or_text_is_named_as_such(sample_site: Site) -> None:
    """Protects a client from silence: the protocol's own error, which says what there is."""

    async def work(client: Client) -> list[str]:
        said = []
        for asked in (
            client.call_tool("drop_table", {}),
            client.read_resource("file:///etc/passwd"),
        ):
            with pytest.raises(MCPError) as caught:
                await asked
            assert caught.value.code == -32602
            said.append(str(caught.value))
        return said

    tool, resource = asks(sample_site.url + PATH, work)
    assert "find_party" in tool
    assert "govspend://glossary" in resource


BODIES = {
    "empty": (b"", 400),
    "no JSON": (b"{", 400),
    "not UTF-8": (b'"\xff"', 400),
    "a number": (b"1", 400),
    "a list": (b"[]", 400),
    "a batch": (json.dumps([message("ping")] * 3).encode(), 400),
    "no method": (b'{"jsonrpc": "2.0", "id": 1}', 400),
    "nested": (b"[" * 100_000, 400),
    "long number": (b'{"jsonrpc":"2.0","id":' + b"9" * 10_000 + b',"method":"ping"}', 400),
    "half a letter": (b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', 400),
    "too large": (b'"' + b"x" * 300_000 + b'"', 413),
    "unknown method": (json.dumps(message("no/such")).encode(), 200),
    "no parameters": (json.dumps(message("tools/call")).encode(), 200),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_message_is_refused_in_the_protocols_form(
    sample_site: Site, name: str
) -> None:
    """Protects from bodies of any kind: the right status, an error of JSON-RPC, no jargon."""
    body, status = BODIES[name]
    answer = post(sample_site, body)
    assert answer.status_code == status
    said = answer.json()
    assert said["jsonrpc"] == "2.0"
    assert said["error"]["code"] in (-32700, -32600, -32601, -32602)
    assert said["error"]["message"]
    assert "pydantic" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_a_body_without_a_length_is_limited_too(sample_site: Site) -> None:
    """Protects memory: a body that comes in pieces is cut off at the same size."""

    def pieces() -> Iterator[bytes]:
        for _ in range(400):
            yield b" " * 1000

    headers = {"content-type": "application/json", "accept": "application/json"}
    answer = httpx.post(sample_site.url + PATH, content=pieces(), headers=headers, timeout=30)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == -32600


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
TOOL = st.sampled_from([*tools.TOOLS, "no-such"])
NAMES = st.sampled_from(
    ["words", "kind", "limit", "name", "parameters", "table", "sql", "q", "lot", "x"]
)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example("run_sql", {"sql": "SELECT :x", "parameters": {"x": 2**64}})
@example("run_sql", {"sql": "SELECT :x", "parameters": {"x": 1e300}})
@example("ask_question", {"name": "top-sme-suppliers", "parameters": {"top": 1e300}})
@example("ask_question", {"name": "top-sme-suppliers", "parameters": {"top": 2.5}})
@given(TOOL, st.dictionaries(NAMES, JSON, max_size=4) | JSON)
def test_any_arguments_get_an_answer(sample_site: Site, tool: str, arguments: Any) -> None:
    """Protects from what nobody thought of: whatever is asked, an answer and no fault of ours."""
    answer = post(sample_site, message("tools/call", {"name": tool, "arguments": arguments}))
    assert answer.status_code == 200
    said = answer.json()
    assert ("result" in said) != ("error" in said)
    assert "fault is ours" not in answer.text
    assert "Traceback" not in answer.text


def test_methods_and_kinds_that_are_not_served_say_so(sample_site: Site) -> None:
    """Protects clients: no stream to open, no session to end, and what to send instead."""
    url = sample_site.url + PATH
    for method, headers in (
        ("GET", {"accept": "text/event-stream"}),
        ("GET", {"accept": "application/json, text/event-stream"}),
        ("GET", {"accept": "text/html, text/event-stream"}),
        ("DELETE", {"mcp-session-id": "x"}),
        ("PUT", {}),
    ):
        answer = httpx.request(method, url, headers=headers, timeout=30)
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, POST, OPTIONS"
        assert "by POST" in answer.json()["error"]["message"]
    assert post(sample_site, message("ping"), content_type="text/plain").status_code == 415
    assert post(sample_site, message("ping"), accept="text/html").status_code == 406
    assert post(sample_site, message("ping")).json()["result"] == {}


@pytest.mark.parametrize(
    ("origin", "host", "cors", "may"),
    [
        (None, "govspend.example", False, True),
        ("https://chat.example", "govspend.example", True, True),
        ("https://chat.example", "govspend.example", False, False),
        ("http://localhost:6274", "127.0.0.1:8001", True, True),
        ("null", "govspend.example", True, True),
        ("null", "govspend.example", False, False),
        ("https://govspend.example", "govspend.example", False, True),
        ("https://govspend.example:444", "govspend.example:444", True, True),
        ("http://127.0.0.1:8001", "127.0.0.1:8001", True, True),
        ("http://[::1]:8001", "[::1]:8001", True, True),
        ("http://localhost:8001", "localhost:8001", True, True),
        ("http://evil.example:8001", "evil.example:8001", True, False),
        ("http://EVIL.example:8001", "evil.example:8001", True, False),
        ("http://127.0.0.1.evil.example", "127.0.0.1.evil.example", True, False),
        ("http://localhost.evil.example", "localhost.evil.example", True, False),
        ("http://[", "x", True, False),
    ],
)
def test_who_may_ask(origin: str | None, host: str, cors: bool, may: bool) -> None:
    """Protects a site at home: a page whose name was led here for a moment is refused."""
    assert transport.may_ask(origin, host, cors=cors) is may


@given(st.text(max_size=40), st.text(max_size=40), st.booleans())
def test_any_origin_is_decided(origin: str, host: str, cors: bool) -> None:
    """Protects from headers that are no addresses."""
    assert transport.may_ask(origin, host, cors=cors) in (True, False)


def test_a_rebound_page_is_refused_and_another_origin_is_welcome(sample_site: Site) -> None:
    """Protects both: the attack gets 403, a client in a browser gets its headers and its answer."""
    port = sample_site.url.rpartition(":")[2]
    evil = f"evil.example:{port}"
    refused = post(sample_site, message("ping"), origin=f"http://{evil}", host=evil)
    assert refused.status_code == 403
    assert "Origin" in refused.json()["error"]["message"]
    chat = "https://chat.example"
    asked = {"origin": chat, "access-control-request-method": "POST",
             "access-control-request-headers": "content-type,mcp-protocol-version"}  # fmt: skip
    preflight = httpx.options(sample_site.url + PATH, headers=asked, timeout=30)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    allowed = preflight.headers["access-control-allow-headers"].lower()
    assert {"content-type", "mcp-protocol-version", "mcp-method"} <= set(allowed.split(", "))
    answer = post(sample_site, message("ping"), origin=chat)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_browsers_cookie_does_not_stand_in_the_way(sample_site: Site) -> None:
    """Protects clients beside an open page: the check against forged forms is not for them."""
    answer = post(sample_site, message("ping"), cookie="ds_csrftoken=x; ds_actor=y")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


@given(st.lists(st.lists(st.none() | st.text(), min_size=2, max_size=2), max_size=5))
def test_a_table_keeps_its_shape_whatever_it_holds(rows: list[list[str | None]]) -> None:
    """Protects who reads the text: a value can neither end a cell nor begin a line."""
    lines = answers.table(("a", "b"), rows).split("\n")
    assert len(lines) == len(rows) + 2
    assert all(len(re.split(r"(?<!\\)\|", line)) == 4 for line in lines)
