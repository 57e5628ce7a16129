"""/api: what the API is, for people, from what it is made of."""

from __future__ import annotations

from typing import Any

from datasette.utils.asgi import Response

from govspend_site import page
from govspend_site.api import answers, asking, examples, meanings, reading
from govspend_site.api.kinds import MOST_ROWS, MOST_VALUES
from govspend_site.api.parameters import USUAL_ROWS
from govspend_site.api.resources import ENDINGS, RESOURCES, Resource
from govspend_site.queries import DATABASE

_TYPES = {"date": "day", "real": "number", "integer": "whole number", "text": "text"}


async def shown(datasette: Any, request: Any) -> Response:
    known = await reading.choices(datasette)
    root = answers.address(datasette, request, "/api/v1")
    tables = datasette.metadata("tables", database=DATABASE) or {}
    context = {
        "root": root,
        "examples": examples.first(root),
        "resources": [described(datasette, resource, known) for resource in RESOURCES.values()],
        "endings": ENDINGS,
        "most_rows": MOST_ROWS,
        "usual_rows": USUAL_ROWS,
        "most_values": MOST_VALUES,
        "seconds": datasette.setting("sql_time_limit_ms") / 1000,
        "tables": [
            {"name": name, "title": said["title"], "description": said["description"]}
            for name, said in tables.items()
            if not said.get("hidden") and name not in ("spend", "spend_named", *RESOURCES)
        ],
    }
    return await page.render(datasette, request, "api.html", context)


def described(datasette: Any, resource: Resource, known: reading.Choices) -> dict[str, Any]:
    """A resource with its parameters and fields, as tables show them."""
    model = resource.parameters
    said = reading.schema(model)
    parameters = [
        {
            "name": name,
            "allowed": reading.allowed(model, name, known),
            "meaning": said[name].get("description")
            or meanings.of_parameter(
                datasette, resource, name, several=reading.is_list(said[name])
            ),
        }
        for name in said
        if name not in ("limit", "cursor", "count")
    ]
    fields = [
        {
            "name": column.name,
            "type": kind(column),
            "meaning": meanings.of_field(datasette, resource, column.name),
        }
        for column in asking.columns(resource).values()
    ]
    return {
        "name": resource.name,
        "item_id": resource.item_id,
        "description": meanings.of_resource(datasette, resource),
        "parameters": parameters,
        "fields": fields,
        "usual_sort": resource.usual_sort,
    }


def kind(column: asking.Column) -> str:
    """The type of a field in words."""
    named = "true or false" if column.type is bool else _TYPES[column.storage]
    if column.storage == "text" and column.type is not str:
        named = "list of texts"
    return f"{named} or null" if column.is_nullable else named
