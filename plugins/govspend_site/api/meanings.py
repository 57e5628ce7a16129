"""What resources and fields mean, from metadata.yml, the only home of wording about the data."""

from __future__ import annotations

from typing import Any

from govspend_site.api.resources import Resource
from govspend_site.queries import DATABASE


def of_resource(datasette: Any, resource: Resource) -> str:
    return str(_said(datasette, resource).get("description") or _table(datasette, resource))


def _said(datasette: Any, resource: Resource) -> dict[str, Any]:
    found: dict[str, Any] = (datasette.metadata("api") or {}).get(resource.name) or {}
    return found


def _table(datasette: Any, resource: Resource) -> str:
    return str(datasette.metadata("description", database=DATABASE, table=resource.table) or "")


def of_field(datasette: Any, resource: Resource, name: str) -> str:
    """What a field means: in the API, else in the table that it is of."""
    said = _said(datasette, resource).get("fields") or {}
    columns = datasette.metadata("columns", database=DATABASE, table=resource.table) or {}
    return str(said.get(name) or columns.get(name) or "")


def of_parameter(datasette: Any, resource: Resource, name: str, *, several: bool) -> str:
    """What a filter named as a column narrows; other parameters say it themselves."""
    text = of_field(datasette, resource, name)
    return f"{text}. Any of the values that are given." if text and several else text
