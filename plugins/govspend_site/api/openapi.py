"""The description of the API after OpenAPI 3.1, made from what it is made of and kept nowhere."""

from __future__ import annotations

from typing import Any

from datasette.utils.asgi import Response

from govspend_site import export
from govspend_site.api import answers, meanings, reading
from govspend_site.api.items import no_parameters
from govspend_site.api.problems import MEDIA_TYPE, Body
from govspend_site.api.resources import ENDINGS, RESOURCES, Resource

VERSION = "1.0.0"
JSON = "application/json; charset=utf-8"
MEDIA_TYPES = {"json": JSON, **{e: found.content_type for e, found in export.FORMATS.items()}}

_STATUSES = {
    400: "A parameter cannot be taken. The body names it, what was given and what is allowed.",
    404: "There is no such thing in this edition.",
    405: "The API is only for reading.",
    410: "The line is no longer published. The body names the releases that held it.",
    503: "It took too long, or many others ask. The body says what to do.",
}
_HEADERS = {
    "ETag": "Told by edition, program and address. If-None-Match with it gives 304.",
    "Link": "The licence (rel=license) and, where there is more, the next page (rel=next)",
    "GovSpend-Edition": "Id of the edition that the answer is of",
    "GovSpend-Attribution": "The sentences that the licence asks to be said",
    "GovSpend-Illustrative": "true where the figures are invented; absent where they are not",
    "GovSpend-Note": "Of a file: what `notes` says in JSON; absent where there is nothing to say",
    "GovSpend-Count": "Of a file: how many rows there are in all, where count=true asks for it",
}
_ALWAYS = ("Link", "GovSpend-Edition", "GovSpend-Attribution")
_PAGES = (
    "`next` holds the whole address of the next page, with a cursor that is only for the server to "
    "read; it is null on the last page."
)


async def answer(datasette: Any, request: Any) -> Response:
    """/openapi.json"""
    no_parameters(request)
    return answers.as_json(await described(datasette))


async def described(datasette: Any) -> dict[str, Any]:
    """The whole description, for the edition being served."""
    known = await reading.choices(datasette)
    paths: dict[str, Any] = {"/api/v1/": {"get": _index()}}
    for resource in RESOURCES.values():
        paths |= _paths(datasette, resource, known)
    base = datasette.urls.path("/").rstrip("/")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "GovSpend API",
            "version": VERSION,
            "summary": datasette.metadata("description"),
            "description": "What each resource means, and runnable examples, are at /api.",
            "license": {
                "name": datasette.metadata("license"),
                "url": datasette.metadata("license_url"),
            },
        },
        "servers": [{"url": base or "/", "description": "This site, in the edition it serves"}],
        "tags": [
            {"name": resource.name, "description": meanings.of_resource(datasette, resource)}
            for resource in RESOURCES.values()
        ],
        "paths": paths,
        "components": {
            "schemas": _schemas(datasette),
            "headers": {
                name: {"description": text, "schema": {"type": "string"}}
                for name, text in _HEADERS.items()
            },
            "responses": {f"Problem{status}": _problem(status) for status in _STATUSES},
        },
    }


def _index() -> dict[str, Any]:
    schema = {"type": "object", "required": ["edition", "licence", "attribution", "resources"]}
    ok = _ok("What there is", {JSON: {"schema": schema}})
    responses = {"200": ok, **_problems(400, 405, 503)}
    return {"operationId": "resources", "summary": "What there is", "responses": responses}


def _paths(datasette: Any, resource: Resource, known: reading.Choices) -> dict[str, Any]:
    """The addresses of one resource: its list, its list in each format, and one row of it."""
    name = resource.name
    asked = parameters(datasette, resource, known)
    listed = {"schema": {"$ref": f"#/components/schemas/{resource.row.__name__}List"}}
    formats = {kind: listed if kind == JSON else {} for kind in MEDIA_TYPES.values()}
    ending = {"in": "path", "name": "format", "required": True}
    ending["schema"] = {"type": "string", "enum": list(ENDINGS)}
    found = {
        f"/api/v1/{name}": {
            "get": _operation(resource, f"list_{name}", f"List {name}", asked, {JSON: listed})
        },
        f"/api/v1/{name}.{{format}}": {
            "get": _operation(
                resource, f"list_{name}_as", f"List {name} in a format", [ending, *asked], formats
            )
        },
    }
    if resource.item is not None:
        row_id = {"in": "path", "name": resource.item_id, "required": True}
        row_id["schema"] = {"type": "string", "minLength": 1}
        row_id["description"] = meanings.of_field(datasette, resource, resource.item_id)
        one = {"schema": {"$ref": f"#/components/schemas/{resource.item.__name__}One"}}
        found[f"/api/v1/{name}/{{{resource.item_id}}}"] = {
            "get": _operation(resource, f"get_{name}", f"One of {name}", [row_id], {JSON: one})
        }
    return found


