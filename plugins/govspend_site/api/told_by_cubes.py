"""What a page of lines is asked for, told by the cubes: how many lines, and where they lie."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from govspend_site import lines, pounds, queries
from govspend_site.api import keyset, reading
from govspend_site.api.asking import Asked
from govspend_site.api.conditions import Described, Where
from govspend_site.export import Select

_LINES = "spend"


def tests(parameters: Any) -> list[lines.Test]:
    """The filters among the parameters, each with its column; '' for one that looks at words."""
    found = []
    model = type(parameters)
    for name in model.model_fields:
        value = getattr(parameters, name)
        if name in parameters.model_fields_set and value not in (None, []):
            for mark in reading.conditions(model, name):
                column = "" if isinstance(mark, Described) else getattr(mark, "column", "")
                for condition in mark.where(name, value).conditions:
                    plain = condition.replace("spend.", "") if column else condition
                    found.append(lines.Test(plain, column.removeprefix("spend.")))
    return found


async def narrowed(datasette: Any, asked: Asked, limit: int) -> Asked:
    """The same question, with where the lines of its page lie."""
    edition, first = queries.database(datasette), asked.keys[0] if asked.keys else None
    if asked.resource.name != _LINES or first is None or first.column != "month":
        return asked
    if not hasattr(edition, "month_lines"):
        return asked
    begun, cursor = "", asked.parameters.cursor
    if cursor is not None:
        begun = str(keyset.decode(cursor, asked.order, len(asked.keys)).values[0])
    place = lines.Place(limit, is_newest_first=first.is_descending, begun=begun)
    values = dict(asked.where.values)
    known = await lines.where_they_lie(edition, tests(asked.parameters), values, place)
    if known is None:
        return asked
    where = asked.where & Where((known[0],), known[1])
    text = queries.sql(asked.resource.sql)
    return replace(asked, sql=text.replace("/* where */", where.sql), where=where)


async def count(datasette: Any, asked: Asked) -> Select:
    """SQL of how many rows there are; of lines by a cube that tells its filters, and in pence."""
    filters = tests(asked.parameters)
    there = await pounds.cubes(queries.database(datasette))
    table = pounds.cube({test.column for test in filters}, there)
    if asked.resource.name != _LINES or table == _LINES:
        return asked.count()
    sums = pounds.sums_sql(table, lines.where_of(filters), ())
    sql = f"SELECT lines AS count, coalesce(pence, 0) AS amount_pence FROM (\n{sums}\n)"  # noqa: S608 - ours
    return Select(sql, asked.where.values)
