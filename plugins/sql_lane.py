"""A visitor's own SQL never slows or harms the site: it runs apart, with limits, and can be killed.

Whatever the address and format, a request with SQL among its arguments takes the lane.
"""

import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from datasette import hookimpl
from datasette.database import Database
from govspend_site import credit, queries, visits

# For what the site asks itself, with a visitor's words in it: no value and no pattern of theirs
# grows beyond use.
_OWN_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 10_000_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 500,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}


@hookimpl(tryfirst=True)
def startup(datasette: Any) -> None:
    for name, database in datasette.databases.items():
        if type(database) is Database and database.path:
            visited = visits.VisitedDatabase(datasette, database.path, database.is_mutable)
            visited.name, visited.route = database.name, database.route
            datasette.databases[name] = visited


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    for limit, most in _OWN_LIMITS.items():
        conn.setlimit(limit, most)


def telling(datasette: Any, query: str, send: Any) -> Any:
    """`send` with a header that says which lines were asked, where they are in several files."""
    database = datasette.databases.get(queries.DATABASE)
    asked = parse_qs(query, keep_blank_values=True)
    note = database.searched(visits.shard_of(asked)) if database else ""
    if not note:
        return send

    async def told(message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            header = (b"govspend-note", credit.header_text(note).encode("latin-1", "replace"))
            message = {**message, "headers": [*message.get("headers", []), header]}
        await send(message)

    return told


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    def wrap(app: Any) -> Any:
        async def in_lane(scope: Any, receive: Any, send: Any) -> None:
            query = scope.get("query_string", b"").decode("latin-1")
            if scope["type"] == "http" and visits.brings_sql(query):
                with visits.visiting(datasette, scope["path"], query):
                    await app(scope, receive, telling(datasette, query, send))
            else:
                await app(scope, receive, send)

        return in_lane

    return wrap
