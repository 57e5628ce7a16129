"""A visitor takes the data as a whole: a page that lists every file, and the files themselves.

/downloads lists them and /downloads.json says the same to a program; /downloads/FILE gives one, and
goes on where it broke off. /data-dictionary says what every column means.
"""

import asyncio
import io
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import IO, Any

from datasette import hookimpl
from datasette.utils import add_cors_headers
from datasette.utils.asgi import Response
from govspend_site import about, dictionary, downloads, live, page, proof_page, queries
from govspend_site.file_answer import FileAnswer

# As long as a page of the site may stay: the next edition has other files under the same names.
_SHORT = "public, max-age=300"
_FOR_EVER = "public, max-age=31536000, immutable"
FORMATS = {
    "spend-csv": "CSV, gzip",
    "spend-parquet": "Parquet",
    "database": "SQLite",
    "lines": "SQLite",
    "data-dictionary": "CSV",
    "data-package": "JSON",
    "release-published": "CSV",
    "release-staged": "Parquet",
}
# What a program in a browser needs to see to read a part of a file.
_EXPOSED = "Link, ETag, Accept-Ranges, Content-Range, Content-Length, Content-Disposition"


async def downloads_page(datasette: Any, request: Any) -> Response:
    offer = await downloads.offer(datasette)
    context = {
        "offer": offer,
        "wording": lambda kind: downloads.wording(datasette, kind),
        "by_release": by_release(offer) if offer else {},
        "permalink": lambda name: proof_page.kept_url(datasette, request, f"/downloads/{name}"),
        "formats": FORMATS,
        # The database holds places, and their licences ask for their own words.
        "attributions": await about.of_places(datasette) if offer else [],
    }
    return await page.render(datasette, request, "downloads.html", context, view_name="downloads")


def by_release(offer: downloads.Offer) -> dict[str, dict[str, downloads.Download]]:
    """release -> kind -> its file, the newest release of each feed first."""
    found = dict.fromkeys(file.release_id for file in offer.of_kind("release-staged"))
    return {str(name): offer.of_release(str(name)) for name in reversed(found)}


async def downloads_json(datasette: Any, request: Any) -> Response:
    offer = await downloads.offer(datasette)
    files = list(offer.files.values()) if offer else []
    said = {
        "edition_id": offer.edition_id if offer else None,
        "files": [told(datasette, request, file) for file in files],
        "not_offered": [
            {
                "release_id": release,
                "reason": downloads.wording(datasette, "withheld")["description"],
            }
            for release in (offer.not_offered if offer else ())
        ],
    }
    return Response.json(said, headers=cors(datasette))


def told(datasette: Any, request: Any, file: downloads.Download) -> dict[str, Any]:
    """What a program is told of a file."""
    local = datasette.urls.path(f"/downloads/{file.name}")
    return {
        "name": file.name,
        "url": str(datasette.absolute_url(request, local)),
        "permalink": proof_page.kept_url(datasette, request, f"/downloads/{file.name}"),
        **downloads.wording(datasette, file.kind),
        "kind": file.kind,
        "release_id": file.release_id,
        "media_type": file.media_type,
        "byte_count": file.byte_count,
        "row_count": file.row_count,
        "sha256": file.sha256,
    }


def cors(datasette: Any) -> dict[str, str]:
    headers: dict[str, str] = {}
    if datasette.cors:
        add_cors_headers(headers)
        headers["Access-Control-Expose-Headers"] = _EXPOSED
    return headers


async def one_file(datasette: Any, request: Any) -> Response | FileAnswer:
    name = request.url_vars["name"]
    offer = await downloads.offer(datasette)
    # Only a name that is on the list leads to a file, whatever else the address says.
    file = offer.files.get(name) if offer else None
    if offer is None or file is None:
        raise page.missing("file", name)
    if request.method not in ("GET", "HEAD"):
        return Response.text(
            "This is only for reading.", status=405, headers={"allow": "GET, HEAD"}
        )
    opened = await asyncio.to_thread(opened_file, file)
    if opened is None:
        raise page.missing("file", name)
    headers = {
        **cors(datasette),
        "content-type": file.media_type,
        "content-disposition": f'attachment; filename="{offer.saved_as(file)}"',
        "x-content-type-options": "nosniff",
        "cache-control": _FOR_EVER if live.pinned_to() else _SHORT,
    }
    return FileAnswer(request, opened, file.byte_count, file.sha256, headers)


def opened_file(file: downloads.Download) -> IO[bytes] | None:
    """The file to read from; None where its edition was taken down a moment ago."""
    if file.body is not None:
        return io.BytesIO(file.body)
    try:
        return Path(str(file.path)).open("rb")
    except FileNotFoundError:
        return None


async def dictionary_page(datasette: Any, request: Any) -> Response:
    served = queries.database(datasette)
    manifest = downloads.manifest_of(Path(served.path).resolve()) if served else None
    rows = await dictionary.rows(datasette, (manifest or {}).get("tables")) if served else []
    context = {
        "tables": {name: list(columns) for name, columns in groupby(rows, lambda row: row.table)},
        "said": datasette.metadata("tables", database=queries.DATABASE) or {},
        "has_file": manifest is not None,
    }
    return await page.render(datasette, request, "data_dictionary.html", context)


@hookimpl
def register_routes() -> list[tuple[str, Callable[..., Any]]]:
    return [
        (r"^/downloads/?$", downloads_page),
        (r"^/downloads\.json$", downloads_json),
        (r"^/downloads/(?P<name>[^/]+)$", one_file),
        (r"^/data-dictionary/?$", dictionary_page),
    ]
