"""A visitor reads the news of each month, written from its releases, or follows it as a feed."""

import re
from collections.abc import Callable
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import digest, digest_feed, edition, page, queries, words

_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


async def months_of(datasette: Any) -> list[tuple[str, list[dict[str, Any]]]]:
    """Every month that has a digest, newest first, with its releases."""
    if queries.database(datasette) is None:
        return []
    return digest_feed.by_month(await digest.releases(datasette))


async def archive(datasette: Any, request: Any) -> Response:
    months = await months_of(datasette)
    context = {"months": months, "sentence": digest.sentence, "asked": None}
    return await page.render(datasette, request, "digests.html", context)


async def one(datasette: Any, request: Any) -> Response:
    month = request.url_vars["month"]
    found = await digest.of_month(datasette, month) if _MONTH.fullmatch(month) else []
    months = await months_of(datasette)
    if not found:
        asked = words.month_name(month) or month[: page.LONGEST_GIVEN]
        context = {"months": months, "sentence": digest.sentence, "asked": asked}
        return await page.render(datasette, request, "digests.html", context, status=404)
    context = {
        "month": month,
        "digests": found,
        **neighbours([name for name, _ in months], month),
        "enough": digest.ENOUGH_REVISIONS,
        "caveats": datasette.metadata("caveats") or {},
        "words": words,
    }
    return await page.render(datasette, request, "digest.html", context)


def neighbours(months: list[str], month: str) -> dict[str, str | None]:
    """The digests before and after one, of `months` newest first."""
    place = months.index(month)
    return {
        "earlier": months[place + 1] if place + 1 < len(months) else None,
        "later": months[place - 1] if place else None,
    }


async def feed(datasette: Any, request: Any) -> Response:
    served = await edition.current(datasette)
    releases = await digest.releases(datasette) if served else []
    title = "GovSpend digest" + (" (illustrative sample)" * bool(served and served.illustrative))

    def address(path: str) -> str:
        return str(datasette.absolute_url(request, datasette.urls.path(path)))

    body = digest_feed.feed(releases, title, address).decode("utf-8")
    return Response(body, content_type="application/atom+xml; charset=utf-8")


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    return [
        (r"^/digest/?$", archive),
        (r"^/digest\.atom$", feed),
        (r"^/digest/feed\.atom$", feed),
        (r"^/digest/(?P<month>[^/]+)$", one),
    ]
