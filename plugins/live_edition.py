"""A visitor always sees one whole edition, and the next one as soon as it is published.

Under /as-of/EDITION/ it is that edition, for as long as its file is kept.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from datasette import hookimpl
from datasette.utils.asgi import asgi_send_redirect
from govspend_site import as_of, counting, live, page_cache, ready, warming
from govspend_site.queries import DATABASE


@hookimpl(tryfirst=True)
def startup(datasette: Any) -> None:
    database = datasette.databases.get(DATABASE)
    if database is not None and database.path and Path(database.path).is_symlink():
        shelf = live.Shelf(datasette, Path(database.path), DATABASE)
        datasette.databases = live.Databases(datasette.databases, shelf)
        datasette._settings = live.Settings(datasette._settings)
    # What metadata.yml allows never changes, and each look copies the whole of it: a hundred times
    # for the home page.
    datasette._table_permission_allows = functools.lru_cache(maxsize=500)(
        datasette._table_permission_allows
    )


def path_of(scope: Any) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.decode("latin-1").partition("?")[0]


@hookimpl(trylast=True)
def asgi_wrapper(datasette: Any) -> Callable[[Any], Any]:
    def wrap(made: Any) -> Any:
        # What a kept edition's headers say is part of the page that is kept.
        app = page_cache.cached(as_of.lasting(made))

        async def pinned(scope: Any, receive: Any, send: Any) -> None:
            shelf = live.shelf_of(datasette)
            if shelf is None or scope["type"] != "http":
                await app(scope, receive, send)
                return
            asked = live.asked_for(datasette, path_of(scope))
            kept = shelf.kept(asked[0]) if asked else None
            if asked is None or kept is None:
                with shelf.reading():
                    await app(scope, receive, send)
                return
            base = live.kept_base(datasette, kept.edition_id)
            if not asked[1]:
                await asgi_send_redirect(send, base)
                return
            # Datasette expects a base_url to be off the path by now, as a proxy would have it.
            inner = {**scope, "path": unquote(asked[1]), "raw_path": asked[1].encode("latin-1")}
            with shelf.reading(kept, base):
                await app(inner, receive, send)

        # Outermost, so that what comes from the cache is counted and what warms it goes through it.
        counted = counting.counted(warming.kept_warm(datasette, pinned))
        return ready.first(counted, datasette, page_cache.READY)

    return wrap
