"""The JSON of an edition is the same from every machine that serves it, to the last byte.

Datasette would say in it how long it took (`query_ms`): each process would have an answer and an
ETag of its own, and what a visitor has from one would be news to the next.
"""

from typing import Any

from datasette import hookimpl
from datasette.renderer import json_renderer
from datasette.utils.asgi import Response


def without_time(args: Any, data: dict[str, Any], view_name: str) -> Response:
    """Datasette's own JSON of `data`, but for what is not the data's."""
    kept = {key: value for key, value in data.items() if key != "query_ms"}
    return json_renderer(args, kept, view_name)


@hookimpl
def register_output_renderer() -> dict[str, Any]:
    return {"extension": "json", "render": without_time}
