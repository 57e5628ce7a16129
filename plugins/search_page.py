"""One box finds suppliers, buyers and what was bought: /search?q=… answers in three groups."""

from typing import Any
from urllib.parse import urlencode

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import page, queries, search

GROUPS = ("suppliers", "buyers", "bought")


def sql_link(group: str, typed: str) -> str:
    """Query string of the page of Datasette that runs the SQL of a group."""
    words = search.fts(typed, beginning=group != "bought")
    return urlencode({"sql": queries.sql(f"search_{group}"), "words": words or "", "most": 1000})


async def shown(datasette: Any, request: Any) -> Response:
    """The page /search."""
    typed = page.words(request, "q")
    found = await search.results(datasette, typed)
    nothing = bool(typed) and not any(found.values())
    context = {
        "typed": typed,
        "plain": " ".join(search.folded(typed)),
        "found": found,
        "nothing": nothing,
        "alike": search.alike(await search.parties(datasette), typed) if nothing else [],
        "sql_link": lambda group: sql_link(group, typed),
    }
    return await page.render(datasette, request, "search.html", context)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"^/search$", shown)]
