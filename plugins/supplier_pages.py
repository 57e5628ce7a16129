"""A visitor finds a supplier in the ranked list, and reads how much it sold, to whom and when."""

from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import parties, suppliers
from govspend_site.profile_page import Party, profile_page

SUPPLIER = Party(
    name="supplier",
    parts=suppliers.PARTS,
    series=suppliers.SERIES,
    headline=suppliers.headline,
    chart_title="Sales by month",
    chart_words="Its sales",
)


async def supplier_list(datasette: Any, request: Any) -> Response:
    """/suppliers, /suppliers.json, /suppliers.csv"""
    offered = await parties.choices(datasette)
    asked = parties.asked(request, suppliers.LIST, offered)
    more = {"choices": offered}
    return await parties.answer(datasette, request, suppliers.LIST, asked, "suppliers.html", more)


async def supplier(datasette: Any, request: Any) -> Response:
    """/suppliers/ID, /suppliers/ID.json, and a part of it: /suppliers/ID/buyers.csv"""
    return await profile_page(datasette, request, SUPPLIER)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [
        (r"^/suppliers(?P<format>\.json|\.csv)?$", supplier_list),
        (r"^/suppliers/(?P<id>[^/]+?)(?P<format>\.json)?$", supplier),
        (r"^/suppliers/(?P<id>[^/]+)/(?P<part>[a-z-]+)(?P<format>\.json|\.csv)$", supplier),
    ]
