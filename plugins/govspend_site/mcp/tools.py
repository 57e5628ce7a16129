"""The tools: what each takes, what it answers, and how it finds it. Nothing here knows MCP."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from datasette.database import QueryInterrupted
from datasette.utils import InvalidSql, validate_sql_select
from datasette.utils.asgi import Forbidden
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from govspend_site import lane, queries, search, sql_errors, sql_schema, words
from govspend_site.api.parameters import MOST_GROUPS, Group
from govspend_site.mcp import questions, summary
from govspend_site.mcp.answers import (
    Answer,
    ColumnTold,
    Description,
    Parties,
    Party,
    QuestionRows,
    Questions,
    Similar,
    SqlRows,
    SummaryRows,
    TableTold,
    Value,
)
from govspend_site.mcp.site import Refusal, Site

MOST_PARTIES = 50
MOST_ROWS = 1_000
# What an assistant can take in at once. Whoever needs more has the CSV file's address.
_CELLS, _MEGABYTES = 20_000, 1
_LONGEST_SQL = 50_000
_INTEGER = 2**63


def _is_text(text: str) -> str:
    """Refuses what is no text: half of a letter outside Unicode's first plane."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("is not text in Unicode") from None
    return text


Unicode = AfterValidator(_is_text)
Text = Annotated[str, Unicode]
Integer = Annotated[int, Field(ge=-_INTEGER, lt=_INTEGER)]


class Arguments(BaseModel):
    """What every tool's arguments do: refuse any that it does not know."""

    model_config = ConfigDict(extra="forbid")


class FindParty(Arguments):
    words: Annotated[str, Field(min_length=1, max_length=search.LONGEST), Unicode] = Field(
        description="Words of the name, all of them; the last may be the beginning of a word",
        examples=["home off"],
    )
    kind: Literal["any", "supplier", "buyer"] = Field(
        "any", description="A supplier is a firm that sold, a buyer a public body that bought"
    )
    limit: int = Field(10, ge=1, le=MOST_PARTIES, description="Most of each kind to give")


class ListQuestions(Arguments):
    pass


class AskQuestion(Arguments):
    name: Annotated[str, Field(max_length=100), Unicode] = Field(
        description="Name of the question, from list_questions", examples=["sme-spend-by-month"]
    )
    parameters: dict[Text, Text | Integer | float] = Field(
        default={},
        max_length=20,
        description="Values of its parameters by their names; what is left out has its default",
        examples=[{"financial_year": "2013-14"}],
    )
    limit: int = Field(100, ge=1, le=MOST_ROWS, description="Most rows to give")


_month = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


def _any_of(what: str) -> Any:
    return Field(default=[], max_length=50, description=f"Only these {what}; any of several")


class SpendSummary(Arguments):
    group_by: list[Group] = Field(
        default=[],
        max_length=MOST_GROUPS,
        description=f"What to add up by, up to {MOST_GROUPS}; without it, one row for all lines",
        examples=[["financial_year", "supplier_size"]],
    )
    supplier_id: list[Text] = _any_of("suppliers, by the ids of find_party")
    buyer_id: list[Text] = _any_of("buyers, by the ids of find_party")
    framework: list[Text] = _any_of("frameworks; null is not published")
    lot: list[Text] = _any_of("lots; null is not published")
    sector: list[Text] = _any_of("sectors; null is not published")
    supplier_size: list[Literal["SME", "Large", "null"]] = _any_of("sizes; null: not published")
    financial_year: list[Text] = _any_of("financial years, such as 2013-14")
    month_from: Annotated[str, Field(pattern=_month)] | None = Field(
        None, description="This month and later ones", examples=["2013-04"]
    )
    month_to: Annotated[str, Field(pattern=_month)] | None = Field(
        None, description="This month and earlier ones", examples=["2014-03"]
    )
    q: Annotated[str, Field(min_length=1, max_length=200), Unicode] | None = Field(
        None, description="Words of what was sold, all of them", examples=["hosting"]
    )
    sort: Literal["group", "-group", "amount", "-amount", "sme_share", "-sme_share"] = Field(
        "group", description="Order of the groups; with - the largest or newest first"
    )
    limit: int = Field(100, ge=1, le=MOST_ROWS, description="Most groups to give")


class DescribeData(Arguments):
    table: Annotated[str, Field(max_length=100), Unicode] | None = Field(
        None, description="One table, to see what its columns mean", examples=["spend_named"]
    )


