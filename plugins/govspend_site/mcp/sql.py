"""An assistant's SQL: checked, run in the lane, and its mistakes told in plain words."""

from __future__ import annotations

import math
import sqlite3
from typing import Any

from datasette.database import QueryInterrupted
from datasette.utils import InvalidSql, validate_sql_select
from datasette.utils.asgi import Forbidden

from govspend_site import lane, queries, sql_errors, sql_schema
from govspend_site.mcp.answers import SqlRows, Value
from govspend_site.mcp.arguments import MOST_ROWS, RunSql
from govspend_site.mcp.site import Refusal, Site

# What an assistant can take in at once. Whoever needs more has the CSV file's address.
_CELLS, _MEGABYTES = 20_000, 1


async def ask(site: Site, given: RunSql) -> SqlRows:
    found = await _answer_of(site, given)
    kept = {k: v for k, v in given.parameters.items() if k not in ("sql", "_size", "shard")}
    blanks = {**kept, "shard": given.shard}
    database = f"/{queries.DATABASE}"
    source = await site.source(
        database, {"sql": given.sql, **blanks}, f"{database}.json", f"{database}.csv"
    )
    note = queries.database(site.datasette).searched(given.shard) or None
    if found.truncated:
        file = ", or take csv_url, which has all of them" if source.csv_url else ""
        note = f"{note} " if note else ""
        note += (
            f"Only the first {len(found.rows):,} rows are given. Ask for more with limit, up to "
        )
        note += f"{MOST_ROWS:,}, or add the lines up in SQL{file}."
    return SqlRows(
        sql=given.sql,
        columns=found.columns,
        rows=[[value_of(value) for value in row] for row in found.rows],
        row_count=len(found.rows),
        truncated=found.truncated,
        note=note,
        source=source,
    )


async def _answer_of(site: Site, given: RunSql) -> lane.Answer:
    """The rows, from the lane: never from a connection of the site's own. Raises Refusal."""
    datasette = site.datasette
    limits = lane.Limits(
        datasette.setting("sql_time_limit_ms") / 1000, given.limit, _CELLS, _MEGABYTES
    )
    try:
        await datasette.ensure_permissions(site.request.actor, [("execute-sql", queries.DATABASE)])
        validate_sql_select(given.sql)
        database = queries.database(datasette)
        place = database.place(given.shard)
        return await lane.ask(database, given.sql, given.parameters, limits, place=place)
    except Forbidden:
        raise Refusal("This site takes no SQL. Use ask_question.") from None
    except lane.Busy as error:
        raise Refusal(
            "Many statements are being worked out just now, and this one was not started. "
            f"Ask again in {error.retry_after} seconds."
        ) from None
    except QueryInterrupted:
        raise Refusal(
            f"The statement took longer than {limits.seconds:g} seconds and was stopped. Ask for "
            "less: a filter, one financial year, no join of lines with lines. Sums by month, lot, "
            "sector and size are much faster from release_months, where is_current is 1 in "
            "releases."
        ) from None
    except lane.TooMuch as error:
        raise Refusal(str(error)) from None
    except (InvalidSql, sqlite3.Error) as error:
        raise Refusal(await _mistake(site, str(error), given.sql)) from None


async def _mistake(site: Site, message: str, sql: str) -> str:
    """What is wrong with a statement, and what may have been meant."""
    if "binding" in message:
        return f"A blank of the statement has no value in parameters. SQLite says: {message}"
    trouble = sql_errors.explained(message, sql, await sql_schema.of(site.datasette))
    said = f"SQLite says: {trouble.detail}." if trouble.detail else ""
    # Some hints are for who has the page with the editor before them.
    hints = " ".join(hint for hint in trouble.hints if "this page" not in hint)
    ways = "describe_data lists the tables and, for one of them, its columns."
    return " ".join(part for part in (f"{trouble.heading}.", hints, said, ways) if part)


def value_of(value: Any) -> Value:
    """A value as JSON has it: bytes as SQL writes them, and infinity, which JSON lacks, as text."""
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value  # type: ignore[no-any-return]
