"""What stands around the SQL editor: the schema, what to start from, and links that last."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from govspend_site import canned_choices, edition, live, proof_page, queries, sql_schema, visits

_BLANK = re.compile(r":(\w+)")


@dataclass(frozen=True)
class Start:
    """A statement to begin with, and the address at which the editor opens with it and its rows."""

    title: str
    sql: str
    url: str


@dataclass(frozen=True)
class Function:
    """A function that this site adds to SQLite."""

    call: str
    meaning: str
    example: Start


@dataclass(frozen=True)
class Links:
    """Addresses of an answer, with host: one that keeps its edition, one that follows new ones."""

    permanent: str | None
    """None where the site keeps no editions."""
    newest: str
    citation: str


@dataclass(frozen=True)
class Lines:
    """Where the lines are that SQL can ask, in an edition that keeps them in several files."""

    shards: list[str]
    chosen: str
    searched: str
    """What the answer is from, in words."""


@dataclass(frozen=True)
class AllLines:
    """How to ask all lines at once, of the published file of them."""

    title: str
    text: str
    sql: str
    url: str


@dataclass(frozen=True)
class Ask:
    """Everything that the editor's templates need."""

    schema: sql_schema.Schema
    lines: Lines | None
    all_lines: AllLines | None
    functions: list[Function]
    examples: list[Start]
    questions: list[Start]


async def ask(datasette: Any, request: Any) -> Ask:
    wording = datasette.metadata("ask_in_sql") or {}
    return Ask(
        schema=await sql_schema.of(datasette),
        lines=lines(datasette, request),
        all_lines=_all_lines(datasette, wording.get("all_lines")),
        functions=[
            Function(each["call"], each["meaning"], begun)
            for each in wording.get("functions", [])
            if (begun := await start(datasette, each["call"], each["example"]))
        ],
        examples=[
            begun
            for each in wording.get("examples", [])
            if (begun := await start(datasette, each["title"], each["sql"], each.get("values")))
        ],
        questions=[
            begun
            for title, sql, values in await _questions(datasette, request)
            if (begun := await start(datasette, title, sql, values))
        ],
    )


def lines(datasette: Any, request: Any) -> Lines | None:
    """None where the lines are in the database itself."""
    database = queries.database(datasette)
    if not database.shards:
        return None
    names = [shard.name for shard in database.shards]
    asked = request.args.get("sql") is not None
    chosen = request.args.get("shard") or ("" if asked else names[0])
    return Lines(names, chosen, database.searched(chosen) if asked else "")


def _all_lines(datasette: Any, wording: Mapping[str, str] | None) -> AllLines | None:
    url = datasette.urls.path("/downloads/spend.parquet")
    return AllLines(**wording, url=url) if wording else None


async def start(
    datasette: Any, title: str, sql: str, values: Mapping[str, str] | None = None
) -> Start | None:
    """None where no one file of the edition has all that the statement reads."""
    given = values or {}
    blanks = {name: given.get(name, "") for name in _BLANK.findall(sql)}
    shard = await queries.database(datasette).shard_for(sql, blanks)
    if shard is None:
        return None
    asked = urlencode({"sql": sql, **given, **({"shard": shard} if shard else {})})
    return Start(title, sql, f"{datasette.urls.database(queries.DATABASE)}?{asked}")


_Question = tuple[str, str, dict[str, str]]
# Defaults that the database gives are those of one edition.
_KNOWN: WeakKeyDictionary[Any, list[_Question]] = WeakKeyDictionary()


async def _questions(datasette: Any, request: Any) -> list[_Question]:
    """Title, SQL and default parameters of each canned query."""
    database = queries.database(datasette)
    if database not in _KNOWN:
        canned = await datasette.get_canned_queries(queries.DATABASE, request and request.actor)
        _KNOWN[database] = [
            (query.get("title") or name, query["sql"], await _defaults(datasette, query))
            for name, query in canned.items()
        ]
    return _KNOWN[database]


async def _defaults(datasette: Any, query: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, parameter in (query.get("parameters") or {}).items():
        value = parameter.get("default")
        if "default_sql" in parameter:
            with visits.ours():
                rows = await canned_choices.rows_of(datasette, parameter["default_sql"])
            value = rows[0][0] if rows else None
        if value is not None:
            found[name] = str(value)
    return found


async def links(datasette: Any, request: Any) -> Links:
    """Of the page that is asked for, whatever it shows."""
    path = request.path + (f"?{request.query_string}" if request.query_string else "")
    newest = live.site_base(datasette) + path.lstrip("/")
    kept = live.shelf_of(datasette) is not None
    permanent = proof_page.kept_url(datasette, request, path) if kept else None
    newest = str(datasette.absolute_url(request, newest))
    served = await edition.current(datasette)
    url = permanent or newest
    citation = proof_page.cited("Own analysis in SQL.", served, url) if served else url
    return Links(permanent, newest, citation)
