"""A list of rows: a page as JSON, with the way on, or the rows as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette.utils.asgi import Response

from govspend_site import credit, edition, export, old_ids, pounds, queries, settled
from govspend_site.api import (
    answers,
    asking,
    json_rows,
    keyset,
    reading,
    summary,
    told_by_cubes,
)
from govspend_site.api.conditions import AnyOf
from govspend_site.api.parameters import USUAL_ROWS
from govspend_site.api.problems import Problem, cut
from govspend_site.api.resources import ENDINGS, RESOURCES

# Servers and proxies refuse headers that are much longer.
_NOTE = 1000


async def rows(datasette: Any, select: export.Select) -> list[dict[str, Any]]:
    """All rows of a SELECT of ours, within the site's time limit."""
    found = await queries.database(datasette).execute(select.sql, dict(select.parameters))
    return [dict(row) for row in found.rows]


async def answer(datasette: Any, request: Any) -> Response:
    """/api/v1/NAME, or NAME.ENDING."""
    resource = RESOURCES[request.url_vars["name"]]
    ending = request.url_vars["ending"] or "json"
    if ending not in ENDINGS:
        formats = ", ".join(f".{name}" for name in ENDINGS)
        raise Problem(404, f"There is no format .{ending}. There are {formats}.")
    known = await reading.choices(datasette)
    parameters = reading.read(resource.parameters, request.query_string, known)
    notes = await renew_ids(datasette, parameters)
    covered = await settled.current(datasette)
    asked = asking.asked(
        resource,
        parameters,
        covered.last_settled or "",
        await pounds.cubes(queries.database(datasette)),
    )
    notes += left_out(asked)
    if ending != "json":
        return await file(datasette, request, asked, ending, notes)
    return await page(datasette, request, asked, notes)


async def page(datasette: Any, request: Any, asked: asking.Asked, notes: list[str]) -> Response:
    """One page as JSON."""
    parameters, known = asked.parameters, asking.columns(asked.resource)
    limit = parameters.limit or USUAL_ROWS
    near = await told_by_cubes.narrowed(datasette, asked, limit + 1)
    found = await rows(datasette, near.page(limit + 1, parameters.cursor))
    more = len(found) > limit
    onward = await next_url(datasette, request, asked, found[limit - 1]) if more else None
    about = await credit.body(datasette)
    body = {
        "edition": about.pop("edition"),
        "notes": notes + await of_another_edition(datasette, asked),
        "rows": [json_rows.row(row, asked.fields, known) for row in found[:limit]],
        "truncated": more,
        "next": onward,
    }
    if parameters.count:
        body["total"] = await total(datasette, asked)
    if asked.resource.name == "summary":
        body["provisional"] = (await settled.current(datasette)).sentence
    headers = {"Link": f'<{onward}>; rel="next"'} if onward else {}
    return answers.as_json({**body, **about}, headers)


async def file(
    datasette: Any, request: Any, asked: asking.Asked, ending: str, notes: list[str]
) -> Response:
    """The rows as a file: all of them, or a page where a limit is given."""
    limit, cursor = asked.parameters.limit, asked.parameters.cursor
    notes = notes + await of_another_edition(datasette, asked)
    headers = {"GovSpend-Note": credit.header_text(" ".join(notes))[:_NOTE]} if notes else {}
    if limit is not None:
        edge = await rows(datasette, asked.edge(limit, cursor))
        if len(edge) > 1:
            onward = await next_url(datasette, request, asked, edge[0])
            headers["Link"] = f'<{onward}>; rel="next"'
    if asked.parameters.count:
        headers["GovSpend-Count"] = str((await total(datasette, asked))["count"])
    select = asked.file(limit, cursor)
    if request.method == "HEAD":
        return Response("", 200, headers, export.FORMATS[ending].content_type)
    database = queries.database(datasette)
    name = f"govspend-{asked.resource.name}"
    return await export.response(datasette, database, select, ending, name, headers=headers)


async def total(datasette: Any, asked: asking.Asked) -> dict[str, Any]:
    """How many rows there are; of lines also what they come to."""
    found: dict[str, Any] = (await rows(datasette, await told_by_cubes.count(datasette, asked)))[0]
    if "amount_pence" in found:
        found["amount"] = json_rows.pounds(found["amount_pence"])
    return found


async def next_url(
    datasette: Any, request: Any, asked: asking.Asked, last: Mapping[str, Any]
) -> str:
    """The address of the page after the row `last`."""
    served = await edition.current(datasette)
    place = asked.place(last, served.edition_id if served else "")
    pairs = parse_qsl(request.query_string, keep_blank_values=True)
    kept = [pair for pair in pairs if pair[0] != "cursor"]
    query = urlencode([*kept, ("cursor", keyset.encode(asked.order, place))])
    return f"{answers.address(datasette, request, request.path)}?{query}"


async def renew_ids(datasette: Any, parameters: Any) -> list[str]:
    """Replaces old ids of parties by those that they have now, and says so; says which are none."""
    notes = []
    for name in sorted(parameters.model_fields_set):
        for mark in reading.conditions(type(parameters), name):
            if isinstance(mark, AnyOf) and mark.party:
                given = getattr(parameters, name)
                now = [await old_ids.now(datasette, mark.party, party_id) for party_id in given]
                setattr(parameters, name, now)
                pairs = zip(given, now, strict=True)
                notes += [joined(name, old, new) for old, new in pairs if old != new]
                notes += await unknown_ids(datasette, mark.party, name, now)
    return notes


async def unknown_ids(datasette: Any, party: str, name: str, given: list[str]) -> list[str]:
    """Says which ids no party of this edition has, so that an empty answer is understood."""
    asked = {"party": party, "ids": json.dumps(given)}
    found = await queries.rows(datasette, "api_unknown_ids", asked)
    return [
        f"No row of {party} has the {name} “{cut(row['id'])}” in this edition." for row in found
    ]


def joined(name: str, old: str, new: str) -> str:
    return f"{name} {old} is now {new}: its name was joined to another."


def left_out(asked: asking.Asked) -> list[str]:
    """What was asked for and cannot be given, in words."""
    missing = [name for name in dict.fromkeys(asked.parameters.fields) if name not in asked.fields]
    if not missing:
        return []
    return [
        f"Left out: {', '.join(missing)}. A summary has only the groups that group_by names "
        f"({', '.join(summary.GROUPS)})."
    ]


async def of_another_edition(datasette: Any, asked: asking.Asked) -> list[str]:
    """Says so where the page goes on from one of another edition."""
    served = await edition.current(datasette)
    if asked.parameters.cursor is None or served is None:
        return []
    place = keyset.decode(asked.parameters.cursor, asked.order, len(asked.keys))
    if place.edition_id == served.edition_id:
        return []
    return [
        f"The page before this one was of edition {place.edition_id}, and this one is of "
        f"{served.edition_id}: rows that changed in between can be missing or come twice. "
        f"Begin again, or take the pages of an edition under /as-of/."
    ]
