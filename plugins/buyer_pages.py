"""A visitor finds a buyer in the ranked list, and reads what it bought, from whom and when."""

from typing import Any

from datasette import hookimpl
from datasette.utils.asgi import Response
from govspend_site import behind, buyers, parties, queries
from govspend_site.profile_page import Party, profile_page

BUYER = Party(
    name="buyer",
    parts=buyers.PARTS,
    series=buyers.SERIES,
    headline=buyers.headline,
    chart_title="Purchases by month and size of firm",
    chart_words="Its purchases",
)


def with_least(asked: parties.Asked, given: Any) -> parties.Asked:
    """A rank by share is of buyers with enough of both, unless the visitor said otherwise."""
    if asked.sort not in buyers.SHARES:
        return asked
    least = {k: v for k, v in buyers.LEAST_FOR_A_SHARE.items() if k not in given}
    return parties.Asked(asked.kind, {**asked.parameters, **least})


async def buyer_list(datasette: Any, request: Any) -> Response:
    """/buyers, /buyers.json, /buyers.csv"""
    offered = await parties.choices(datasette)
    asked = with_least(parties.asked(request, buyers.LIST, offered), request.args)
    left_out, all_sme = 0, None
    if asked.sort in buyers.SHARES:
        everyone = await parties.rows(datasette, "buyers_count", asked.parameters)
        shown = await parties.rows(datasette, buyers.LIST.sql, asked.parameters)
        left_out = everyone[0]["buyer_count"] - len(shown)
        all_sme = (await queries.rows(datasette, "buyers_all_sme"))[0]
    more = {
        "choices": offered,
        "left_out": left_out,
        "least": buyers.LEAST_FOR_A_SHARE,
        "all_sme": all_sme,
        "all_sme_behind": behind.by_sql(datasette, queries.sql("buyers_all_sme")),
    }
    return await parties.answer(datasette, request, buyers.LIST, asked, "buyers.html", more)


async def buyer(datasette: Any, request: Any) -> Response:
    """/buyers/ID, /buyers/ID.json, and a part of it: /buyers/ID/suppliers.csv"""
    return await profile_page(datasette, request, BUYER)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [
        (r"^/buyers(?P<format>\.json|\.csv)?$", buyer_list),
        (r"^/buyers/(?P<id>[^/]+?)(?P<format>\.json)?$", buyer),
        (r"^/buyers/(?P<id>[^/]+)/(?P<part>[a-z-]+)(?P<format>\.json|\.csv)$", buyer),
    ]
