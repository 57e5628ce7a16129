"""Whether Government buys from firms like the visitor's: peers, first sale, buyers to call.

A form of choices, whose address can be sent on; the firms and the buyers also as JSON and CSV.
"""

import csv
import io
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import admitted, edition, firms, page, settled, words

CAVEATS = (
    "sme-definition",
    "size-as-published",
    "resellers",
    "revised-backwards",
    "suppliers-that-sold",
    "first-sale-here",
    "names-joined",
    "reported-by-suppliers",
)
LISTED_CAVEATS = ("admitted-by-name",)
SHOWN_PEERS = 50
# What the numbers at risk are shown for.
_SHOWN_STEPS = (0, 1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 60)
_LISTS = {"firms": "peers", "buyers": "open_doors"}


async def shown(datasette: Any, request: Any) -> Response:
    """The page /firms-like-mine."""
    options = await firms.options(datasette)
    found = await firms.answer(datasette, firms.from_request(request, options))
    served = await edition.current(datasette)
    feeds = [f.title.removesuffix(" sales") for f in settled.merged(served.feeds if served else ())]
    caveats = datasette.metadata("caveats") or {}
    listed = await admitted.figures(datasette, found.choices.size)
    context = {
        "found": found,
        "choices": found.choices,
        "options": options,
        "feeds": words.listed(feeds),
        "sentence": firms.sentence(found, feeds),
        "such": lambda count=2: firms.such(found.choices, count),
        "peers": found.peers[:SHOWN_PEERS],
        "steps": [s for s in found.figures.second.steps if s.month in _SHOWN_STEPS],
        "same_by_name": found.by_name in (None, found.figures),
        "caveats": [caveats[name] for name in CAVEATS + LISTED_CAVEATS * bool(listed)],
        "admitted": listed,
        "admitted_sentence": admitted.sentence,
        "listed": words.listed,
        "lines_link": lambda **party: firms.lines_link(found.choices, **party),
        "sql_link": lambda name: firms.sql_link(name, found.choices, found.recent),
        "percent": words.percent,
        "rounded": words.rounded_pounds,
        "whole": firms.whole,
        "coverage": (await settled.current(datasette)).feeds,
    }
    return await page.render(datasette, request, "firms_like_mine.html", context)


async def as_data(datasette: Any, request: Any) -> Response:
    """/firms-like-mine.json with the figures; its lists as JSON or CSV, for the choices."""
    options = await firms.options(datasette)
    found = await firms.answer(datasette, firms.from_request(request, options))
    name, ending = request.url_vars.get("list"), request.url_vars["ending"]
    headers = {"access-control-allow-origin": "*"} if datasette.cors else {}
    listed = await admitted.figures(datasette, found.choices.size)
    of_admitted = listed.rows if listed else []
    if name is None:
        told = {
            "supplier_ids": found.figures.told(),
            "published_names": found.by_name and found.by_name.told(),
            "admitted": of_admitted,
        }
        return Response.json(told, headers=headers)
    rows = of_admitted if name == "admitted" else getattr(found, _LISTS[name])
    if ending == "json":
        return Response.json(rows, headers=headers)
    headers["content-disposition"] = f'attachment; filename="{name}-like-mine.csv"'
    return Response(as_csv(rows), headers=headers, content_type="text/csv; charset=utf-8")


def as_csv(rows: list[dict[str, Any]]) -> str:
    """The rows with a heading, as the JSON has them; nothing for no rows."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [
        (r"^/firms-like-mine$", shown),
        (r"^/firms-like-mine\.(?P<ending>json)$", as_data),
        (r"^/firms-like-mine/(?P<list>firms|buyers|admitted)\.(?P<ending>json|csv)$", as_data),
    ]
