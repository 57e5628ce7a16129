"""What a list is asked for, as SQL: a page of it, the whole of it, or how many rows it has."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import UnionType
from typing import Any, Union, get_args, get_origin

from govspend_site import queries
from govspend_site.api import keyset, reading, summary
from govspend_site.api.conditions import Where
from govspend_site.api.kinds import Day, PoundsOf
from govspend_site.api.resources import Resource
from govspend_site.export import Select

_DAY = get_args(Day)[1]


@dataclass(frozen=True)
class Column:
    """A field of a resource: its Python type without None, and the pence that it says in pounds."""

    name: str
    type: Any
    is_nullable: bool
    pence: str = ""
    is_day: bool = False

    @property
    def storage(self) -> str:
        """Its type in files: integer, real, text or date."""
        if self.is_day:
            return "date"
        if self.pence or self.type is float:
            return "real"
        return "integer" if self.type in (int, bool) else "text"


def columns(resource: Resource) -> dict[str, Column]:
    """The fields of a resource by name."""
    found = {}
    for name, info in resource.row.model_fields.items():
        options = [info.annotation]
        if get_origin(info.annotation) in (Union, UnionType):
            options = [part for part in get_args(info.annotation) if part is not type(None)]
        marks = [*info.metadata, *(m for o in options for m in getattr(o, "__metadata__", ()))]
        pence = next((mark.pence for mark in marks if isinstance(mark, PoundsOf)), "")
        kind = get_args(options[0])[0] if hasattr(options[0], "__metadata__") else options[0]
        is_nullable = type(None) in get_args(info.annotation)
        found[name] = Column(name, kind, is_nullable, pence, _DAY in marks)
    return found


@dataclass(frozen=True)
class Asked:
    """One request of a list: its parameters, its SQL without order, and its order."""

    resource: Resource
    parameters: Any
    sql: str
    where: Where
    fields: tuple[str, ...]
    keys: tuple[keyset.Key, ...]
    order: str
    """Names the order, so that a cursor is used in the order that it was made for."""

    @property
    def _known(self) -> dict[str, Column]:
        return columns(self.resource)

    def page(self, limit: int, cursor: str | None) -> Select:
        """SQL of `limit` rows: the fields, amounts in pounds as pence, and the keys as key_0, …"""
        known = self._known
        shown = [f"{known[n].pence} AS {n}" if known[n].pence else n for n in self.fields]
        return self._rows([*shown, *self._key_columns()], cursor, limit)

    def _key_columns(self) -> list[str]:
        return [f"{key.column} AS key_{number}" for number, key in enumerate(self.keys)]

    def place(self, row: Mapping[str, Any], edition_id: str) -> keyset.Place:
        values = tuple(row[f"key_{number}"] for number in range(len(self.keys)))
        return keyset.Place(edition_id, values)

    def edge(self, limit: int, cursor: str | None) -> Select:
        """SQL of the keys of the last row of a page and, where there is one, of the next row."""
        return self._rows(self._key_columns() or ["1 AS only"], cursor, 2, limit - 1)

    def file(self, limit: int | None, cursor: str | None) -> Select:
        """SQL of all rows, or of a page, with the types of its columns.

        All lines come as they stand in the database unless an order is asked for: in another order
        each would be looked up by itself, which takes long where there are millions.
        """
        is_whole = (
            limit is None and cursor is None and "sort" not in self.parameters.model_fields_set
        )
        as_stored = replace(self, keys=()) if is_whole and self.resource.name == "spend" else self
        found = as_stored._rows(list(self.fields), cursor, limit)
        types = {name: self._known[name].storage for name in self.fields}
        return replace(found, types=types)

    def _rows(
        self, shown: list[str], cursor: str | None, limit: int | None, offset: int = 0
    ) -> Select:
        begins = Where()
        if cursor is not None and self.keys:
            place = keyset.decode(cursor, self.order, len(self.keys))
            begins = keyset.after(self.keys, place)
        elif cursor is not None:
            keyset.decode(cursor, self.order, -1)
        order = f"ORDER BY {keyset.order_by(self.keys)}" if self.keys else ""
        cut = f"LIMIT {int(limit)} OFFSET {int(offset)}" if limit is not None else ""
        # Every name here is of a declaration; every value is bound.
        sql = f"SELECT {', '.join(shown)} FROM (\n{self.sql}\n) {begins.sql} {order} {cut}"  # noqa: S608
        return Select(sql, {**self.where.values, **begins.values})

    def count(self) -> Select:
        """SQL of `count`, and for lines of amount_pence too."""
        if self.resource.name == "spend":
            sql = queries.sql("api_spend_total").replace("/* where */", self.where.sql)
        else:
            sql = f"SELECT count(*) AS count FROM (\n{self.sql}\n)"  # noqa: S608
        return Select(sql, self.where.values)


def asked(
    resource: Resource, parameters: Any, last_settled: str, there: Collection[str] = ()
) -> Asked:
    """What the parameters ask of a resource.

    `last_settled` is the newest month that is settled, `there` are the tables of the edition.
    """
    where, keys, sql = reading.where(parameters), resource.keys, queries.sql(resource.sql)
    groups: list[str] = list(dict.fromkeys(getattr(parameters, "group_by", ())))
    names = resource.columns
    if resource.name == "summary":
        names = [name for name in names if name not in summary.columns_but(groups)]
    fields = tuple(name for name in dict.fromkeys(parameters.fields) if name in names)
    fields = fields or tuple(names)
    if resource.name == "summary":
        sql, keys = summary.text(parameters, fields, there), summary.keys(groups)
        where = Where(where.conditions, {**where.values, "last_settled": last_settled})
    text = sql.replace("/* where */", where.sql)
    return Asked(
        resource=resource,
        parameters=parameters,
        sql=summary.grouped(text, groups),
        where=where,
        fields=fields,
        keys=_keys(resource, parameters.sort, keys),
        order=f"{resource.name} {parameters.sort} {','.join(groups)}",
    )


def _keys(resource: Resource, sort: str, last: tuple[str, ...]) -> tuple[keyset.Key, ...]:
    """The order of a sort, and after it the columns that tell rows apart."""
    column, is_descending = resource.sorts[sort.removeprefix("-")], sort.startswith("-")
    known = columns(resource)
    if not column:
        return tuple(keyset.Key(c, is_descending, known[c].is_nullable) for c in last)
    first = keyset.Key(column, is_descending, known[column].is_nullable)
    return (first, *(keyset.Key(c, False, known[c].is_nullable) for c in last if c != column))
