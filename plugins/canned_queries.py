"""A visitor sees the questions of canned_queries/*.sql, each with a form fit for its parameters.

A file with a mistake stops the site at start-up with one sentence: better no start than a page
that fails for the first visitor who asks.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import click
from datasette import hookimpl
from govspend_site import canned
from govspend_site.queries import DATABASE

FOLDER = Path(__file__).parent.parent / "canned_queries"

_queries: dict[str, canned.Query] = {}
# The choices of a database that cannot change, by the SQL that gave them. A new edition is a new
# Database object, so what an old one offered is forgotten with it.
_choices: WeakKeyDictionary[Any, dict[str, list[tuple[Any, ...]]]] = WeakKeyDictionary()


@hookimpl
def startup(datasette: Any) -> Callable[[], Awaitable[None]]:
    async def check() -> None:
        try:
            queries = canned.load(FOLDER)
            caveats = datasette.metadata("caveats") or {}
            if DATABASE in datasette.databases:
                database = datasette.get_database(DATABASE)
                for query in queries.values():
                    await database.execute_fn(
                        lambda db, query=query: canned.check_against(query, db, caveats)
                    )
        except canned.QueryFileError as error:
            # What Datasette's command line prints as one line, without a traceback.
            raise click.ClickException(str(error)) from error
        _queries.clear()
        _queries.update(queries)

    return check


@hookimpl
def canned_queries(database: str) -> dict[str, dict[str, Any]] | None:
    if database == DATABASE:
        return {name: query.for_datasette() for name, query in _queries.items()}
    return None


@hookimpl
def extra_template_vars(
    datasette: Any,
    request: Any,
    database: str | None,
    view_name: str | None,
    columns: list[str] | None,
) -> dict[str, Any] | Callable[[], Awaitable[dict[str, Any]]]:
    """Gives query.html `question`: the form's fields and the caveats of a canned query."""
    name = request.url_vars.get("table") if request and view_name == "table" else None
    query = _queries.get(name or "") if database == DATABASE else None
    if query is None:
        return {}

    async def question() -> dict[str, Any]:
        fields = []
        for key, parameter in query.header.parameters.items():
            choices = await choices_of(datasette, parameter)
            default = await default_of(datasette, parameter)
            given = request.args.get(key) or ""
            fields.append(canned.form_field(key, parameter, given, choices, default))
        sentences = datasette.metadata("caveats") or {}
        caveats = [sentences[caveat] for caveat in query.header.caveats]
        shown = canned.shown_columns(columns or [])
        given = any(request.args.get(key) for key in query.header.parameters)
        return {"question": {"fields": fields, "caveats": caveats, "given": given, **shown}}

    return question


async def choices_of(datasette: Any, parameter: canned.Parameter) -> dict[str, str]:
    """value -> label; the fixed choices or those that the database gives."""
    if parameter.choices_sql is None:
        return {choice: choice for choice in parameter.choices or ()}
    rows = await rows_of(datasette, parameter.choices_sql)
    return {str(row[0]): str(row[-1]) for row in rows}


async def default_of(datasette: Any, parameter: canned.Parameter) -> str:
    if parameter.default_sql is None:
        return "" if parameter.default is None else str(parameter.default)
    rows = await rows_of(datasette, parameter.default_sql)
    return str(rows[0][0]) if rows and rows[0][0] is not None else ""


async def rows_of(datasette: Any, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a SELECT of our own, kept where the file cannot change."""
    database = datasette.get_database(DATABASE)
    kept = _choices.setdefault(database, {})
    if sql not in kept or database.is_mutable:
        kept[sql] = [tuple(row) for row in (await database.execute(sql)).rows]
    return kept[sql]
