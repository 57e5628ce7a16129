"""A request's parameters, read and checked: each mistake names what was given and is allowed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError

from govspend_site import edition, queries
from govspend_site.api.conditions import AnyOf, Condition, Where
from govspend_site.api.problems import Mistake, mistake, refused, unknown

Choices = Mapping[str, Sequence[str]]
# Names without commas, so that a list of them can be written as one value.
_BY_COMMA = ("fields", "group_by")

_known: dict[tuple[str, str], dict[str, list[str]]] = {}


async def choices(datasette: Any) -> Choices:
    """Field -> the values that this edition has; read once an edition."""
    served = await edition.current(datasette)
    if served is None:
        return {}
    key = (str(queries.database(datasette).path), served.edition_id)
    if key not in _known:
        found: dict[str, list[str]] = defaultdict(list)
        for row in await queries.rows(datasette, "api_choices"):
            found[row["field"]].append(row["value"])
        _known.clear()
        _known[key] = dict(found)
    return _known[key]


@cache
def schema(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """JSON schema of each parameter. None is no value in an address, so it is left out."""
    found = {}
    for name, said in model.model_json_schema()["properties"].items():
        plain = dict(said)
        options = [part for part in plain.pop("anyOf", []) if part != {"type": "null"}]
        for option in options:
            plain = {**option, **plain}
        for key in ("title", "default"):
            if plain.get(key) in (None, [], False) or key == "title":
                plain.pop(key, None)
        found[name] = plain
    return found


def offered(model: type[BaseModel], name: str, known: Choices) -> list[str] | None:
    """The values that a parameter can have, where they can be listed."""
    for mark in conditions(model, name):
        if isinstance(mark, AnyOf) and mark.choices:
            return [*known.get(mark.choices, ()), *(["null"] if mark.nullable else [])]
    said = schema(model)[name]
    values: list[str] | None = said.get("items", said).get("enum")
    return values


def is_list(said: Mapping[str, Any]) -> bool:
    """Whether a parameter of this schema can be given more than once."""
    return said.get("type") == "array"


def conditions(model: type[BaseModel], name: str) -> list[Condition]:
    return [mark for mark in model.model_fields[name].metadata if isinstance(mark, Condition)]


def allowed(model: type[BaseModel], name: str, known: Choices) -> str:
    """What a parameter can be, in words."""
    values = offered(model, name, known)
    said = schema(model)[name]
    one = said.get("items", said)
    if values is not None:
        text = "one of " + ", ".join(values)
    elif "pattern" in one:
        text = "a month such as 2014-06"
    elif "minimum" in one:
        kind = "whole number" if one["type"] == "integer" else "number"
        text = f"a {kind} from {one['minimum']:,} to {one['maximum']:,}"
    elif one["type"] == "boolean":
        text = "true or false"
    else:
        text = f"a text of 1 to {one.get('maxLength', 200)} characters"
    return f"{text}; at most {said['maxItems']} of them" if "maxItems" in said else text


def read(model: type[BaseModel], query_string: str, known: Choices) -> Any:
    """The parameters of an address as `model`. Refuses (400) with every mistake that there is."""
    given: dict[str, list[str]] = defaultdict(list)
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        given[name] += value.split(",") if name in _BY_COMMA else [value]
    lists = {name for name, said in schema(model).items() if is_list(said)}
    errors = [
        mistake(name, ", ".join(values), "one value")
        for name, values in given.items()
        if name not in lists and name in model.model_fields and len(values) > 1
    ]
    plain = {name: v if name in lists else v[-1] for name, v in given.items()}
    try:
        asked = model.model_validate(plain)
    except ValidationError as error:
        errors += list(_mistakes(model, error, given, known))
        raise refused(errors) from None
    errors += _unknown_choices(model, asked, known)
    if errors:
        raise refused(errors)
    return asked


def _mistakes(
    model: type[BaseModel], error: ValidationError, given: Mapping[str, list[str]], known: Choices
) -> Iterable[Mistake]:
    for found in error.errors(include_url=False):
        name, *place = found["loc"]
        name = str(name)
        if name not in model.model_fields:
            yield unknown(name, given[name][0], list(model.model_fields))
            continue
        index = place[0] if place and isinstance(place[0], int) else None
        value = ", ".join(given[name]) if index is None else given[name][index]
        yield mistake(name, value, allowed(model, name, known))


def _unknown_choices(model: type[BaseModel], asked: BaseModel, known: Choices) -> list[Mistake]:
    """Values of a column that no line of this edition has."""
    found = []
    for name in asked.model_fields_set:
        for mark in conditions(model, name):
            values = offered(model, name, known)
            if isinstance(mark, AnyOf) and mark.choices and values is not None:
                wrong = [value for value in getattr(asked, name) if value not in values]
                found += [mistake(name, value, allowed(model, name, known)) for value in wrong]
    return found


def where(asked: BaseModel) -> Where:
    """What the filters that were given ask of the database."""
    found = Where()
    model = type(asked)
    for name in model.model_fields:
        value = getattr(asked, name)
        if name in asked.model_fields_set and value not in (None, []):
            for mark in conditions(model, name):
                found &= mark.where(name, value)
    return found
