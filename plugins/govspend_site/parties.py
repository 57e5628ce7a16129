"""What the lists of suppliers and buyers share: filters, order, pages, JSON, CSV and SQL."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from datasette.utils import add_cors_headers
from datasette.utils.asgi import Response

from govspend_site import edition, page, queries

Row = dict[str, Any]

PAGE_SIZE = 50
MOST_KEPT = 200
"""Answers kept in memory, of the edition being served; the oldest goes first."""

ORDERS = ("down", "up")


@dataclass(frozen=True)
class Column:
    """A column of a list: what it shows, how, and the sort that its heading asks for, if any."""

    key: str
    heading: str
    sort: str | None = None
    first_order: str = "down"


@dataclass(frozen=True)
class Kind:
    """One of the two lists: its address, its SQL file, its columns and its filters by name."""

    path: str
    sql: str
    columns: tuple[Column, ...]
    selects: Mapping[str, str]
    numbers: tuple[str, ...]

    @property
    def sorts(self) -> dict[str, Column]:
        return {column.sort: column for column in self.columns if column.sort}


@dataclass(frozen=True)
class Asked:
    """What a visitor asked for: every parameter of the SQL, and the page."""

    kind: Kind
    parameters: dict[str, str]

    @property
    def sort(self) -> str:
        return self.parameters["sort"]

    @property
    def order(self) -> str:
        return self.parameters["order"]

    @property
    def given(self) -> dict[str, str]:
        """The parameters that say anything, for an address that can be read."""
        usual = {"sort": "total", "order": self.kind.sorts[self.sort].first_order}
        return {k: v for k, v in self.parameters.items() if v and usual.get(k) != v}

    @property
    def filters(self) -> dict[str, str]:
        return {k: v for k, v in self.given.items() if k not in ("sort", "order")}

    def query(self, **changes: str) -> str:
        """The query string of this list with some parameters changed."""
        pairs = {k: v for k, v in {**self.given, **changes}.items() if v}
        return f"?{urlencode(pairs)}" if pairs else ""

    @property
    def lines_query(self) -> str:
        """What narrows /govspend/spend to the lines that the filters choose; & stands before it."""
        columns = {"size": "supplier_size", "year": "financial_year"}
        pairs = {}
        for name in self.kind.selects:
            value, column = self.parameters[name], columns.get(name, name)
            if value == "Not published":
                pairs[f"{column}__isnull"] = "1"
            elif value:
                pairs[column] = value
        return f"&{urlencode(pairs)}" if pairs else ""

    def sorted_query(self, column: Column) -> str:
        """The query string that sorts by a column, or turns its order where it has it."""
        turned = "up" if self.order == "down" else "down"
        order = turned if column.sort == self.sort else column.first_order
        pairs = {**self.filters, "sort": column.sort or "total", "order": order}
        return f"?{urlencode(pairs)}"


_answers: dict[tuple[str, ...], list[Row]] = {}
_served: list[tuple[str, str]] = []


async def rows(datasette: Any, name: str, parameters: Mapping[str, str]) -> list[Row]:
    """Rows of NAME.sql, kept for as long as the edition is served: it never changes."""
    served = await edition.current(datasette)
    if served is None:
        return []
    place = (str(queries.database(datasette).path), served.edition_id)
    key = (*place, name, *(f"{k}={v}" for k, v in sorted(parameters.items())))
    if key not in _answers:
        found = await queries.rows(datasette, name, parameters)
        while len(_answers) >= MOST_KEPT:
            _answers.pop(next(iter(_answers)))
        _answers[key] = found
    return _answers[key]


async def choices(datasette: Any) -> dict[str, list[str]]:
    """Field -> the values that it can be filtered by; financial years newest first."""
    found: dict[str, list[str]] = {"lot": [], "sector": [], "size": [], "year": []}
    for row in await rows(datasette, "party_choices", {}):
        found[row["field"]].append(row["value"])
    found["year"].reverse()
    return found


def asked(request: Any, kind: Kind, offered: Mapping[str, Sequence[str]]) -> Asked:
    """The parameters of a request; refuses (400) a value that the list does not offer."""
    parameters = {"words": " ".join(page.words(request, "words").split())}
    for name in kind.selects:
        parameters[name] = page.choice(request, name, offered[name], "")
    for name in kind.numbers:
        given = (request.args.get(name) or "").strip()
        parameters[name] = str(page.number(request, name, 0, 10**11, 0)) if given else ""
    sort = page.choice(request, "sort", list(kind.sorts), "total")
    order = page.choice(request, "order", ORDERS, kind.sorts[sort].first_order)
    return Asked(kind, {**parameters, "sort": sort, "order": order})


def sql_url(datasette: Any, name: str, parameters: Mapping[str, str]) -> str:
    """The page on which the SQL of NAME.sql runs with these parameters, and can be changed."""
    query = urlencode({"sql": queries.sql(name), **parameters})
    return f"{datasette.urls.database(queries.DATABASE)}?{query}"


def as_json(datasette: Any, body: Any) -> Response:
    headers: dict[str, str] = {}
    if datasette.cors:
        add_cors_headers(headers)
    return Response.json(body, headers=headers)


def as_csv(datasette: Any, found: Sequence[Row]) -> Response:
    """Rows as CSV; unknown is empty. No rows give no heading either."""
    headers: dict[str, str] = {}
    if datasette.cors:
        add_cors_headers(headers)
    text = io.StringIO(newline="")
    if found:
        writer = csv.DictWriter(text, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    return Response(text.getvalue(), headers=headers, content_type="text/csv; charset=utf-8")


async def answer(
    datasette: Any, request: Any, kind: Kind, asked_for: Asked, template: str, more: Row
) -> Response:
    """The list as a page of fifty, or whole as JSON or CSV, as the address ends."""
    found = await rows(datasette, kind.sql, asked_for.parameters)
    ending = request.url_vars.get("format")
    sql = sql_url(datasette, kind.sql, asked_for.parameters)
    if ending == ".csv":
        return as_csv(datasette, found)
    if ending == ".json":
        said = {"ok": True, "count": len(found), "asked": asked_for.given, "sql": sql}
        return as_json(datasette, {**said, "rows": found})
    pages = max(1, -(-len(found) // PAGE_SIZE))
    number = page.number(request, "page", 1, pages, 1)
    start = (number - 1) * PAGE_SIZE
    context = {
        "asked": asked_for,
        "rows": found[start : start + PAGE_SIZE],
        "start": start,
        "count": len(found),
        "page": number,
        "pages": pages,
        "sql_url": sql,
        "total_pence": sum(row["amount_pence"] for row in found),
        "caveats": datasette.metadata("caveats") or {},
        **more,
    }
    return await page.render(datasette, request, template, context)
