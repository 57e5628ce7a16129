"""Whoever asks in SQL finds the schema beside the editor, statements to start from, and help.

A statement that cannot be answered comes back in its editor, with what was wrong in plain words.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from datasette import hookimpl
from datasette.utils import derive_named_parameters
from datasette.utils.asgi import Response
from govspend_site import page, queries, sql_errors, sql_page, sql_schema


def is_asked(request: Any) -> bool:
    """Whether a request is for the page of a visitor's own SQL."""
    if request is None or not request.args.get("sql"):
        return False
    found = request.url_vars
    return found.get("database") == queries.DATABASE and not (
        found.get("table") or found.get("format")
    )


async def again(datasette: Any, request: Any, message: str) -> Response:
    """The statement in its editor, below what was wrong with it."""
    sql = request.args["sql"]
    ask = await sql_page.ask(datasette, request)
    names = await derive_named_parameters(queries.database(datasette), sql)
    context = {
        "ask": ask,
        "trouble": sql_errors.explained(message, sql, ask.schema),
        "sql": sql,
        "values": {name: request.args.get(name) or "" for name in names},
        "database": queries.DATABASE,
        "allow_execute_sql": True,
    }
    return await page.render(datasette, request, "ask_again.html", context, status=400)


def trouble_of(
    message: str, sql: str, schema: sql_schema.Schema = sql_schema.NOTHING
) -> sql_errors.Trouble:
    return sql_errors.explained(message, sql, schema)


@hookimpl(tryfirst=True)
def handle_exception(
    datasette: Any, request: Any, exception: Exception
) -> Callable[[], Awaitable[Response]] | None:
    message = sql_errors.of_exception(exception) if is_asked(request) else None
    if message is None:
        return None
    return lambda: again(datasette, request, message)


@hookimpl
def extra_template_vars(
    datasette: Any, request: Any, database: str | None, view_name: str | None
) -> Callable[[], Awaitable[dict[str, Any]]] | None:
    if view_name not in ("database", "table"):
        return None

    async def variables() -> dict[str, Any]:
        found: dict[str, Any] = {"trouble_of": trouble_of}
        if view_name == "database" and database == queries.DATABASE:
            ask = await sql_page.ask(datasette, request)
            found["ask"] = ask
            found["trouble_of"] = partial(trouble_of, schema=ask.schema)
            if is_asked(request):
                found["answer_links"] = await sql_page.links(datasette, request)
        return found

    return variables
