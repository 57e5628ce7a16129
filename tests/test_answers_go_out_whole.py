"""An answer goes out in one write: a machine that dies has begun none that it cannot end."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from conftest import Site, in_a_loop
from govspend_site.whole import WholeAnswers
from uvicorn.config import Config
from uvicorn.server import ServerState

HEAD = {"type": "http.response.start", "status": 200}


class Wire(asyncio.Transport):
    """A transport that notes what is written to it, write by write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.writes.append(b"".join(list_of_data))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


def asked(*sent: bytes, bodies: tuple[bytes, ...], pause: bool = False) -> Wire:
    """What the application writes for requests, when it answers each with `bodies`."""

    async def application(_scope: Any, _receive: Any, send: Any) -> None:
        size = str(sum(map(len, bodies))).encode()
        await send({**HEAD, "headers": [(b"content-length", size)]})
        for place, body in enumerate(bodies):
            if pause:
                await asyncio.sleep(0.01)
            more = place + 1 < len(bodies)
            await send({"type": "http.response.body", "body": body, "more_body": more})

    async def conversation() -> Wire:
        config = Config(application, http=WholeAnswers, server_header=False, date_header=False)
        config.load()
        wire, protocol = Wire(), WholeAnswers(config, ServerState(), {})
        protocol.connection_made(wire)
        for request in sent:
            protocol.data_received(request)
            await asyncio.sleep(0.05)
        protocol.connection_lost(None)
        return wire

    return in_a_loop(conversation())


GET = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"


def whole(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


@pytest.mark.parametrize("body", [b"page", b"p" * 300_000, b""])
def test_head_and_body_are_one_write(body: bytes) -> None:
    assert asked(GET, bodies=(body,)).writes == [whole(body)]


def test_each_of_several_requests_gets_its_own() -> None:
    assert asked(GET, GET, bodies=(b"page",)).writes == [whole(b"page")] * 2


def test_what_is_asked_for_its_head_alone_gets_that() -> None:
    assert asked(GET.replace(b"GET", b"HEAD"), bodies=(b"page",)).writes == [whole(b"page")[:-4]]


def test_what_closes_the_connection_is_sent_before_it_closes() -> None:
    wire = asked(GET.replace(b"host", b"connection: close\r\nhost"), bodies=(b"page",))
    assert b"".join(wire.writes).endswith(b"connection: close\r\n\r\npage")
    assert len(wire.writes) == 1
    assert wire.is_closed


def test_what_is_no_http_is_told_so_before_the_connection_closes() -> None:
    wire = asked(b"\x16\x03\x01\r\n\r\n", bodies=(b"",))
    assert wire.writes[0].startswith(b"HTTP/1.1 400 ")
    assert wire.is_closed


def test_what_is_made_bit_by_bit_goes_out_bit_by_bit() -> None:
    parts = (b"a" * 9, b"b" * 9)
    assert asked(GET, bodies=parts, pause=True).writes == [whole(b"")[:-5] + b"18\r\n\r\n", *parts]


def test_no_more_is_held_than_a_socket_takes() -> None:
    """A long answer made without a pause is sent as it grows, not when all of it is there."""
    parts = (b"p" * 50_000,) * 10
    wire = asked(GET, bodies=parts)
    assert b"".join(wire.writes) == whole(b"".join(parts))
    assert max(map(len, wire.writes)) < 200_000


@pytest.mark.parametrize("path", ["/market", "/govspend/spend.csv?_stream=on", "/static/none.css"])
def test_the_site_is_served_so(sample_site: Site, path: str) -> None:
    """Over a real port, with one connection kept: head, whole answer, and what is not changed."""
    with httpx.Client(base_url=sample_site.url, timeout=60) as client:
        got = client.get(path)
        head = client.head(path)
        assert head.status_code == got.status_code
        assert head.content == b""
        if "etag" in got.headers:
            same = client.get(path, headers={"if-none-match": got.headers["etag"]})
            assert (same.status_code, same.content) == (304, b"")
        assert client.get(path).content == got.content
