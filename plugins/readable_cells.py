"""Cells in plain form: £1,234.56, 53.4%, June 2014, names for ids, "not published" for unknown.

JSON and CSV keep the numbers, dates and ids as they are.
"""

from typing import Any

from datasette import hookimpl
from datasette.utils import tilde_encode
from govspend_site import cells, queries
from markupsafe import Markup

# A party's name leads to its page, where its id would be one more thing to read.
_PARTIES = {"suppliers": "supplier_id", "buyers": "buyer_id"}


@hookimpl
def render_cell(
    row: Any, value: Any, column: str, table: str | None, database: str, datasette: Any
) -> Markup | None:
    def link(table: str, row_id: str) -> str:
        table_url: str = datasette.urls.table(queries.DATABASE, table)
        return f"{table_url}/{tilde_encode(row_id)}"

    if database != queries.DATABASE:
        return None
    if table is None and cells.is_pounds(value):
        return cells.number(value)
    key = _PARTIES.get(table or "")
    # The id is absent where the address asked for other columns only.
    if column == "name" and table and key in list(row.keys()):
        return cells.named(value, table, row[key], link)
    return cells.shown(value, column, link)