def _operation(
    resource: Resource, key: str, summary: str, asked: list[Any], content: dict[str, Any]
) -> dict[str, Any]:
    is_item = key.startswith("get_")
    statuses = [400, 404, 405, 503] + ([410] if is_item and resource.name == "spend" else [])
    return {
        "operationId": key,
        "tags": [resource.name],
        "summary": summary,
        "description": "" if is_item else _PAGES,
        "parameters": asked,
        "responses": {
            "200": _ok("The row" if is_item else "The rows", content),
            "304": {"description": "Nothing is new since the ETag that was given."},
            **_problems(*sorted(statuses)),
        },
    }


def parameters(datasette: Any, resource: Resource, known: reading.Choices) -> list[dict[str, Any]]:
    """Every parameter of a list but the cursor, which only stands in `next`."""
    model, found = resource.parameters, []
    for name, said in reading.schema(model).items():
        if name == "cursor":
            continue
        schema = {key: value for key, value in said.items() if key != "description"}
        values = reading.offered(model, name, known)
        if values is not None and "items" in schema:
            schema["items"] = {"type": "string", "enum": values}
        text = said.get("description") or meanings.of_parameter(
            datasette, resource, name, several=reading.is_list(said)
        )
        found.append({"in": "query", "name": name, "description": text, "schema": schema})
    return found


def _ok(description: str, content: dict[str, Any]) -> dict[str, Any]:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _HEADERS}
    return {"description": description, "headers": headers, "content": content}


def _problems(*statuses: int) -> dict[str, Any]:
    return {str(s): {"$ref": f"#/components/responses/Problem{s}"} for s in statuses}


def _problem(status: int) -> dict[str, Any]:
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in _ALWAYS}
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": _STATUSES[status], "headers": headers, "content": content}


def _schemas(datasette: Any) -> dict[str, Any]:
    found: dict[str, Any] = dict(_COMMON)
    problem = Body.model_json_schema(ref_template="#/components/schemas/{model}")
    found |= problem.pop("$defs", {})
    found["Problem"] = problem
    for resource in RESOURCES.values():
        name = resource.row.__name__
        row = resource.row.model_json_schema(mode="serialization")
        found[name] = _row(datasette, resource, row, required=False)
        found[f"{name}List"] = _envelope("rows", f"#/components/schemas/{name}")
        if resource.item is not None:
            one = resource.item.__name__
            template = "#/components/schemas/{model}"
            item = resource.item.model_json_schema(mode="serialization", ref_template=template)
            found |= item.pop("$defs", {})
            found[f"{one}Item"] = _row(datasette, resource, item, required=True)
            found[f"{one}One"] = _envelope("row", f"#/components/schemas/{one}Item")
    return found


def _row(datasette: Any, resource: Resource, said: Any, *, required: bool) -> dict[str, Any]:
    """A row's schema. In a list none of its fields is sure: `fields` chooses them."""
    properties = {}
    for name, field in said["properties"].items():
        text = meanings.of_field(datasette, resource, name)
        properties[name] = {k: v for k, v in field.items() if k != "title"} | {"description": text}
    found = {"type": "object", "description": said["description"], "properties": properties}
    return {**found, "required": list(properties)} if required else found


def _envelope(name: str, row: str) -> dict[str, Any]:
    """What stands around a row or rows."""
    properties: dict[str, Any] = {
        "edition": {"$ref": "#/components/schemas/Edition"},
        "licence": {"$ref": "#/components/schemas/Licence"},
        "attribution": {"type": "array", "items": {"type": "string"}},
        "notes": {
            "type": "array", "items": {"type": "string"}, "description": "What to know of it",
        },
        name: {"$ref": row} if name == "row" else {"type": "array", "items": {"$ref": row}},
    }  # fmt: skip
    required = list(properties)
    if name == "rows":
        properties["truncated"] = {"type": "boolean", "description": "Whether there is more"}
        properties["next"] = {"type": ["string", "null"], "format": "uri", "description": _PAGES}
        required += ["truncated", "next"]
        properties["total"] = {"$ref": "#/components/schemas/Total"}
        properties["provisional"] = {
            "type": "string", "description": "Of a summary: which months are provisional, and why",
        }  # fmt: skip
    return {"type": "object", "properties": properties, "required": required}


_COMMON: dict[str, Any] = {
    "Edition": {
        "type": "object",
        "description": "The edition that the answer is of",
        "properties": {
            "edition_id": {"type": "string"},
            "title": {"type": "string"},
            "newest_month": {"type": "string", "format": "date"},
            "illustrative": {
                "type": "boolean", "description": "Whether the figures are invented",
            },
        },
        "required": ["edition_id", "title", "newest_month", "illustrative"],
    },
    "Licence": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "url": {"type": "string", "format": "uri"}},
        "required": ["name", "url"],
    },
    "Total": {
        "type": "object",
        "description": "All that the filters choose, on request (count=true)",
        "properties": {
            "count": {"type": "integer", "description": "Rows in all pages"},
            "amount": {"type": "number", "description": "Of lines: what they come to, in pounds"},
            "amount_pence": {"type": "integer", "description": "Of lines: the same in pence"},
        },
        "required": ["count"],
    },
}  # fmt: skip
