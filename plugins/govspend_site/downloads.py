"""The bulk files of the edition being served: what there is, and what each of them is.

The files were written, counted and hashed when the edition was built (ingest/bulk.py); two that
need the wording of metadata.yml, the data dictionary and datapackage.json, are made from it here.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from govspend_site import data_package, dictionary, edition, queries

DATA_PACKAGE = "datapackage.json"
DICTIONARY = "data-dictionary.csv"
# Editions whose list is kept in memory; each takes some tens of kilobytes.
_MOST_KNOWN = 8


@dataclass(frozen=True)
class Download:
    """A file that can be taken. Its bytes are at `path` or, where they were made here, `body`."""

    name: str
    kind: str
    """its key under `downloads` in metadata.yml"""
    media_type: str
    byte_count: int
    sha256: str
    row_count: int | None
    release_id: str | None = None
    encoding: str | None = None
    path: Path | None = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Offer:
    """What one edition offers, by name. An edition from before there were bulk files has none."""

    edition_id: str
    illustrative: bool
    files: dict[str, Download]
    not_offered: tuple[str, ...] = ()
    """releases that are not offered as published, because a text in them is withheld"""

    def of_kind(self, *kinds: str) -> list[Download]:
        return [file for file in self.files.values() if file.kind in kinds]

    def of_release(self, release_id: str) -> dict[str, Download]:
        """The files of one release by their kind."""
        return {file.kind: file for file in self.files.values() if file.release_id == release_id}

    def saved_as(self, file: Download) -> str:
        """The name on a visitor's disk, where files of several editions may lie side by side."""
        # Invented figures say so wherever they go.
        first = "illustrative-sample" if self.illustrative else queries.DATABASE
        edition_file = f"{first}-{self.edition_id}"
        return f"{edition_file}.db" if file.kind == "database" else f"{edition_file}-{file.name}"


# An edition never changes, so what it offers is worked out once.
_KNOWN: dict[str, Offer] = {}


async def offer(datasette: Any) -> Offer | None:
    """What the edition of this request offers; None where there is no edition."""
    served = await edition.current(datasette)
    if served is None:
        return None
    database = Path(queries.database(datasette).path).resolve()
    if str(database) not in _KNOWN:
        made = await _offer(datasette, served, database)
        if not made.files:
            # On a second machine the database may be there before the files.
            return made
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[str(database)] = made
    return _KNOWN[str(database)]


def manifest_of(database: Path) -> dict[str, Any] | None:
    """What was noted when the edition at `database` was built; None where nothing was."""
    try:
        text = (database.with_suffix("") / "manifest.json").read_text("utf-8")
    except OSError:
        return None
    found: dict[str, Any] = json.loads(text)
    return found


async def _offer(datasette: Any, served: edition.Edition, database: Path) -> Offer:
    manifest = manifest_of(database)
    if manifest is None:
        return Offer(served.edition_id, served.illustrative, {})
    built = [_built(file, database) for file in manifest["files"]]
    rows = await dictionary.rows(datasette, manifest["tables"])
    dictionary_file = _made(DICTIONARY, "data-dictionary", "text/csv; charset=utf-8",
                            _csv(rows), len(rows))  # fmt: skip
    described = [*built, dictionary_file]
    package = data_package.package(datasette, served, described, rows)
    text = json.dumps(package, indent=1, ensure_ascii=False).encode()
    files = [*described, _made(DATA_PACKAGE, "data-package", "application/json", text, None)]
    withheld = tuple(release["release_id"] for release in manifest["not_offered"])
    by_name = {file.name: file for file in [*files, *_lines(queries.database(datasette))]}
    return Offer(served.edition_id, served.illustrative, by_name, withheld)


def _built(noted: dict[str, Any], database: Path) -> Download:
    path = database if noted["kind"] == "database" else database.with_suffix("") / noted["name"]
    return Download(**noted, path=path)


def _lines(database: Any) -> list[Download]:
    """The files of lines of an edition that keeps them apart."""
    return [
        Download(
            name=shard.path.name,
            kind="lines",
            media_type="application/vnd.sqlite3",
            byte_count=shard.byte_count,
            sha256=shard.sha256,
            row_count=shard.line_count,
            path=shard.path,
        )
        for shard in database.shards
    ]


def _made(name: str, kind: str, media_type: str, body: bytes, rows: int | None) -> Download:
    digest = hashlib.sha256(body).hexdigest()
    return Download(name, kind, media_type, len(body), digest, rows, body=body)


def _csv(rows: list[dictionary.Column]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(asdict(rows[0])))
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return out.getvalue().encode()


def wording(datasette: Any, kind: str) -> dict[str, str]:
    """Title and description of a kind of file, from metadata.yml."""
    found: dict[str, str] = (datasette.metadata("downloads") or {}).get(kind) or {}
    return {"title": found.get("title") or kind, "description": found.get("description") or ""}
