"""datapackage.json: the bulk files described for programs, as a Frictionless Data Package (v1).

Only spend as CSV is a table there, with its schema: the rest are files, for what a program that
reads data packages can open differs from one to the next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from govspend_site import edition
from govspend_site.dictionary import Column

if TYPE_CHECKING:
    from govspend_site.downloads import Download

_TYPES = {"text": "string", "integer": "integer", "real": "number"}


def package(
    datasette: Any, served: edition.Edition, files: Sequence[Download], columns: Sequence[Column]
) -> dict[str, Any]:
    """The descriptor. Paths are relative to where it lies itself, among the files."""
    sample = "Illustrative sample: every figure is invented. " * served.illustrative
    return {
        "profile": "data-package",
        "name": "govspend",
        "id": served.edition_id,
        "version": served.edition_id,
        "title": f"{datasette.metadata('title')}, edition {served.edition_id}",
        "description": sample + str(datasette.metadata("description")),
        "licenses": licences(served),
        "sources": [{"title": f"{feed.title}, {feed.publisher}"} for feed in served.feeds],
        "contributors": [
            {"title": publisher, "role": "publisher"}
            for publisher in dict.fromkeys(feed.publisher for feed in served.feeds)
        ],
        "resources": [resource(datasette, file, columns) for file in files],
    }


def licences(served: edition.Edition) -> list[dict[str, str]]:
    """Each licence that the feeds are under, once."""
    found = {
        feed.licence: {"name": feed.licence, "title": feed.licence_name, "path": feed.licence_url}
        for feed in served.feeds
    }
    return [{key: text for key, text in licence.items() if text} for licence in found.values()]


def resource(datasette: Any, file: Download, columns: Sequence[Column]) -> dict[str, Any]:
    """One file: what it is, its bytes and its hash, and for the table its schema."""
    said = (datasette.metadata("downloads") or {}).get(file.kind) or {}
    described = {
        "name": re.sub(r"[^a-z0-9._-]", "-", file.name.lower()),
        "path": file.name,
        "title": said.get("title") or file.kind,
        "description": said.get("description") or "",
        "mediatype": file.media_type.partition(";")[0],
        "bytes": file.byte_count,
        "hash": f"sha256:{file.sha256}",
    }
    if file.encoding:
        described["encoding"] = file.encoding
    if file.kind == "spend-csv":
        return {**described, **_table(columns)}
    # Frictionless would read what looks like a table; these are to be compared by their hash only.
    return {**described, "type": "file"}


def _table(columns: Sequence[Column]) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "format": "csv",
        "compression": "gz",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "doubleQuote": True},
        "schema": {
            "fields": [_field(column) for column in columns if column.table == "spend_named"],
            "missingValues": [""],
            "primaryKey": ["spend_id"],
        },
    }


def _field(column: Column) -> dict[str, Any]:
    kind = "date" if column.column == "month" else _TYPES[column.type]
    described: dict[str, Any] = {
        "name": column.column,
        "type": kind,
        "description": column.description,
    }
    if kind == "date":
        described["format"] = "%Y-%m-%d"
    if column.empty_count == 0:
        described["constraints"] = {"required": True}
    return described
