"""uvicorn's HTTP protocol, sending the head and the body of an answer in one write.

uvloop writes at once what it is given, so an answer would go out as two: where the process is
killed between them, a proxy has begun to answer its visitor and cannot ask another machine.
It is also one system call for each answer in place of two.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# What is held back at most, in bytes: as much as a socket usually takes at once.
_MOST = 65_536


class Held(asyncio.Transport):
    """A transport that keeps what is written in one turn of the loop, and sends it at its end."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport, self._loop = transport, loop
        self._held: list[bytes | bytearray | memoryview] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._held:
            self._loop.call_soon(self.send)
        self._held.append(data)
        self._size += len(data)
        if self._size > _MOST:
            self.send()

    def send(self) -> None:
        """Sends what is held, if anything is."""
        held, self._held, self._size = self._held, [], 0
        if held and not self._transport.is_closing():
            self._transport.writelines(held)

    def close(self) -> None:
        self.send()
        self._transport.close()

    def abort(self) -> None:
        self._held, self._size = [], 0
        self._transport.abort()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)


class WholeAnswers(HttpToolsProtocol):
    """As uvicorn has it, but for the transport that it writes to."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Held(transport, self.loop))
