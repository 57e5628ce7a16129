"""How every address of the API answers: its headers, its ETag, its problems, its methods."""

from __future__ import annotations

import functools
import hashlib
import json
import sqlite3
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from datasette.database import QueryInterrupted
from datasette.utils.asgi import Response

from govspend_site import as_of, credit, edition, lane, queries
from govspend_site.api import json_rows
from govspend_site.api.problems import MEDIA_TYPE, Problem

Produce = Callable[[Any, Any], Awaitable[Response]]

METHODS = "GET, HEAD, OPTIONS"
_EXPOSED = (
    "ETag, Link, Allow, Retry-After, GovSpend-Edition, GovSpend-Attribution, "
    "GovSpend-Illustrative, GovSpend-Count, GovSpend-Note"
)
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": _EXPOSED,
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": METHODS,
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Max-Age": "86400",
    "Allow": METHODS,
}
# An edition can be followed by another at any time; a minute late is early enough.
_CACHE = "public, max-age=60"
_RETRY_AFTER = {"Retry-After": "10"}


@functools.cache
def _code() -> str:
    """A digest of the program, so that an answer of another version has another ETag."""
    folder = Path(__file__).parent.parent
    files = sorted([*folder.rglob("*.py"), *folder.rglob("*.sql")])
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


_wording: WeakKeyDictionary[Any, str] = WeakKeyDictionary()


def _words(datasette: Any) -> str:
    """A digest of metadata.yml, whose words are in the answers too."""
    if datasette not in _wording:
        told = json.dumps(datasette.metadata(), sort_keys=True, default=str)
        _wording[datasette] = hashlib.sha256(told.encode()).hexdigest()
    return _wording[datasette]


def address(datasette: Any, request: Any, path: str) -> str:
    """The whole address of a path of the site, in the edition that the request is for."""
    return str(datasette.absolute_url(request, datasette.urls.path(path)))


async def etag(datasette: Any, request: Any) -> str:
    """Told by edition, program, its words and address, without asking the database for rows."""
    served = await edition.current(datasette)
    here = address(datasette, request, request.path)
    edition_id = served.edition_id if served else ""
    told = "\0".join((edition_id, _code(), _words(datasette), here, request.query_string))
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def is_known(request: Any, tag: str) -> bool:
    """Whether the client holds the answer already (If-None-Match)."""
    given = request.headers.get("if-none-match") or ""
    return tag in [part.strip().removeprefix("W/") for part in given.split(",")]


async def respond(datasette: Any, request: Any, produce: Produce) -> Response:
    """The answer of `produce`, or the problem that it met, with the headers of every answer."""
    headers = {**CORS}
    try:
        headers |= await credit.headers(datasette)
        if request.method == "OPTIONS":
            return Response("", 204, {**headers, **_PREFLIGHT}, "text/plain")
        if request.method not in ("GET", "HEAD"):
            detail = f"The API is only for reading. Allowed: {METHODS}."
            raise Problem(405, detail, headers={"Allow": METHODS})
        if queries.database(datasette) is None:
            raise Problem(503, "No edition is published yet. Try again later.")
        tag = await etag(datasette, request)
        headers |= {"ETag": tag, "Cache-Control": _CACHE}
        if is_known(request, tag):
            # A client that holds an answer of this address in this edition holds a good one.
            return _unchanged(headers)
        response = await produce(datasette, request)
        if (request.headers.get("if-none-match") or "").strip() == "*":
            # Any answer will do for the client, and there is one.
            return _unchanged(headers)
        return _with(response, headers)
    except Exception as error:
        return await as_answer(datasette, problem_of(error), headers)


def _unchanged(headers: dict[str, str]) -> Response:
    return Response("", 304, headers, "application/json; charset=utf-8")


def _with(response: Response, headers: dict[str, str]) -> Response:
    """The response with the headers of every answer; its own Link comes after theirs."""
    link = ", ".join(filter(None, (headers.get("Link"), response.headers.get("Link"))))
    response.headers.update({**headers, "Link": link})
    return response


def problem_of(error: Exception) -> Problem:
    """What to say of an exception. A fault of ours is written to the log and not told."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, QueryInterrupted | TimeoutError):
        detail = (
            "That took too long. Ask for less at once: one financial year, one supplier or buyer, "
            "or fewer groups; or take a whole file from /downloads."
        )
        return Problem(503, detail, headers=_RETRY_AFTER)
    if isinstance(error, lane.Busy):
        detail = "Many files are being written just now. Try the same address again in a while."
        return Problem(503, detail, headers={"Retry-After": str(error.retry_after)})
    if isinstance(error, lane.TooMuch):
        return Problem(400, f"{error} Ask for less at once, or for CSV or Parquet.")
    if isinstance(error, sqlite3.Error) and as_of.is_absent(error):
        return Problem(404, "This edition was published before it had what is asked for here.")
    traceback.print_exception(error)
    return Problem(500, "The fault is ours and has been written down.")


async def as_answer(datasette: Any, problem: Problem, headers: dict[str, str]) -> Response:
    """A problem as application/problem+json, with the edition where there is one."""
    kept = {k: v for k, v in headers.items() if k not in ("ETag", "Cache-Control")}
    said = {**kept, "Cache-Control": "no-store", **problem.headers}
    try:
        about = await credit.body(datasette)
    except Exception:
        about = {}
    body = json_rows.dumps({**problem.body, **about})
    return Response(body, problem.status, said, MEDIA_TYPE)


def as_json(body: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(json_rows.dumps(body), 200, headers or {}, "application/json; charset=utf-8")
