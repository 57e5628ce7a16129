"""A visitor's own SQL never slows or harms the site: it runs apart, with limits, and can be killed.

Whatever the address and format, a request with SQL among its arguments takes the lane.
"""

import sqlite3
from collections.abc import Callable
from typing import Any

from datasette import hookimpl
from datasette.database import Database
from govspend_site import visits

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


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    def wrap(app: Any) -> Any:
        async def in_lane(scope: Any, receive: Any, send: Any) -> None:
            query = scope.get("query_string", b"").decode("latin-1")
            if scope["type"] == "http" and visits.brings_sql(query):
                with visits.visiting(datasette, scope["path"], query):
                    await app(scope, receive, send)
            else:
                await app(scope, receive, send)

        return in_lane

    return wrap
