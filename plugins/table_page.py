"""A table page: its filters in words, what its lines come to, and the columns in a useful order.

A filter on a column that is not there is refused, and so are more breakdowns than a page can show.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from datasette import hookimpl
from datasette.database import QueryInterrupted
from datasette.utils.asgi import BadRequest
from govspend_site import columns as shown_columns
from govspend_site import filters, pounds, queries

# A total that takes longer than this is left out: the page must not wait for it.
_TOTAL_LIMIT_MS = 500
# Each is a query of its own.
MOST_FACETS = 8


async def filters_in_words(datasette: Any, pairs: filters.Pairs) -> list[dict[str, str]]:
    """Each active filter as text, and the query string of the page without it."""
    said = []
    for active in filters.active(pairs):
        value = {"column": active.column, "value": active.value}
        name = (await queries.rows(datasette, "names", value))[0]["name"]
        text = active.text(filters.readable(active.column, name))
        said.append({"text": text, "without": active.without})
    return said


async def totals(
    datasette: Any, request: Any, pairs: filters.Pairs, query: dict[str, Any]
) -> str | None:
    """What the filtered lines of spend come to; None where it cannot be told in time."""
    where = filters.where_of(query["sql"])
    if where is None:
        return None
    shared = "supplier_size" not in where
    known = pounds.remembered(request, where)
    if known is not None:
        return filters.totals_words(known, shared=shared)
    sql = pounds.sums_sql(await pounds.source(datasette, pairs, ()), where, ())
    try:
        result = await queries.database(datasette).execute(
            sql, query["params"], custom_time_limit=_TOTAL_LIMIT_MS
        )
    except QueryInterrupted:
        return None
    return filters.totals_words(dict(result.first()), shared=shared)


def worth(query: dict[str, Any], column: str, value: dict[str, Any]) -> str:
    """What a value of a breakdown comes to, as words."""
    # Where all lines are of one size, their share says nothing.
    shared = (
        column != "supplier_size" and "supplier_size" not in query["sql"].partition(" from ")[2]
    )
    return filters.worth_words(value["amount_pence"], value["sme_share"], shared=shared)


def too_many_facets(pairs: filters.Pairs) -> str | None:
    """What is wrong with the number of breakdowns that a request asks for, or None."""
    asked = sum(key.startswith("_facet") and key != "_facet_size" for key, _ in pairs)
    if asked <= MOST_FACETS:
        return None
    return f"{asked} breakdowns are asked for; {MOST_FACETS} is the most."


@hookimpl
def filters_from_request(
    request: Any, database: str, table: str, datasette: Any
) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        columns = await datasette.get_database(database).table_columns(table)
        pairs = parse_qsl(request.query_string, keep_blank_values=True)
        problem = filters.unknown(pairs, [*columns, "rowid"]) or too_many_facets(pairs)
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
            "totals": lambda query: totals(datasette, request, pairs, query),
            "worth": worth,
        }

    return variables
