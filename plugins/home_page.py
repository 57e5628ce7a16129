"""The home page: what share of the money went to SMEs, its chart and figures, and the ways on."""

import datetime
from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from govspend_site import edition, home, home_feeds, home_periods, page, queries
from govspend_site.edition import Edition

CAVEATS = ("reported-by-suppliers", "size-as-published", "resellers", "provisional")


def chart_choices(found: home.Home) -> list[tuple[str, str, dict[str, str]]]:
    """Name, label and values with their labels of each choice of the chart."""
    feeds = {feed.feed_id: feed.title.removesuffix(" sales") for feed in found.feeds}
    both = {home.ALL_FEEDS: "Both" if len(feeds) == 2 else "All"}
    offered = [
        ("by", "Bars for each", home_periods.PERIODS),
        ("show", "Measure", home_periods.MEASURES),
    ]
    return [*offered, ("feed", "Feed", {**both, **feeds})] if len(feeds) > 1 else offered


def questions_of(canned: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Canned queries as name, title and description, in their own order; search has its form."""
    return [
        {
            "name": name,
            "title": query.get("title") or name.replace("_", " ").capitalize(),
            "description": query.get("description") or "",
        }
        for name, query in canned.items()
        if name != "search"
    ]


def choices_of(request: Any, served: Edition) -> home.Choices:
    """What the chart was asked to show. Refuses (400) what cannot be shown."""
    if request is None:
        return home.Choices()
    feeds = [feed.feed_id for feed in served.feeds if feed.release_id]
    return home.Choices(
        by=page.choice(request, "by", home_periods.PERIODS, "month"),
        show=page.choice(request, "show", home_periods.MEASURES, "pounds"),
        feed=page.choice(request, "feed", [home.ALL_FEEDS, *feeds], home.ALL_FEEDS),
    )


@hookimpl
def extra_template_vars(
    view_name: str | None, request: Any, datasette: Any
) -> Callable[[], Awaitable[dict[str, Any]]] | None:
    if view_name != "index":
        return None

    async def variables() -> dict[str, Any]:
        served = await edition.current(datasette)
        canned = await datasette.get_canned_queries(queries.DATABASE, request and request.actor)
        questions = questions_of(canned)
        if served is None:
            return {"home": None, "questions": questions}
        choices = choices_of(request, served)
        found = await home.page(datasette, served, choices)
        caveats = datasette.metadata("caveats") or {}
        today = datetime.datetime.now(datetime.UTC).date()
        return {
            "home": found,
            "choices": choices,
            "chart_choices": chart_choices(found),
            "late": home_feeds.late_notice(found.feeds, today),
            "today": today,
            "caveats": [caveats[name] for name in CAVEATS if name in caveats],
            "questions": questions,
        }

    return variables
