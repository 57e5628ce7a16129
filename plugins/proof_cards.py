"""Each headline and profile has a proof card: a figure that can be cited, sent on and recomputed.

/proof/ lists the headlines; /proof/KEY is a card, /proof/KEY.svg, .png and .json the same for a
document, a pasted link and a program, and /proof/KEY/embed for a frame in someone else's page.
"""

from typing import Any

from datasette import hookimpl
from datasette.utils import add_cors_headers
from datasette.utils.asgi import NotFound, Response
from govspend_site import edition, live, page, proof, proof_page, queries
from govspend_site.figure import Figure


async def found(datasette: Any, key: str) -> tuple[Figure, edition.Edition]:
    """The figure of a key and the edition it is of. Raises NotFound."""
    served = await edition.current(datasette)
    figure = await proof.figure(datasette, key) if len(key) <= page.LONGEST_GIVEN else None
    if figure is None or served is None:
        raise page.missing("figure", key)
    return figure, served


async def moved(datasette: Any, key: str) -> Response | None:
    """The way from a party's old id to the one that it has now."""
    kind, _, own_id = key.partition("/")
    party = proof.PARTIES.get(kind)
    if party is None or queries.database(datasette) is None:
        return None
    for old in await queries.rows(datasette, "old_ids"):
        if (old["party"], old["own_id"]) == (f"{party}s", own_id):
            path = datasette.urls.path(f"/proof/{kind}/{old['id']}")
            return Response.redirect(path, status=301)
    return None


async def card(datasette: Any, request: Any) -> Response:
    """A card in the form that the address asks for."""
    key, form = request.url_vars["key"], request.url_vars["form"] or ""
    try:
        figure, served = await found(datasette, key)
    except NotFound:
        response = await moved(datasette, key)
        if response is None:
            raise
        return response
    return await _FORMS[form](datasette, request, figure, served)


async def shown(datasette: Any, request: Any, figure: Figure, served: Any) -> Response:
    permalink = proof_page.kept_url(datasette, request, f"/proof/{figure.key}")
    caveats = datasette.metadata("caveats") or {}
    context = {
        "figure": figure,
        "drawings": proof_page.drawings(figure),
        "permalink": permalink,
        # No visitor's SQL can ask several files of lines at once.
        "table_of_lines": await queries.database(datasette).reads_lines(figure.table.sql, {}),
        "check": await proof_page.check(datasette, request, figure),
        "citation": proof_page.citation(figure, served, permalink),
        "said_caveats": [caveats[name] for name in figure.caveats if name in caveats],
    }
    return await page.render(datasette, request, "proof.html", context)


async def embedded(datasette: Any, request: Any, figure: Figure, served: Any) -> Response:
    context = {
        "figure": figure,
        "drawings": proof_page.drawings(figure)[:2],
        "permalink": proof_page.kept_url(datasette, request, f"/proof/{figure.key}"),
        "source": proof_page.source(served),
    }
    return await page.render(datasette, request, "embed.html", context)


async def drawn(datasette: Any, request: Any, figure: Figure, served: Any) -> Response:
    """The chart as a file. One drawn from hostile names must not run anything when opened."""
    svg = proof_page.svg(figure, served)
    if svg is None:
        raise page.missing("chart", figure.key)
    headers = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}
    return Response(svg, headers=headers, content_type="image/svg+xml; charset=utf-8")


async def pictured(datasette: Any, request: Any, figure: Figure, served: Any) -> Response:
    png = await proof_page.png(figure, served)
    if png is None:
        raise page.missing("chart", figure.key)
    return Response(png, content_type="image/png")


async def told(datasette: Any, request: Any, figure: Figure, served: Any) -> Response:
    permalink = proof_page.kept_url(datasette, request, f"/proof/{figure.key}")
    checked = await proof_page.check(datasette, request, figure)
    headers: dict[str, str] = {}
    if datasette.cors:
        add_cors_headers(headers)
    return Response.json(proof_page.as_json(figure, served, permalink, checked), headers=headers)


_FORMS = {"": shown, "/embed": embedded, ".svg": drawn, ".png": pictured, ".json": told}


async def headlines(datasette: Any, request: Any) -> Response:
    """The list of cards that need no id."""
    context = {"figures": await proof.headlines(datasette), "kept": live.pinned_to()}
    return await page.render(datasette, request, "proof_list.html", context)


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [
        (r"/proof/?$", headlines),
        (r"/proof/(?P<key>.+?)(?P<form>/embed|\.svg|\.png|\.json)?$", card),
    ]
