"""A visitor sees the questions of canned_queries/*.sql, each with a form fit for its parameters.

A file with a mistake stops the site at start-up with one sentence: better no start than a page
that fails for the first visitor who asks.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click
from datasette import hookimpl
from govspend_site import canned, canned_choices
from govspend_site.queries import DATABASE

FOLDER = Path(__file__).parent.parent / "canned_queries"

_queries: dict[str, canned.Query] = {}


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
            choices = await canned_choices.choices_of(datasette, parameter)
            default = await canned_choices.default_of(datasette, parameter)
            given = request.args.get(key) or ""
            fields.append(canned.form_field(key, parameter, given, choices, default))
        sentences = datasette.metadata("caveats") or {}
        caveats = [sentences[caveat] for caveat in query.header.caveats]
        shown = canned.shown_columns(columns or [])
        given = any(request.args.get(key) for key in query.header.parameters)
        return {"question": {"fields": fields, "caveats": caveats, "given": given, **shown}}

    return question
