"""The rows of a SELECT as a file that streams: whatever its length, little of it is in memory.

A worker of the lane runs the SELECT and writes the format; the site only passes bytes on. A file is
whole, or its transfer breaks off: nothing is cut in silence.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from datasette.database import QueryInterrupted
from datasette.utils import add_cors_headers
from datasette.utils.asgi import Response

from govspend_site import edition, lane, visits, words

_MEGABYTE = 1_000_000
# Seconds in which a reader must take a piece of at most a megabyte; one who does not has left.
_STALL = 60


@dataclass(frozen=True)
class Format:
    """A format of files: its ending in an address, media type, and name in a link."""

    ending: str
    content_type: str
    name: str


FORMATS = {
    found.ending: found
    for found in (
        Format("csv", "text/csv; charset=utf-8", "CSV"),
        Format("ndjson", "application/x-ndjson; charset=utf-8", "NDJSON"),
        Format("xml", "application/xml; charset=utf-8", "XML"),
        Format(
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "Excel workbook",
        ),
        Format("parquet", "application/vnd.apache.parquet", "Parquet"),
    )
}


@dataclass(frozen=True)
class Limits:
    """Seconds to work, rows and megabytes of a file."""

    seconds: float
    rows: int
    megabytes: int


# What the site asks itself may be all there is; what a visitor asks in SQL has an end.
OURS = Limits(seconds=900, rows=10**9, megabytes=20_000)
VISITORS = Limits(seconds=20, rows=1_000_000, megabytes=500)


@dataclass(frozen=True)
class Select:
    """What is to be written: SQL that nothing limits, its parameters, and types where known.

    `types` gives integer, real, text, date (an ISO day) or blob for a column; a Parquet file finds
    the others from all their values, which runs the SQL twice.
    """

    sql: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)


async def response(
    datasette: Any,
    database: Any,
    select: Select,
    ending: str,
    filename: str,
    *,
    limits: Limits = OURS,
    headers: Mapping[str, str] | None = None,
    bom: bool = False,
) -> Response:
    """The rows as a file of the format that `ending` names, as an attachment FILENAME.ENDING.

    Raises, before anything is sent, sqlite3.Error, QueryInterrupted, lane.TooMuch and lane.Busy.
    """
    wanted = FORMATS[ending]
    place = None if limits is OURS else visits.place_of(database)
    task = {
        **lane.task_of(database, select.sql, select.parameters, place),
        "types": dict(select.types),
        "ours": limits is OURS,
        "shards": [shard.told() for shard in database.shards] if limits is OURS else [],
        "format": "excel-csv" if bom and ending == "csv" else ending,
        "rows": limits.rows,
        "bytes": limits.megabytes * _MEGABYTE,
        "about": await about(datasette),
    }
    chunks = _chunks(task, limits.seconds)
    try:
        first = await anext(chunks, b"")
    except TimeoutError as error:
        raise QueryInterrupted(error, select.sql, select.parameters) from None
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", filename).strip("-.") or "rows"
    said = {"content-disposition": f'attachment; filename="{name}.{ending}"', **(headers or {})}
    if datasette.cors:
        add_cors_headers(said)
    return Streamed(first, chunks, said, wanted.content_type)


async def about(datasette: Any) -> dict[str, str]:
    """What goes into a file that has a place for it: the edition, its licence, whose data it is."""
    served = await edition.current(datasette)
    if served is None:
        return {}
    said = {
        "edition": served.edition_id,
        "licence": words.listed(sorted({feed.licence_name for feed in served.feeds})),
        "attribution": " ".join(sorted({feed.attribution for feed in served.feeds})),
    }
    if served.illustrative:
        said["note"] = "Illustrative sample: the suppliers, buyers and amounts are invented."
    return said


async def _chunks(task: Mapping[str, Any], seconds: float) -> AsyncIterator[bytes]:
    async with lane.FILES.worker() as worker:
        async for message in worker.messages(task, seconds):
            if message[0] == "bytes":
                yield message[1]


class Streamed(Response):  # type: ignore[misc]
    """A response that sends pieces as they come."""

    def __init__(
        self,
        first: bytes,
        rest: AsyncIterator[bytes],
        headers: dict[str, str],
        content_type: str,
    ) -> None:
        super().__init__(b"", 200, headers, content_type)
        self._first, self._rest = first, rest

    async def asgi_send(self, send: Any) -> None:
        """Sends the pieces. One that breaks off leaves the response without its end."""
        headers = {**self.headers, "content-type": self.content_type}
        raw = [[name.encode(), value.encode("utf-8")] for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        try:
            await _piece(send, self._first)
            async for chunk in self._rest:
                await _piece(send, chunk)
        except (Exception, asyncio.CancelledError) as error:
            await self._rest.aclose()  # type: ignore[attr-defined]
            if isinstance(error, asyncio.CancelledError):
                raise
            # The reader's program sees that the end is missing; the server closes the connection.
            return
        await send({"type": "http.response.body", "body": b""})


async def _piece(send: Any, body: bytes) -> None:
    message = {"type": "http.response.body", "body": body, "more_body": True}
    await asyncio.wait_for(send(message), _STALL)
