"""Sums of spend, by asking the site's own API, so that both say the same and refuse the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from govspend_site.mcp.answers import SummaryRows
from govspend_site.mcp.site import Refusal, Site

_PATH = "/api/v1/summary"
_BUSY = "The site is busy. Ask again in a few seconds."


async def ask(site: Site, asked: Mapping[str, Any]) -> SummaryRows:
    """The groups and what each comes to. Raises Refusal with what the API says of a mistake."""
    pairs = pairs_of(asked)
    said = await _answer(site, pairs)
    rows = said["rows"]
    columns = list(rows[0]) if rows else []
    notes = [*said["notes"], *([said["provisional"]] if said.get("provisional") else [])]
    if said["truncated"]:
        notes.append(
            f"Only the first {len(rows):,} groups are given. Ask for more with limit, group by "
            "less, or take csv_url, which has all of them."
        )
    whole = [pair for pair in pairs if pair[0] != "limit"]
    return SummaryRows(
        columns=columns,
        rows=[[row[column] for column in columns] for row in rows],
        row_count=len(rows),
        truncated=said["truncated"],
        note=" ".join(notes) or None,
        caveats=site.caveats("reported-by-suppliers", "size-as-published"),
        source=await site.source(_PATH, whole, _PATH, f"{_PATH}.csv"),
    )


def pairs_of(asked: Mapping[str, Any]) -> list[tuple[str, object]]:
    """The parameters of an address; several values of one are given one by one."""
    pairs: list[tuple[str, object]] = []
    for name, value in asked.items():
        values = value if isinstance(value, list) else [value]
        pairs += [(name, one) for one in values if one is not None]
    return pairs


async def _answer(site: Site, pairs: Sequence[tuple[str, object]]) -> dict[str, Any]:
    found = await site.datasette.client.get(f"{_PATH}?{urlencode(pairs)}")
    said: dict[str, Any] = found.json()
    if found.status_code == 200:
        return said
    if found.status_code >= 500:
        raise Refusal(_BUSY)
    wrong = [
        f"{error['parameter']} cannot be “{error['given']}”; it can be {error['allowed']}"
        for error in said.get("errors", ())
    ]
    raise Refusal(". ".join(wrong) or said.get("detail", _BUSY))
