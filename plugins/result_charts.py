"""A chart of any answer, drawn on the server when asked for, below a small form; also as .svg.

The address says what is drawn: _chart is bar or line, _x and _y are columns of the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from datasette import hookimpl
from datasette.utils import add_cors_headers
from govspend_site import edition, proof_page, queries, result_chart, result_drawing
from govspend_site.result_chart import Choices, Refused, Result

_OF_THE_FORM = ("_chart", "_x", "_y")
_OWN = "Drawn from a visitor's own SQL."


def suggested(result: Result, header: Mapping[str, Any] | None) -> Choices:
    """What the form offers: the question's own chart, or the first columns that suit.

    Raises Refused where nothing can be drawn.
    """
    if header:
        mark = header["mark"] if header["mark"] in result_chart.MARKS else "line"
        try:
            return result_chart.chosen(result, Choices(mark, header["x"], header["y"][0]))
        except Refused:
            pass
    return result_chart.chosen(result, Choices("bar"))


async def chart_of(
    request: Any,
    columns: Sequence[str],
    rows: Sequence[Any],
    header: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What _result_chart.html shows: the form, and the chart or why there is none."""
    result = Result(columns, rows)
    asked = result_chart.asked(request.args)
    shown: dict[str, Any] = {"asked": asked, "problem": None, "drawings": []}
    try:
        offered = suggested(result, header)
    except Refused as refused:
        return {**shown, "problem": str(refused) if asked else None, "form": None}
    try:
        if asked:
            plan = result_chart.plan(result, asked)
            shown |= {"plan": plan, "drawings": await result_drawing.for_page(plan)}
            offered = Choices(plan.mark, plan.x, plan.y)
    except Refused as refused:
        shown["problem"] = str(refused)
    pairs = parse_qsl(request.query_string, keep_blank_values=True)
    shown["form"] = {
        "marks": result_chart.MARKS,
        "columns": result.offered,
        "numeric": result.numeric,
        "chosen": offered,
        "kept": [pair for pair in pairs if pair[0] not in _OF_THE_FORM],
    }
    return shown


async def as_svg(
    datasette: Any,
    columns: Sequence[str],
    rows: Sequence[Any],
    request: Any,
    data: Mapping[str, Any],
    query_name: str | None,
    table: str | None,
) -> dict[str, Any]:
    """The chart by itself; a sentence with status 400 where it cannot be drawn."""
    headers: dict[str, str] = {}
    if datasette.cors:
        add_cors_headers(headers)
    try:
        if data.get("error"):
            raise Refused(str(data["error"]))
        asked = result_chart.asked(request.args) or Choices(
            "bar", request.args.get("_x"), request.args.get("_y")
        )
        plan = result_chart.plan(Result(columns, rows), asked)
        served = await edition.current(datasette)
        source = proof_page.source(served) if served else []
        svg = await result_drawing.as_file(plan, source if query_name or table else [*source, _OWN])
    except Refused as refused:
        text = "text/plain; charset=utf-8"
        return {"body": str(refused), "status_code": 400, "content_type": text, "headers": headers}
    # One drawn from hostile names must not run anything when it is opened.
    headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return {"body": svg, "content_type": "image/svg+xml; charset=utf-8", "headers": headers}


def is_shown(request: Any, database: str, table: str | None) -> bool:
    """Whether the page links to the image: where it shows a chart."""
    return database == queries.DATABASE and table is None and "_chart" in request.args


@hookimpl
def register_output_renderer() -> dict[str, Any]:
    return {"extension": "svg", "render": as_svg, "can_render": is_shown}


@hookimpl
def extra_template_vars(
    request: Any, view_name: str | None
) -> dict[str, Callable[..., Any]] | None:
    if view_name not in ("database", "table"):
        return None

    def drawn(columns: Sequence[str], rows: Sequence[Any], header: Any = None) -> Any:
        return chart_of(request, columns, rows, header)

    return {"chart_of": drawn}