class RunSql(Arguments):
    sql: Annotated[str, Field(min_length=1, max_length=_LONGEST_SQL), Unicode] = Field(
        description="One SELECT (or WITH … SELECT) in SQLite's SQL, with a blank such as :id for "
        "each value",
        examples=["SELECT sum(amount_pence) FROM spend WHERE buyer_id = :id"],
    )
    parameters: dict[Text, Text | Integer | float | None] = Field(
        default={}, max_length=50, description="Value of each blank by its name, without the colon"
    )
    limit: int = Field(100, ge=1, le=MOST_ROWS, description="Most rows to give")


@dataclass(frozen=True)
class Tool:
    """A tool by its name, with its words, its arguments and its answer."""

    name: str
    title: str
    description: str
    arguments: type[Arguments]
    answer: type[Answer]
    run: Callable[[Site, Any], Awaitable[Answer]]


def checked(tool: Tool, given: dict[str, Any]) -> Arguments:
    """The arguments of a call. Raises Refusal, which names each that is wrong and why."""
    try:
        return tool.arguments.model_validate(given)
    except ValidationError as error:
        wrong: dict[str, str] = {}
        for found in error.errors(include_url=False, include_input=False):
            place = ".".join(str(part) for part in found["loc"][:2])
            wrong.setdefault(place, _why(found["type"], found["msg"], tool))
        told = "; ".join(f"{place[:100]} {why}" for place, why in list(wrong.items())[:10])
        raise Refusal(f"{tool.name} was not asked: {told}.") from None


def _why(kind: str, message: str, tool: Tool) -> str:
    if kind == "extra_forbidden":
        names = ", ".join(tool.arguments.model_fields) or "no arguments"
        return f"is not an argument of it; it takes {names}"
    if kind == "missing":
        return "is missing"
    plain = message.removeprefix("Value error, ").replace("Input should", "should")
    return plain[:1].lower() + plain[1:]


async def find_party(site: Site, given: FindParty) -> Parties:
    expression = search.fts(given.words, beginning=True)
    if expression is None:
        raise Refusal("words has no letter and no digit to look for. Give a part of the name.")
    asked = {"words": expression, "most": given.limit}
    found: dict[str, list[dict[str, Any]]] = {}
    for kind in ("supplier", "buyer"):
        wanted = given.kind in ("any", kind)
        found[kind] = await queries.rows(site.datasette, f"search_{kind}s", asked) if wanted else []
    counts = {kind: rows[0]["found_count"] if rows else 0 for kind, rows in found.items()}
    parties = [_party(site, kind, row) for kind, rows in found.items() for row in rows]
    note = None
    if sum(counts.values()) > len(parties):
        note = f"Only the first {given.limit} of each kind are given. Ask for more with limit, "
        note += f"up to {MOST_PARTIES}, or with more words."
    similar = [] if parties else search.alike(await search.parties(site.datasette), given.words)
    return Parties(
        words=given.words,
        supplier_count=counts["supplier"],
        buyer_count=counts["buyer"],
        parties=parties,
        similar=[
            Similar(kind=p.kind, id=p.id, name=p.name, page_url=site.url(p.path))
            for p in similar
            if given.kind in ("any", p.kind)
        ],
        note=note,
        caveats=site.caveats("names-joined"),
        source=await site.source("/search", {"q": given.words}),
    )


def _party(site: Site, kind: str, row: dict[str, Any]) -> Party:
    path = f"/{kind}s/{row['id']}"
    return Party(
        kind=kind,
        id=row["id"],
        name=row["name"],
        line_count=row["line_count"],
        amount_pence=row["amount_pence"],
        amount=words.pounds(row["amount_pence"]),
        page_url=site.url(path),
        json_url=site.url(f"{path}.json"),
        lines_url=site.url(f"/{queries.DATABASE}/spend", {f"{kind}_id": row["id"]}),
    )


async def list_questions(site: Site, given: ListQuestions) -> Questions:
    return Questions(
        questions=await questions.all_of(site), source=await site.source(f"/{queries.DATABASE}")
    )


async def ask_question(site: Site, given: AskQuestion) -> QuestionRows:
    asked = {name: _plain(value) for name, value in given.parameters.items()}
    return await questions.ask(site, given.name, asked, given.limit)


