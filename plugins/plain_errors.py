"""When something is wrong: what happened in plain words, the right status, and a way on.

A program gets the same as JSON, or as text in place of a CSV file or a picture; the log keeps the
traceback.
"""

import html
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from datasette import hookimpl
from datasette.utils import add_cors_headers
from datasette.utils.asgi import Base400, Response
from datasette.views.base import DatasetteError

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


# Arguments that Datasette reads as numbers, lists or places without checking them first.
_READ_AS_THEY_ARE = ("_next", "_timelimit", "_through", "_facet_size")
_LISTS = ("__in", "__notin")


def mistaken(exception: Exception, arguments: Iterable[str]) -> str | None:
    """What was wrong with the request when an exception is not a fault of ours; else None."""
    if isinstance(exception, DatasetteError):
        # Datasette answers 500 to a sort by a column that is not there.
        return str(exception.message) if exception.message.startswith("Cannot ") else None
    if isinstance(exception, sqlite3.Warning):
        # What sqlite3 says of a second statement.
        return str(exception)
    if isinstance(exception, UnicodeDecodeError) and {"sql", "_where"} & set(arguments):
        # What it raises where a function that is an aggregate is given such bytes.
        return "A function cannot be given a text that is not UTF-8."
    if not isinstance(exception, ValueError | LookupError | TypeError | sqlite3.Error):
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
    if datasette.cors:
        add_cors_headers(headers)
    if request.path.endswith(".json"):
        said = {"ok": False, "status": status, "title": heading, "error": detail or advice}
        return Response.json(said, status=status, headers=headers)
    if request.path.endswith(".csv") or request.url_vars.get("format") == "svg":
        text = f"{heading}. {advice} {detail}".strip()
        return Response.text(text, status=status, headers=headers)
    context = {"status": status, "heading": heading, "advice": advice, "detail": detail}
    body = await datasette.render_template("error.html", context, request=request)
    return Response.html(body, status=status)


@hookimpl
def handle_exception(
    datasette: Any, request: Any, exception: Exception
) -> Callable[[], Awaitable[Response]]:
    return lambda: answer(datasette, request, *told(exception, request.args))


@hookimpl
def forbidden(datasette: Any, request: Any) -> Callable[[], Awaitable[Response]]:
    return lambda: answer(datasette, request, 403, *_WORDS[403], "")
