"""A real web server on this machine that misbehaves as told, over real sockets.

with FaultyServer() as server:
    server.on("/file.csv", status(500), body(b"a,b\n"))   # one answer a request, the last repeats
    fetch(... server.url("/file.csv") ...)
    server.requests[0].headers["User-Agent"]
"""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Request:
    path: str
    headers: Message


class FaultyServer:
    """Serves http, or https with `certificate` (a PEM file holding certificate and key)."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._answers: dict[str, list[Answer]] = {}
        self._lock = threading.Lock()
        self._scheme = "https" if certificate else "http"
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.faulty = self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            # The handshake is left to the thread of its connection, so that none blocks the others.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )

    def __enter__(self) -> FaultyServer:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def site(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def url(self, path: str) -> str:
        return self.site + path

    def on(self, path: str, *answers: Answer) -> str:
        """Give the first answer to the first request, and so on; the last one repeats."""
        self._answers[path] = list(answers)
        return self.url(path)

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def next_answer(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            answers = self._answers.get(request.path, [status(404)])
            return answers.pop(0) if len(answers) > 1 else answers[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    faulty: FaultyServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: a client that hangs up is what most of the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    # Keeps connections, as real servers do.
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        request = Request(self.path, self.headers)
        with suppress(ConnectionError):
            self.server.faulty.next_answer(request)(self)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def start(self, code: int, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        # Without a length, the end of the connection is the end of the body.
        self.close_connection = "Content-Length" not in headers
        self.end_headers()

    def pause(self, seconds: float) -> bool:
        """Wait, unless the test is over; says whether to go on."""
        return not self.server.faulty.closing.wait(seconds)


Answer = Callable[[_Handler], None]


def body(content: bytes, code: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """A sound answer."""

    def answer(handler: _Handler) -> None:
        handler.start(code, {"Content-Length": str(len(content)), **(headers or {})})
        handler.wfile.write(content)

    return answer


def as_json(value: Any) -> Answer:
    return body(json.dumps(value).encode(), headers={"Content-Type": "application/json"})


def status(code: int, headers: dict[str, str] | None = None) -> Answer:
    return body(b"" if code == 304 else b"Sorry.", code, headers)


def redirect(location: str, code: int = 302) -> Answer:
    return status(code, {"Location": location})


def versioned(content: bytes, etag: str, modified: str | None = None) -> Answer:
    """304 to whom has this version already."""

    def answer(handler: _Handler) -> None:
        headers = {"ETag": etag} | ({"Last-Modified": modified} if modified else {})
        if handler.headers.get("If-None-Match") == etag:
            handler.start(304, headers)
        else:
            body(content, headers=headers)(handler)

    return answer


def stall(content: bytes = b"") -> Answer:
    """Promises more than it sends, then nothing at all until the test ends."""

    def answer(handler: _Handler) -> None:
        handler.start(200, {"Content-Length": str(len(content) + 1000)})
        handler.wfile.write(content)
        handler.pause(60)

    return answer


def trickle(seconds: float = 0.05, length: int | None = 100_000) -> Answer:
    """A byte now and then, 200 times; with `length` None the end is not announced."""

    def answer(handler: _Handler) -> None:
        handler.start(200, {"Content-Length": str(length)} if length else {})
        for _ in range(200):
            if handler.pause(seconds):
                handler.wfile.write(b"a")

    return answer


def trickle_headers(seconds: float = 0.05) -> Answer:
    """A header now and then, 200 times, and no body."""

    def answer(handler: _Handler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(200):
            if handler.pause(seconds):
                handler.wfile.write(b"X-More: to come\r\n")

    return answer


def cut_short(content: bytes, promised: int) -> Answer:
    """Hangs up before the promised length."""

    def answer(handler: _Handler) -> None:
        handler.start(200, {"Content-Length": str(promised)})
        handler.wfile.write(content)
        handler.close_connection = True

    return answer


def gzipped(content: bytes, cut: int = 0, members: int = 1) -> Answer:
    """Gzip in so many members, less the last `cut` bytes, its length not announced."""

    def answer(handler: _Handler) -> None:
        size = -(-len(content) // members)
        parts = [content[start : start + size] for start in range(0, len(content), size)]
        packed = b"".join(gzip.compress(part) for part in parts)
        handler.start(200, {"Content-Encoding": "gzip"})
        handler.wfile.write(packed[: len(packed) - cut])

    return answer


def endless(piece: bytes) -> Answer:
    """As much as is taken, of unannounced length."""

    def answer(handler: _Handler) -> None:
        handler.start(200, {})
        while handler.pause(0):
            handler.wfile.write(piece)

    return answer


def hang_up(handler: _Handler) -> None:
    """Ends the connection without an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def garbage(handler: _Handler) -> None:
    """Answers in something that is not HTTP."""
    handler.wfile.write(b"\x00\xffnot http at all\r\n\r\n")
    handler.close_connection = True
