"""Any table, view, question or SQL of one's own as a file: .csv .ndjson .xml .xlsx .parquet.

A file holds all rows that match, not a page of them; `_size` asks for fewer. `_bom=on` gives a CSV
that Excel opens without asking.
"""

import re
import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette import hookimpl
from datasette.utils import (
    InvalidSql,
    derive_named_parameters,
    tilde_decode,
    validate_sql_select,
)
from datasette.utils.asgi import BadRequest, NotFound, Response
from govspend_site import export, lane, page, queries

_ENDINGS = "|".join(export.FORMATS)
# What shapes a page and not the rows of a file.
_OF_A_PAGE = ("_next", "_size", "_shape", "_labels", "_stream", "_dl", "_bom", "_json", "_facet")
_PAGED = re.compile(r"\s+limit \d+(?: offset \d+)?\s*$")


async def of_sql(datasette: Any, request: Any) -> Response:
    """/govspend.csv?sql=…"""
    sql = request.args.get("sql") or ""
    if not sql.strip():
        raise BadRequest("Give the SQL in sql=…, or name a table: /govspend/spend.csv")
    await datasette.ensure_permissions(request.actor, [("execute-sql", queries.DATABASE)])
    try:
        validate_sql_select(sql)
    except InvalidSql as error:
        raise BadRequest(str(error)) from error
    select = export.Select(sql, await given(datasette, request, sql))
    return await answer(datasette, request, select, "rows", export.VISITORS)


async def of_table(datasette: Any, request: Any) -> Response:
    """/govspend/TABLE.csv with the filters of the table's page, or a question's own address."""
    name = tilde_decode(request.url_vars["table"])
    question = await datasette.get_canned_query(queries.DATABASE, name, request.actor)
    if question:
        asked = {key: request.args.get(key) or "" for key in question.get("params") or ()}
        return await answer(datasette, request, export.Select(question["sql"], asked), name)
    sql, parameters = await table_sql(datasette, request)
    limits = export.VISITORS if "_where" in request.args else export.OURS
    types = await column_types(datasette, name)
    return await answer(datasette, request, export.Select(sql, parameters, types), name, limits)


async def given(datasette: Any, request: Any, sql: str) -> dict[str, str]:
    """Value of each :parameter in the SQL; what is not given is empty, as on the page."""
    names = await derive_named_parameters(queries.database(datasette), sql)
    return {name: request.args.get(name) or "" for name in names}


async def table_sql(datasette: Any, request: Any) -> tuple[str, dict[str, object]]:
    """What Datasette asks for a page of the table with these filters, without the page's limit."""
    pairs = parse_qsl(request.query_string, keep_blank_values=True)
    kept = [(k, v) for k, v in pairs if not k.startswith(_OF_A_PAGE)]
    kept += [("_size", "0"), ("_nofacet", "1"), ("_nocount", "1")]
    path = request.path.rpartition(".")[0]
    found = await datasette.client.get(f"{path}.json?{urlencode(kept)}")
    said = found.json()
    if found.status_code != 200:
        raise refusal(found.status_code, said.get("error") or said.get("title") or "")
    query = said["query"]
    sql = await queries.database(datasette).with_key(query["sql"])
    return _PAGED.sub("", sql), query["params"]


def refusal(status: int, why: str) -> Exception:
    """What the table's page would have said, to be said of the file."""
    if status == 503:
        return lane.Busy()
    found: Exception = NotFound(why) if status == 404 else BadRequest(why)
    return found


async def column_types(datasette: Any, table: str) -> dict[str, str]:
    """The declared type of each column, where it has one; a month is a day in typed files."""
    details = await queries.database(datasette).table_column_details(table)
    declared = {column.name: (column.type or "").lower() for column in details}
    types = {name: kind for name, kind in declared.items() if kind in ("integer", "real", "text")}
    return types | ({"month": "date"} if "month" in types else {})


def size(request: Any) -> int | None:
    """How many rows are asked for; None for all."""
    if (request.args.get("_size") or "max") == "max":
        return None
    return page.number(request, "_size", 0, 10**9, 0)


async def answer(
    datasette: Any,
    request: Any,
    select: export.Select,
    filename: str,
    limits: export.Limits = export.OURS,
) -> Response:
    most = size(request)
    if most is not None:
        bare = select.sql.strip().rstrip(";")
        sql = f"select * from (\n{bare}\n) limit {most}"  # noqa: S608 - a number
        select = export.Select(sql, select.parameters, select.types)
    try:
        return await export.response(
            datasette,
            queries.database(datasette),
            select,
            request.url_vars["ending"],
            filename,
            limits=limits,
            bom=request.args.get("_bom") == "on",
        )
    except sqlite3.Error as error:
        if limits is export.OURS and not isinstance(error, lane.TooMuch):
            raise
        # The SQL is the visitor's, and so is the mistake.
        raise BadRequest(str(error)) from error


def links(datasette: Any, request: Any) -> list[dict[str, str]]:
    """Name and address of each format of what a page shows."""
    pairs = parse_qsl(request.query_string, keep_blank_values=True)
    query = urlencode([pair for pair in pairs if not pair[0].startswith(_OF_A_PAGE)])
    return [
        {
            "name": found.name,
            "url": datasette.urls.path(
                f"{request.path}.{found.ending}" + f"?{query}" * bool(query)
            ),
        }
        for found in export.FORMATS.values()
    ]


@hookimpl
def extra_template_vars(
    datasette: Any, request: Any, database: str | None, view_name: str | None
) -> dict[str, Any]:
    if database != queries.DATABASE or view_name not in ("table", "database", "query"):
        return {}
    return {"files": links(datasette, request)}


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    return [
        (rf"^/{queries.DATABASE}\.(?P<ending>{_ENDINGS})$", of_sql),
        (rf"^/{queries.DATABASE}/(?P<table>[^/]+?)\.(?P<ending>{_ENDINGS})$", of_table),
    ]
