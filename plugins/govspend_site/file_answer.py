"""A file as an answer: in pieces from the disk, with its hash as ETag, resumable (RFC 9110)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import IO, Any

Send = Callable[[Any], Awaitable[None]]

_PIECE = 1 << 18
# One range; who asks for several gets the whole file, as the standard allows.
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?("[^"]*")')


class OutOfRange(Exception):
    """A range was asked for that lies behind the end of the file."""


class FileAnswer:
    """What a view gives back for Datasette to send: a response that reads its file as it goes.

    `etag` is unquoted; `headers` are those of every answer. The file is closed at the end, also
    where the visitor went away in the middle.
    """

    def __init__(
        self, request: Any, file: IO[bytes], size: int, etag: str, headers: Mapping[str, str]
    ) -> None:
        self._request, self._file, self._size, self._etag = request, file, size, f'"{etag}"'
        self._headers = {**headers, "etag": self._etag, "accept-ranges": "bytes"}

    async def asgi_send(self, send: Send) -> None:
        try:
            asked = self._request.headers
            if is_known(asked.get("if-none-match", ""), self._etag):
                await self._start(send, 304, {})
                await _end(send)
                return
            part = None
            if self._request.method == "GET":
                part = part_asked(asked.get("range"), asked.get("if-range"), self._etag, self._size)
            await self._send_part(send, part)
        except OutOfRange:
            length = {"content-length": "0"}
            await self._start(send, 416, {**length, "content-range": f"bytes */{self._size}"})
            await _end(send)
        finally:
            self._file.close()

    async def _send_part(self, send: Send, part: tuple[int, int] | None) -> None:
        """The bytes from the first to before the last of `part`; all of them where it is None."""
        first, last = part or (0, self._size)
        headers = {"content-length": str(last - first)}
        if part:
            headers["content-range"] = f"bytes {first}-{last - 1}/{self._size}"
        await self._start(send, 206 if part else 200, headers)
        if self._request.method != "HEAD":
            await asyncio.to_thread(self._file.seek, first)
            while first < last:
                piece = await asyncio.to_thread(self._file.read, min(_PIECE, last - first))
                first += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await _end(send)

    async def _start(self, send: Send, status: int, headers: Mapping[str, str]) -> None:
        said = {**self._headers, **headers}
        encoded = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in said.items()]
        await send({"type": "http.response.start", "status": status, "headers": encoded})


async def _end(send: Send) -> None:
    await send({"type": "http.response.body", "body": b""})


def is_known(if_none_match: str, etag: str) -> bool:
    """Whether the visitor has these very bytes already. `etag` is quoted."""
    return if_none_match.strip() == "*" or etag in _TAG.findall(if_none_match)


def part_asked(
    asked: str | None, if_range: str | None, etag: str, size: int
) -> tuple[int, int] | None:
    """The first byte and the one after the last; None where the whole file is to be sent.

    Raises OutOfRange where none of what is asked for is there.
    """
    match = _RANGE.fullmatch((asked or "").strip())
    if match is None or match[1] == match[2] == "":
        return None
    # What was begun of another file must not be ended with this one.
    if if_range is not None and if_range.strip() != etag:
        return None
    if match[1]:
        first, last = int(match[1]), min(int(match[2]) + 1 if match[2] else size, size)
        if match[2] and int(match[2]) < first:
            return None
    else:
        first, last = max(0, size - int(match[2])), size
    if first >= last:
        raise OutOfRange
    return first, last
