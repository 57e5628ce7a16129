"""What every page of our own does alike: template, choices from the address, refusals."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from datasette.utils.asgi import BadRequest, NotFound, Response
from markupsafe import Markup

LONGEST_GIVEN = 200
"""Characters of a visitor's text that are worth a look; more is no name and no search."""


async def render(
    datasette: Any,
    request: Any,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    view_name: str = "page",
) -> Response:
    """The page as HTML. `context` is what the template needs beyond what every page has."""
    html = await datasette.render_template(
        template, dict(context), request=request, view_name=view_name
    )
    return Response.html(html, status=status)


def choice(request: Any, name: str, allowed: Collection[str], default: str) -> str:
    """The value of parameter `name`, `default` when it is not given. Refuses any other (400)."""
    given = (request.args.get(name) or "").strip()
    if not given:
        return default
    if given not in allowed:
        raise BadRequest(
            f"{name} cannot be '{given[:LONGEST_GIVEN]}'. It can be {', '.join(allowed)}."
        )
    return given


def number(request: Any, name: str, least: int, most: int, default: int) -> int:
    """The whole number of parameter `name`. Refuses what is none, or is out of bounds (400)."""
    given = (request.args.get(name) or "").strip().replace(",", "")
    if not given:
        return default
    if not given.isascii() or not given.isdigit() or not least <= int(given[:15]) <= most:
        raise BadRequest(
            f"{name} cannot be '{given[:LONGEST_GIVEN]}'. "
            f"It can be a whole number from {least:,} to {most:,}."
        )
    return int(given)


def words(request: Any, name: str) -> str:
    """The visitor's text, without outer space. Refuses one that is too long to be meant (400)."""
    given = (request.args.get(name) or "").strip()
    if len(given) > LONGEST_GIVEN:
        raise BadRequest(f"{name} is {len(given):,} characters long; {LONGEST_GIVEN} is the most.")
    return given


def missing(what: str, given: str) -> NotFound:
    """To raise where an address names something that this edition does not hold (404)."""
    return NotFound(f"There is no {what} '{given[:LONGEST_GIVEN]}' in this edition.")


def as_script_data(data: object) -> Markup:
    """`data` as JSON to stand in a script element, which no text in it can leave."""
    # Within a script element only the end of it means anything, and that must not come up.
    said = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        said = said.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(said)
