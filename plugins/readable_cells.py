"""Cells in plain form: £1,234.56, 53.4%, June 2014, names for ids, "not published" for unknown.

JSON and CSV keep the numbers, dates and ids as they are.
"""

from typing import Any

from datasette import hookimpl
from datasette.utils import tilde_encode
from govspend_site import cells, queries
from markupsafe import Markup


@hookimpl
def render_cell(value: Any, column: str, database: str, datasette: Any) -> Markup | None:
    def link(table: str, row_id: str) -> str:
        table_url: str = datasette.urls.table(queries.DATABASE, table)
        return f"{table_url}/{tilde_encode(row_id)}"

    return cells.shown(value, column, link) if database == queries.DATABASE else None
