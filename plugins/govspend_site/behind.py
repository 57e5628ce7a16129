"""The way from a figure to what it was made of: its rows as JSON and CSV, and its SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from govspend_site import queries


@dataclass(frozen=True)
class Behind:
    """Addresses of the same rows: as JSON, as CSV, and as a page that shows how they came about."""

    json: str
    csv: str
    page: str
    words: str
    """what `page` is, to follow "or": "see the SQL behind them" """


def by_sql(datasette: Any, sql: str, parameters: Mapping[str, object] | None = None) -> Behind:
    """Of a SELECT of the site's own."""
    asked = urlencode({"sql": sql, **(parameters or {})})
    base = datasette.urls.database(queries.DATABASE)
    return Behind(
        json=f"{base}.json?{asked}&_shape=array",
        csv=f"{base}.csv?{asked}",
        page=f"{base}?{asked}",
        words="see the SQL behind them",
    )


def by_table(datasette: Any, table: str, filters: Mapping[str, object] | None = None) -> Behind:
    """Of a table or view, filtered."""
    asked = urlencode(filters or {})
    base = datasette.urls.table(queries.DATABASE, table)
    return Behind(
        json=f"{base}.json?_shape=array&_size=max" + f"&{asked}" * bool(asked),
        csv=f"{base}.csv?_size=max" + f"&{asked}" * bool(asked),
        page=str(base) + f"?{asked}" * bool(asked),
        words="filter them",
    )


def by_question(
    datasette: Any, name: str, parameters: Mapping[str, object] | None = None
) -> Behind:
    """Of a canned query."""
    asked = urlencode(parameters or {})
    base = datasette.urls.query(queries.DATABASE, name)
    return Behind(
        json=f"{base}.json?_shape=array" + f"&{asked}" * bool(asked),
        csv=f"{base}.csv" + f"?{asked}" * bool(asked),
        page=str(base) + f"?{asked}" * bool(asked),
        words="choose otherwise, with the SQL",
    )


async def rows(
    datasette: Any, sql: str, parameters: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """The rows of a SELECT of the site's own, however long it takes.

    For what is asked once an edition and then kept: a visitor's own SQL has a time limit.
    """
    found: list[dict[str, Any]] = await queries.database(datasette).all_rows(sql, parameters or {})
    return found
