"""What a browser is told to refuse on our pages: scripts of others, frames, guesses of a type.

A page runs the site's own scripts and no text from the data; only /proof/…/embed may be shown
within another site. Pages with rows have Datasette's editor, charts and map, which need more.
"""

from collections.abc import Callable
from typing import Any

from datasette import hookimpl
from govspend_site import page_headers


@hookimpl
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    return page_headers.told
