"""A search engine finds the data set: home and /downloads describe it as schema.org Dataset.

A person sees nothing of it. Invented figures are not described, and neither is a kept edition, of
which the newest is enough.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from datasette import hookimpl
from govspend_site import dataset_markup, downloads, edition, live, page

VIEWS = ("index", "downloads")


@hookimpl
def extra_template_vars(
    view_name: str | None, request: Any, datasette: Any
) -> Callable[[], Awaitable[dict[str, Any]]] | None:
    if view_name not in VIEWS or request is None or live.pinned_to():
        return None

    def address(path: str) -> str:
        return str(datasette.absolute_url(request, datasette.urls.path(path)))

    async def variables() -> dict[str, Any]:
        served, offer = await edition.current(datasette), await downloads.offer(datasette)
        if served is None or offer is None:
            return {}
        found = dataset_markup.dataset(datasette, served, offer, address)
        return {"dataset_markup": page.as_script_data(found) if found else None}

    return variables
