"""When something is wrong: what happened in plain words, the right status, and a way on.

A program gets the same as JSON, or as text in place of a CSV file or a picture; the log keeps the
traceback.
"""

import html
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from datasette import handle_exception as datasette_errors
from datasette import hookimpl
from datasette.database import QueryInterrupted
from datasette.utils import add_cors_headers
from datasette.utils.asgi import Base400, Response
from datasette.views.base import DatasetteError
from govspend_site import export, lane, visits

# Where `rich` happens to be installed Datasette prints with it, visitors' values and all, and fails
# where there is no exception to print: at a page that is not there.
datasette_errors.rich = None

_WORDS = {
    400: ("That request could not be understood", "Check the address, the filter or the SQL."),
    403: ("That page is not open to you", "It may be open to someone who is signed in."),
    404: (
        "Page not found",
        "If you typed the address, check it. If you pasted it, check that you copied all of it.",
    ),
    405: ("That page cannot be changed", "This site is only for reading."),
    500: (
        "Sorry, there is a problem with this page",
        "The fault is ours and has been written down. The rest of the site may well work.",
    ),
}
_TOO_SLOW = (
    "That question took too long",
    "Ask for less at once: fewer columns, a filter, or one year at a time.",
)
_BUSY_PAGE = (
    "This page takes too long just now",
    "The site is busy. Try the same address again in a few seconds.",
)
_BUSY = (
    "Many questions are being worked out just now",
    "Yours was not started. Nothing is lost: try the same address again in a few seconds.",
)


# Arguments that Datasette reads as numbers, lists or places without checking them first.
_READ_AS_THEY_ARE = ("_next", "_timelimit", "_through", "_facet_size")
_OF_ARGUMENTS = (
    ValueError, LookupError, TypeError, AssertionError, RecursionError, sqlite3.Error,
)  # fmt: skip
# How Datasette begins what it says of an argument that it then takes for a fault of ours.
_MISTAKES = ("Cannot ", "Invalid ")
_LISTS = ("__in", "__notin")
_FILES = tuple(f".{ending}" for ending in export.FORMATS)


def mistaken(exception: Exception, arguments: Iterable[str]) -> str | None:
    """What was wrong with the request when an exception is not a fault of ours; else None."""
    if isinstance(exception, DatasetteError):
        # Datasette answers 500 to a sort by a column that is not there.
        return str(exception.message) if exception.message.startswith(_MISTAKES) else None
    if isinstance(exception, sqlite3.Error) and not visits.SQL_ARGUMENTS.isdisjoint(arguments):
        return str(exception)
    if not isinstance(exception, _OF_ARGUMENTS):
        return None
    for name in arguments:
        if name in _READ_AS_THEY_ARE or name.endswith(_LISTS):
            return f"“{name}” cannot have that value here."
    return None


def told(exception: Exception, arguments: Iterable[str] = ()) -> tuple[int, str, str, str]:
    """Status, heading, advice and detail of an exception. A fault of ours shows no detail."""
    mistake = mistaken(exception, arguments)
    if mistake:
        return 400, *_WORDS[400], mistake
    if isinstance(exception, QueryInterrupted):
        theirs = not visits.SQL_ARGUMENTS.isdisjoint(arguments)
        return (400, *_TOO_SLOW, str(exception.sql)) if theirs else (503, *_BUSY_PAGE, "")
    if isinstance(exception, lane.Busy):
        return 503, *_BUSY, ""
    if not isinstance(exception, Base400 | DatasetteError):
        return 500, *_WORDS[500], ""
    status = exception.status
    if isinstance(exception, DatasetteError) and exception.title == "SQL Interrupted":
        return status, *_TOO_SLOW, sql_within(exception.message)
    heading, advice = _WORDS.get(status) or _WORDS[500 if status >= 500 else 400]
    detail = exception.message if isinstance(exception, DatasetteError) else str(exception)
    return status, heading, advice, "" if status == 404 else detail


def sql_within(message: str) -> str:
    """The SQL out of Datasette's own HTML for a query that took too long."""
    found = re.search(r"<textarea[^>]*>(.*?)</textarea>", message, re.DOTALL)
    return html.unescape(found[1]).strip() if found else ""


async def answer(
    datasette: Any, request: Any, status: int, heading: str, advice: str, detail: str
) -> Response:
    """The error as JSON, as text where a file was asked for, or as a page."""
    headers: dict[str, str] = {}
    if status == 503:
        headers["retry-after"] = str(lane.Busy.retry_after)
    if datasette.cors:
        add_cors_headers(headers)
    if request.path.endswith(".json"):
        said = {"ok": False, "status": status, "title": heading, "error": detail or advice}
        return Response.json(said, status=status, headers=headers)
    if request.path.endswith(_FILES) or request.url_vars.get("format") == "svg":
        text = f"{heading}. {advice} {detail}".strip()
        return Response.text(text, status=status, headers=headers)
    context = {"status": status, "heading": heading, "advice": advice, "detail": detail}
    body = await datasette.render_template("error.html", context, request=request)
    return Response.html(body, status=status, headers=headers)


@hookimpl
def handle_exception(
    datasette: Any, request: Any, exception: Exception
) -> Callable[[], Awaitable[Response]]:
    return lambda: answer(datasette, request, *told(exception, request.args))


@hookimpl
def forbidden(datasette: Any, request: Any) -> Callable[[], Awaitable[Response]]:
    return lambda: answer(datasette, request, 403, *_WORDS[403], "")
