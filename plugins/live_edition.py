"""A visitor always sees one whole edition, and the next one as soon as it is published."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from datasette import hookimpl
from govspend_site.live import Databases, Shelf
from govspend_site.queries import DATABASE

# asgi_wrapper is called more than once for a Datasette, so what it needs is kept here.
_shelves: WeakKeyDictionary[Any, Shelf] = WeakKeyDictionary()


@hookimpl(tryfirst=True)
def startup(datasette: Any) -> None:
    database = datasette.databases.get(DATABASE)
    if database is not None and database.path and Path(database.path).is_symlink():
        shelf = Shelf(datasette, Path(database.path), DATABASE)
        _shelves[datasette] = shelf
        datasette.databases = Databases(datasette.databases, shelf)


@hookimpl(trylast=True)
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    def wrap(app: Any) -> Any:
        async def pinned(scope: Any, receive: Any, send: Any) -> None:
            shelf = _shelves.get(datasette)
            if shelf is None or scope["type"] != "http":
                await app(scope, receive, send)
                return
            with shelf.reading():
                await app(scope, receive, send)

        return pinned

    return wrap
