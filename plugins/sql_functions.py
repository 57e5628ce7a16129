"""SQL of a visitor's own can use gbp(), sme_share() and financial_year()."""

import sqlite3

from datasette import hookimpl
from govspend_site import sql_functions


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    sql_functions.register(conn)
