"""The tools: what each takes, what it answers, and how it finds it. Nothing here knows MCP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from govspend_site import queries, search, sql_schema, words
from govspend_site.mcp import questions, sql, summary
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
)
from govspend_site.mcp.arguments import (
    MOST_PARTIES,
    Arguments,
    AskQuestion,
    DescribeData,
    FindParty,
    ListQuestions,
    RunSql,
    SpendSummary,
)
from govspend_site.mcp.site import Refusal, Site


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
            sql.ask,
        ),
    )
}
