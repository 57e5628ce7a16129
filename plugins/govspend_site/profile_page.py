"""The page of one supplier or one buyer: found, moved, or missing with a way on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from datasette.utils import tilde_decode
from datasette.utils.asgi import Response

from govspend_site import admitted, page, parties, profile, queries

Row = dict[str, Any]


@dataclass(frozen=True)
class Party:
    """What tells the profile of a supplier from that of a buyer. `name` is supplier or buyer."""

    name: str
    parts: tuple[profile.Part, ...]
    series: dict[str, str]
    headline: Callable[[Row, list[str]], str]
    chart_title: str
    chart_words: str


async def profile_page(datasette: Any, request: Any, party: Party) -> Response:
    """The profile as HTML or JSON, or one part of it as JSON or CSV."""
    party_id = unquote(tilde_decode(request.url_vars["id"]))
    ask = {f"{party.name}_id": party_id}
    facts = await parties.rows(datasette, f"{party.name}_facts", ask)
    if not facts:
        return await _moved_or_missing(datasette, request, party, party_id)
    key = request.url_vars.get("part")
    if key:
        return await _part(datasette, request, party, ask, key)
    # Side by side: SQLite reads in as many threads as Datasette has.
    found = await asyncio.gather(*(profile.filled(datasette, p, ask) for p in party.parts))
    filled = {part.part.key: part for part in found}
    feeds = await profile.feeds_of(datasette, f"{party.name}_feeds", ask)
    said = party.headline(facts[0], feeds)
    more = await _more(datasette, party, party_id)
    if request.url_vars.get("format"):
        rows = {one.part.key.replace("-", "_"): one.rows for one in found}
        return parties.as_json(
            datasette, {"ok": True, "headline": said, **facts[0], **more, **rows}
        )
    context = {
        "facts": facts[0],
        "headline": said,
        "feeds": feeds,
        "parts": filled,
        "timeline": await profile.timeline(
            datasette,
            f"{party.name}/{party_id}",
            filled["months"].rows,
            party.series,
            f"{party.chart_title}: {facts[0]['name']}",
            party.chart_words,
        ),
        **more,
        "cell": profile.cell,
        "is_numeric": profile.is_numeric,
        "shown": profile.SHOWN,
        "here": datasette.urls.path(f"/{party.name}s/{quote(party_id)}"),
        "caveats": datasette.metadata("caveats") or {},
        "facts_sql": parties.sql_url(datasette, f"{party.name}_facts", ask),
    }
    return await page.render(datasette, request, f"{party.name}.html", context)


async def _more(datasette: Any, party: Party, party_id: str) -> Row:
    """What only one kind of party has: a buyer its place, a supplier what it was admitted to."""
    if party.name == "supplier":
        return {"admitted_to": await admitted.frameworks_of(datasette, party_id)}
    return {"place": await place(datasette, {"buyer_id": party_id})}


async def place(datasette: Any, ask: dict[str, str]) -> Row | None:
    """Where the buyer's head office is; None where the edition does not say."""
    if not await parties.rows(datasette, "party_table", {"name": "buyer_places"}):
        return None
    found = await parties.rows(datasette, "buyer_place", ask)
    return found[0] if found else None


async def _part(
    datasette: Any, request: Any, party: Party, ask: dict[str, str], key: str
) -> Response:
    parts = {part.key: part for part in party.parts}
    if key not in parts:
        raise page.missing(f"part of this {party.name}'s page", key)
    rows = (await profile.filled(datasette, parts[key], ask)).rows
    if request.url_vars["format"] == ".csv":
        return parties.as_csv(datasette, rows)
    return parties.as_json(datasette, rows)


async def _moved_or_missing(datasette: Any, request: Any, party: Party, party_id: str) -> Response:
    """301 to the party that an old id was joined to; else 404 with a search for the id's words."""
    for row in await parties.rows(datasette, "old_ids", {}):
        if (row["party"], row["own_id"]) == (f"{party.name}s", party_id):
            part = f"/{request.url_vars['part']}" if request.url_vars.get("part") else ""
            now = f"/{party.name}s/{quote(row['id'])}{part}{request.url_vars.get('format') or ''}"
            # 301: a joined name stays joined, as for /govspend/suppliers/ID.
            return Response.redirect(datasette.urls.path(now), status=301)
    if request.url_vars.get("format") or request.url_vars.get("part"):
        raise page.missing(party.name, party_id)
    context = {
        "party": party.name,
        "given": party_id[: page.LONGEST_GIVEN],
        "looked_for": " ".join(party_id[: page.LONGEST_GIVEN].replace("-", " ").split()),
        "database": queries.DATABASE,
    }
    return await page.render(datasette, request, "_party_missing.html", context, status=404)