def _plain(value: str | int | float) -> str:
    """A value as an address would have it: 5.0 is 5."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


async def spend_summary(site: Site, given: SpendSummary) -> SummaryRows:
    asked = given.model_dump(exclude_defaults=True)
    return await summary.ask(site, {**asked, "limit": given.limit})


async def describe_data(site: Site, given: DescribeData) -> Description:
    schema = await sql_schema.of(site.datasette)
    if given.table is None:
        tables = [_table(site, table, whole=False) for table in schema.tables]
        path, caveats = f"/{queries.DATABASE}", site.caveats(*site.metadata("caveats"))
    else:
        named = [table for table in schema.tables if table.name == given.table]
        if not named:
            known = ", ".join(table.name for table in schema.tables)
            raise Refusal(f"There is no table “{given.table}”. There are: {known}.")
        tables = [_table(site, named[0], whole=True)]
        path, caveats = f"/{queries.DATABASE}/{given.table}", site.caveats("unknown-is-null")
    return Description(tables=tables, caveats=caveats, source=await site.source(path))


def _table(site: Site, told: sql_schema.Table, *, whole: bool) -> TableTold:
    columns = [
        ColumnTold(name=c.name, type=c.type, description=c.description) for c in told.columns
    ]
    return TableTold(
        name=told.name,
        title=told.title,
        description=" ".join(told.description.split()),
        column_names=[column.name for column in told.columns],
        columns=columns if whole else [],
        page_url=site.url(f"/{queries.DATABASE}/{told.name}"),
    )


async def run_sql(site: Site, given: RunSql) -> SqlRows:
    found = await _answer_of(site, given)
    blanks = {k: v for k, v in given.parameters.items() if k not in ("sql", "_size")}
    database = f"/{queries.DATABASE}"
    note = None
    if found.truncated:
        note = f"Only the first {len(found.rows):,} rows are given. Ask for more with limit, up to "
        note += f"{MOST_ROWS:,}, add the lines up in SQL, or take csv_url, which has all of them."
    return SqlRows(
        sql=given.sql,
        columns=found.columns,
        rows=[[value_of(value) for value in row] for row in found.rows],
        row_count=len(found.rows),
        truncated=found.truncated,
        note=note,
        source=await site.source(
            database, {"sql": given.sql, **blanks}, f"{database}.json", f"{database}.csv"
        ),
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
        return await lane.ask(database, given.sql, given.parameters, limits)
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


TOOLS = {
    tool.name: tool
    for tool in (
        Tool(
            "find_party",
            "Find suppliers and buyers",
            "Finds suppliers (firms) and buyers (public bodies) by words of their names, the "
            "largest first, each with its id, what its lines of spend come to, and its pages. Use "
            "the ids in run_sql and ask_question.",
            FindParty,
            Parties,
            find_party,
        ),
        Tool(
            "list_questions",
            "List the questions",
            "Lists the questions that the site answers, most of them about small and medium-sized "
            "firms (SMEs), with what each measures and the parameters it takes. Look here first: "
            "the figures of these are the ones that the site's own pages show.",
            ListQuestions,
            Questions,
            list_questions,
        ),
        Tool(
            "ask_question",
            "Ask a question",
            "Answers one of the questions of list_questions, with what was measured, the rows, and "
            "the address of the page that shows them.",
            AskQuestion,
            QuestionRows,
            ask_question,
        ),
        Tool(
            "spend_summary",
            "Sum up spend",
            "Adds up spend by any of month, quarter, financial year, framework, lot, sector, "
            "supplier size, supplier and buyer, with filters: amount, lines, numbers of suppliers "
            "and buyers, and what went to SMEs. The same as /api/v1/summary. Groups with "
            "is_provisional true will still rise: do not compare them with settled ones.",
            SpendSummary,
            SummaryRows,
            spend_summary,
        ),
        Tool(
            "describe_data",
            "Describe the data",
            "Lists the tables with what they hold, and what is known to be wanting in the data. "
            "With a table, says what each of its columns means. Look here before run_sql.",
            DescribeData,
            Description,
            describe_data,
        ),
        Tool(
            "run_sql",
            "Run SQL",
            "Runs one SELECT on the database (SQLite) and gives its rows. Money is in pence, in "
            "amount_pence. The view spend_named has the lines with names; the table spend is "
            "faster. A statement has a few seconds.",
            RunSql,
            SqlRows,
            run_sql,
        ),
    )
}
