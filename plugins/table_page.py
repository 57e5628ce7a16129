"""A table page: its filters in words, what its lines come to, and the columns in a useful order.

A filter on a column that is not there is refused.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from datasette import hookimpl
from datasette.database import QueryInterrupted
from datasette.utils.asgi import BadRequest
from govspend_site import columns as shown_columns
from govspend_site import filters, queries

# A total that takes longer than this is left out: the page must not wait for it.
_TOTAL_LIMIT_MS = 500


async def filters_in_words(datasette: Any, pairs: filters.Pairs) -> list[dict[str, str]]:
    """Each active filter as text, and the query string of the page without it."""
    said = []
    for active in filters.active(pairs):
        value = {"column": active.column, "value": active.value}
        name = (await queries.rows(datasette, "names", value))[0]["name"]
        text = active.text(filters.readable(active.column, name))
        said.append({"text": text, "without": active.without})
    return said


async def totals(datasette: Any, query: dict[str, Any]) -> str | None:
    """What the filtered lines of spend come to; None where it cannot be told in time."""
    where = filters.where_of(query["sql"])
    if where is None:
        return None
    sql = queries.sql("spend_totals").replace("/* filters */", where)
    try:
        result = await queries.database(datasette).execute(
            sql, query["params"], custom_time_limit=_TOTAL_LIMIT_MS
        )
    except QueryInterrupted:
        return None
    return filters.totals_words(dict(result.first()), shared="supplier_size" not in where)


async def worth(datasette: Any, query: dict[str, Any], column: str) -> dict[Any, str]:
    """What each value of `column` comes to, as words; empty where it cannot be told in time."""
    where = filters.where_of(query["sql"])
    known = await queries.database(datasette).table_columns("spend")
    if where is None or column not in known:
        return {}
    sql = queries.sql("spend_facet").replace("/* column */", f"[{column}]")
    try:
        result = await queries.database(datasette).execute(
            sql.replace("/* filters */", where), query["params"], custom_time_limit=_TOTAL_LIMIT_MS
        )
    except QueryInterrupted:
        return {}
    shared = column != "supplier_size" and "supplier_size" not in where
    return {row["value"]: filters.worth_words(dict(row), shared=shared) for row in result.rows}


@hookimpl
def filters_from_request(
    request: Any, database: str, table: str, datasette: Any
) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        columns = await datasette.get_database(database).table_columns(table)
        pairs = parse_qsl(request.query_string, keep_blank_values=True)
        problem = filters.unknown(pairs, [*columns, "rowid"])
        if problem:
            raise BadRequest(problem)

    return check


@hookimpl
def extra_template_vars(
    datasette: Any, request: Any, database: str | None, table: str | None, view_name: str | None
) -> Callable[[], Awaitable[dict[str, Any]]] | None:
    if view_name not in ("table", "row") or database != queries.DATABASE or table is None:
        return None
    pairs = parse_qsl(request.query_string, keep_blank_values=True)

    async def variables() -> dict[str, Any]:
        return {
            "said_filters": await filters_in_words(datasette, pairs),
            "most_rows": datasette.setting("max_returned_rows"),
            "kept_arguments": filters.kept(pairs),
            "column_order": lambda names: shown_columns.order(table, names),
            "totals": lambda query: totals(datasette, query),
            "worth": lambda query, column: worth(datasette, query, column),
        }

    return variables
