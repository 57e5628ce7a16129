"""Every page: header and footer with the edition and its licences, and the style sheet's address.

A page of an illustrative edition says so in a banner and in its title.
"""

import contextlib
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from datasette import hookimpl
from govspend_site import edition, words
from jinja2 import FileSystemBytecodeCache


def asset_url(datasette: Any, path: str) -> str:
    """The address of a file under templates/static, with its hash, so that it can be kept long."""
    for mount, folder in datasette.static_mounts:
        file = Path(folder) / path
        if file.is_file():
            digest = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
            return str(datasette.urls.path(f"/{mount.strip('/')}/{path}?{digest}"))
    return str(datasette.urls.path(f"/static/{path}"))


@hookimpl
def prepare_jinja2_environment(env: Any) -> None:
    # In a folder that is its user's alone; without one, templates are compiled at each start.
    with contextlib.suppress(RuntimeError, OSError):
        env.bytecode_cache = FileSystemBytecodeCache()
    env.filters["column_name"] = words.column_name
    env.filters["month_name"] = words.month_name
    env.filters["date_name"] = words.date_name
    env.filters["pounds"] = words.pounds


@hookimpl
def extra_template_vars(datasette: Any) -> Callable[[], Awaitable[dict[str, Any]]]:
    async def variables() -> dict[str, Any]:
        return {
            "edition": await edition.current(datasette),
            "stylesheet_url": asset_url(datasette, "govspend.css"),
        }

    return variables
