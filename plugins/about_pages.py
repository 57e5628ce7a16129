"""A visitor reads how the figures come about, what words mean, what is wanting, who can use it."""

import sys
from collections.abc import Callable
from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import about, admitted, behind, page, queries


async def about_page(datasette: Any, request: Any) -> Response:
    served = queries.database(datasette) is not None
    context = {
        "feeds": await about.feeds(datasette) if served else [],
        "behind": behind.by_table(datasette, "feeds"),
        "has_places": served and await about.has_places(datasette),
        "attributions": datasette.metadata("attributions") or [],
        "lists": await admitted.files(datasette) if served else [],
        "contact": datasette.metadata("contact") or {},
        "caveats": datasette.metadata("caveats") or {},
    }
    return await page.render(datasette, request, "about.html", context)


async def glossary(datasette: Any, request: Any) -> Response:
    context = {"terms": about.terms(datasette.metadata("glossary") or {})}
    return await page.render(datasette, request, "glossary.html", context)


async def data_quality(datasette: Any, request: Any) -> Response:
    served = queries.database(datasette) is not None
    context = {
        "faults": await about.faults(datasette) if served else [],
        "behind": behind.by_table(datasette, "data_quality"),
        "lists": await admitted.files(datasette) if served else [],
        "caveats": datasette.metadata("caveats") or {},
    }
    return await page.render(datasette, request, "data_quality.html", context)


async def accessibility(datasette: Any, request: Any) -> Response:
    context = {"contact": datasette.metadata("contact") or {}}
    return await page.render(datasette, request, "accessibility.html", context)


def unset_contact(contact: dict[str, Any]) -> str | None:
    """What to tell whoever starts a site without an address for corrections; None with one."""
    if contact.get("email"):
        return None
    return (
        "No address for corrections is set, and /about says so: "
        "to give one, put it after `email:` under `contact:` in metadata.yml."
    )


@hookimpl
def startup(datasette: Any) -> None:
    if told := unset_contact(datasette.metadata("contact") or {}):
        print(told, file=sys.stderr)


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    return [
        (r"^/about/?$", about_page),
        (r"^/glossary/?$", glossary),
        (r"^/data-quality/?$", data_quality),
        (r"^/accessibility/?$", accessibility),
    ]
