"""One row by its id, and the list of what the API offers."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from datasette.utils.asgi import Response

from govspend_site import credit, export, old_ids, queries
from govspend_site.api import answers, asking, json_rows, lists, meanings
from govspend_site.api.conditions import Where
from govspend_site.api.problems import Problem, cut, refused, unknown
from govspend_site.api.resources import ENDINGS, RESOURCES, Resource


def no_parameters(request: Any) -> None:
    """Refuses (400) any parameter."""
    for name in request.args:
        raise refused([unknown(name, request.args[name], ["none"])])


async def answer(datasette: Any, request: Any) -> Response:
    """/api/v1/NAME/ID."""
    resource = RESOURCES[request.url_vars["name"]]
    given = unquote(request.url_vars["id"])
    if not resource.item_id:
        raise Problem(404, f"{resource.name} has no ids. Its filters narrow it.")
    no_parameters(request)
    row_id = await old_ids.now(datasette, resource.party, given)
    row = await found(datasette, resource, row_id)
    if resource.name == "spend":
        row["releases"] = await held(datasette, row_id)
    notes = [lists.joined(resource.item_id, given, row_id)] if row_id != given else []
    body = {**await credit.body(datasette), "notes": notes, "row": row}
    here = answers.address(datasette, request, f"/api/v1/{resource.name}/{row_id}")
    return answers.as_json(body, {"Content-Location": here} if notes else {})


async def found(datasette: Any, resource: Resource, row_id: str) -> dict[str, Any]:
    """The row as JSON shows it. Raises a problem (404, or 410 for a line that is gone)."""
    column = f"{'spend' if resource.name == 'spend' else resource.table}.{resource.item_id}"
    where = Where((f"{column} = :id",), {"id": row_id})
    known = asking.columns(resource)
    shown = [f"{c.pence} AS {name}" if c.pence else name for name, c in known.items()]
    inner = queries.sql(resource.sql).replace("/* where */", where.sql)
    # Every name here is of a declaration; the value is bound.
    sql = f"SELECT {', '.join(shown)} FROM (\n{inner}\n)"  # noqa: S608
    rows = await lists.rows(datasette, export.Select(sql, where.values))
    if rows:
        row: dict[str, Any] = json_rows.row(rows[0], tuple(known), known)
        return row
    releases = await held(datasette, row_id) if resource.name == "spend" else []
    if releases:
        detail = "This line is no longer in the published data. Earlier releases held it."
        raise Problem(410, detail, more={"spend_id": row_id, "releases": releases})
    raise Problem(
        404, f"{resource.name} has no {resource.item_id} “{cut(row_id)}” in this edition."
    )


async def held(datasette: Any, spend_id: str) -> list[dict[str, Any]]:
    """The releases that held a line, oldest first."""
    rows = await queries.rows(datasette, "line_releases", {"spend_id": spend_id})
    return [{**row, "is_current": bool(row["is_current"])} for row in rows]


async def index(datasette: Any, request: Any) -> Response:
    """/api/v1/: what there is."""
    no_parameters(request)

    def url(path: str) -> str:
        return answers.address(datasette, request, path)

    resources = [
        {
            "name": resource.name,
            "description": meanings.of_resource(datasette, resource),
            "url": url(f"/api/v1/{resource.name}"),
            "item_url": url(f"/api/v1/{resource.name}/") + f"{{{resource.item_id}}}"
            if resource.item_id
            else None,
            "formats": {e: url(f"/api/v1/{resource.name}.{e}") for e in ENDINGS},
        }
        for resource in RESOURCES.values()
    ]
    ways = {"documentation": url("/api"), "description": url("/openapi.json")}
    return answers.as_json({**await credit.body(datasette), **ways, "resources": resources})


async def missing(datasette: Any, request: Any) -> Response:
    """Any other address under /api/."""
    names = ", ".join(f"/api/v1/{name}" for name in RESOURCES)
    raise Problem(404, f"There is nothing at {cut(request.path)}. There are {names}.")
