"""What programs that read the whole web are told: robots.txt (RFC 9309) and llms.txt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from govspend_site import edition, words

Address = Callable[[str], str]

# Of two rules that fit, the longer one counts. Any address with a query is a filter, an order, a
# search or SQL: without end, and the same figures again. Below a table are its lines, one a page.
_CLOSED = (
    "/*?", "/govspend/", "/govspend.", "/as-of/", "/-/", "/api/v1/", "/search", "/downloads/",
    "/*.json$", "/*.csv$", "/*/embed$",
)  # fmt: skip
# What a page is drawn with, and the scripts' addresses carry a query.
_OPEN = ("/static/", "/-/live-charts", "/-/static/")


def robots(served: edition.Edition, questions: Iterable[str], path: Address, sitemap: str) -> str:
    """The rules for every crawler: summaries and profiles are open, what has no end is not.

    `path` gives a path as the site serves it. Nobody is to find invented figures.
    """
    if served.illustrative:
        return f"# Illustrative sample: invented figures.\nUser-agent: *\nDisallow: {path('/')}\n"
    asked = [f"/govspend/{name}$" for name in questions]
    lines = [
        "# Summaries, profiles and questions are open. What has no end (filters, sort orders, SQL,",
        "# single lines, kept editions) is not: for all the data at once see /downloads.",
        "User-agent: *",
        *(f"Allow: {path(rule)}" for rule in (*_OPEN, *asked)),
        *(f"Disallow: {path(rule)}" for rule in _CLOSED),
        "",
        f"Sitemap: {sitemap}",
    ]
    return "\n".join(lines) + "\n"


def llms(
    datasette: Any,
    served: edition.Edition,
    questions: Mapping[str, Mapping[str, Any]],
    address: Address,
    routes: Callable[[str], bool],
    of_places: Iterable[str] = (),
) -> str:
    """What the site is and how to use it, in Markdown as llmstxt.org has it.

    `routes` says whether a plugin answers a path, so that nothing is named that is not there;
    `of_places` is what is to be said where places of buyers are shown.
    """
    parts = [
        _head(datasette, served),
        _section("Bear in mind", [f"- {text}" for text in _caveats(datasette)]),
        _section("Take all of it", _files(datasette, address)),
        _section("Ask for a part of it", _ways_in(address, routes)),
        _section("Questions with an answer ready", _questions(questions, address)),
        _section("Tables", _tables(datasette, address)),
        _section("How to cite", _citing(served, address, of_places)),
    ]
    return "\n\n".join(parts) + "\n"


def _head(datasette: Any, served: edition.Edition) -> str:
    sample = "Illustrative sample: every figure here is invented and must not be cited. "
    said = sample * served.illustrative + str(datasette.metadata("description")).strip()
    feeds = [feed for feed in served.feeds if feed.release_id]
    months = "; ".join(
        f"{feed.title}: {words.month_name(feed.oldest_month)} to "
        f"{words.month_name(feed.newest_month)}, release {feed.release_id}"
        for feed in feeds
    )
    return (
        f"# {datasette.metadata('title')}\n\n> {said}\n\n"
        f"Edition {served.edition_id}. {months}. Amounts are integer pence (`amount_pence`), "
        "excluding VAT; a credit is below zero; an empty cell is unknown."
    )


def _section(title: str, lines: Iterable[str]) -> str:
    return f"## {title}\n\n" + "\n".join(lines)


def _caveats(datasette: Any) -> list[str]:
    return [text.strip() for text in (datasette.metadata("caveats") or {}).values()]


def _files(datasette: Any, address: Address) -> list[str]:
    said = datasette.metadata("downloads") or {}
    names = {"spend-parquet": "spend.parquet", "spend-csv": "spend.csv.gz",
             "database": "govspend.db", "data-package": "datapackage.json",
             "data-dictionary": "data-dictionary.csv"}  # fmt: skip
    files = [
        _link(said[kind]["title"], address(f"/downloads/{name}"), said[kind]["description"])
        for kind, name in names.items()
        if kind in said
    ]
    every = "Every file with size, rows and SHA-256"
    return [*files, _link("List of files", address("/downloads.json"), every)]


def _ways_in(address: Address, routes: Callable[[str], bool]) -> list[str]:
    ways = [
        (
            "/api/v1/spend",
            "API",
            "/api",
            "Lines, suppliers, buyers, releases and sums, with filters",
        ),
        ("/openapi.json", "OpenAPI description", "/openapi.json", "Of the API, for programs"),
        ("/-/mcp", "MCP server", "/-/mcp", "The Model Context Protocol, over HTTP"),
    ]
    found = [
        _link(title, address(path), text) for route, title, path, text in ways if routes(route)
    ]
    sql = address("/govspend.json?sql=select+count(*)+from+spend&_shape=array")
    table = address("/govspend/spend.json?supplier_size=SME&_shape=array")
    return [
        *found,
        _link("A table as JSON", table, "`.json` or `.csv` after any table; columns are filters"),
        _link(
            "SQL", sql, "Read-only SQLite SQL, answered as JSON or CSV, limited in rows and time"
        ),
    ]


def _questions(questions: Mapping[str, Mapping[str, Any]], address: Address) -> list[str]:
    return [
        _link(query.get("title") or name, address(f"/govspend/{name}.json?_shape=array"),
              str(query.get("description") or ""))
        for name, query in questions.items()
    ]  # fmt: skip


def _tables(datasette: Any, address: Address) -> list[str]:
    tables = datasette.metadata("tables", database="govspend") or {}
    listed = [
        f"- `{name}`: {said['title']}. {str(said['description']).strip()}"
        for name, said in tables.items()
        if not said.get("hidden")
    ]
    columns = _link("Data dictionary", address("/data-dictionary"), "Every column of every table")
    return [*listed, columns]


def _citing(served: edition.Edition, address: Address, of_places: Iterable[str]) -> list[str]:
    credits_ = dict.fromkeys(feed.attribution for feed in served.feeds)
    licences = dict.fromkeys(feed.licence_name for feed in served.feeds)
    return [
        f"- Name the edition: GovSpend, edition {served.edition_id}. Its addresses never change: "
        + address(f"/as-of/{served.edition_id}/"),
        f"- Licence: {words.listed(list(licences))}.",
        *(f"- Say: {text}" for text in credits_),
        *(f"- Say of places: {text}" for text in of_places),
        _link("Proof cards", address("/proof/"), "Figures with the SQL and the lines behind them"),
    ]


def _link(title: str, url: str, text: str) -> str:
    return f"- [{title}]({url})" + f": {' '.join(text.split())}" * bool(text)
