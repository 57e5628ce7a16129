"""Listings: which files a source has, by its declaration and, for a catalogue, its answer.

Touches no network: the caller passes the way to ask, and gets items in the order listed.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urljoin

from ingest.errors import FetchError
from ingest.feeds import AnySource, CkanSource, FileSource, GovukSource, UrlSource


@dataclass(frozen=True)
class Item:
    """One file to have, by a URL or, with `path`, on this machine."""

    url: str
    filename: str
    title: str | None = None
    published_date: str | None = None
    path: Path | None = None


def items(source: AnySource, folder: Path, ask: Callable[[str], Any]) -> list[Item]:
    """The files of a source, in its order. FetchError if it lists none, or is of another shape.

    `folder` is where relative paths start; `ask` gives the JSON document at an address.
    """
    if isinstance(source, FileSource):
        return local_items(source, folder)
    if isinstance(source, GovukSource):
        return govuk_items(source, ask(named(source)))
    if isinstance(source, CkanSource):
        return ckan_items(source, ask(named(source)))
    return [Item(source.url, _filename(source.url))]


def could_give(source: AnySource, url: str, folder: Path) -> bool:
    """Whether a file of that address may be this source's; a catalogue may have listed any."""
    if isinstance(source, FileSource):
        declared = source.path
        if Path(declared).is_absolute():
            declared = os.path.relpath(declared, folder)
        return url == declared or fnmatch.fnmatchcase(url, declared.replace("**/", "*"))
    return url == source.url if isinstance(source, UrlSource) else "://" in url


def local_items(source: FileSource, folder: Path) -> list[Item]:
    """The declared file, or the files that the glob matches, sorted. FetchError if there is none.

    Their `url` is relative to the folder of the declaration, so that no receipt names a machine.
    """
    declared = folder / source.path
    names = [source.path]
    if not declared.is_file() and glob.has_magic(source.path):
        matches = sorted(glob.glob(source.path, root_dir=folder, recursive=True))  # noqa: PTH207 - also "..", absolute
        names = [name for name in matches if (folder / name).is_file()]
        if not names:
            raise FetchError(f"{source.path}: matches no file in {folder}.")
    elif not declared.is_file():
        what = "is a folder, not a file" if declared.is_dir() else "no such file"
        raise FetchError(f"{source.path}: {what} in {folder}.")
    return [
        Item(
            os.path.relpath(name, folder) if Path(name).is_absolute() else name,
            Path(name).name,
            path=folder / name,
        )
        for name in names
    ]


def govuk_items(source: GovukSource, document: Any) -> list[Item]:
    """The attachments of a Content API item that match. FetchError if it is of another shape.

    Newer items list `details.attachments`; older ones have only HTML, in `details.documents`.
    """
    where = named(source)
    details = _mapping(_mapping(document, where, "an item").get("details"), where, "details")
    attachments = [
        _mapping(entry, where, "details.attachments[]")
        for entry in _list(details.get("attachments", []), where, "details.attachments")
    ]
    listed = [
        _listed(source.site, entry, name=entry.get("title"))
        for entry in attachments
        # A page of the site, which is no file whatever it is called.
        if entry.get("attachment_type") != "html"
    ]
    linked = [
        _listed(source.site, {"url": url}, name=title)
        for html in _list(details.get("documents", []), where, "details.documents")
        for url, title in _links(html)
        # The page that shows a CSV as a table has an address that ends in .csv too.
        if "/csv-preview/" not in url and not url.endswith("/preview")
    ]
    return _matching(source.match, listed) or _some(
        _matching(source.match, linked), [*listed, *linked], source.match, where
    )


def ckan_items(source: CkanSource, document: Any) -> list[Item]:
    """The resources of a CKAN dataset that match. FetchError if the answer is of another shape."""
    where = named(source)
    answer = _mapping(document, where, "an answer")
    if answer.get("success") is False:
        raise FetchError(f"{where}: the catalogue answered with an error: {answer.get('error')}.")
    result = _mapping(answer.get("result"), where, "result")
    resources = [
        _mapping(entry, where, "result.resources[]")
        for entry in _list(result.get("resources"), where, "result.resources")
    ]
    listed = [
        _listed(source.site, entry, name=entry.get("name"), kind=entry.get("format"))
        for entry in resources
    ]
    return _some(_matching(source.match, listed), listed, source.match, where)


@dataclass(frozen=True)
class _Listed:
    """An item of a listing, and the words that a declared `match` is looked for in."""

    item: Item
    words: tuple[str, ...]


def _listed(site: str, entry: dict[str, Any], name: Any, kind: Any = None) -> _Listed:
    url = _text(entry.get("url")) or ""
    # What is no address stays as it is, so that the fault names what was listed.
    with suppress(ValueError):
        url = urljoin(site.rstrip("/") + "/", url) if url else ""
    filename = _filename(_text(entry.get("filename")) or url)
    item = Item(url, filename, _text(name), _day(entry.get("last_modified")))
    return _Listed(item, (url, filename, item.title or "", _text(kind) or ""))


def _matching(match: str, listed: list[_Listed]) -> list[Item]:
    """Those that match, in the order listed, each URL once."""
    pattern = re.compile(match)
    found: dict[str, Item] = {}
    for entry in listed:
        if entry.item.url and any(pattern.search(word) for word in entry.words):
            kept = found.setdefault(entry.item.url, entry.item)
            # Of several links to one file, the picture comes first and has no words.
            found[kept.url] = kept if kept.title else entry.item
    return list(found.values())


def _some(chosen: list[Item], listed: list[_Listed], match: str, where: str) -> list[Item]:
    if chosen:
        return chosen
    names = list(dict.fromkeys(entry.item.filename for entry in listed))
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    what = f"lists {shown}, but nothing" if names else "lists no files, so nothing"
    raise FetchError(f"{where}: {what} matches '{match}'.")


class _LinkReader(HTMLParser):
    """Collects (address, words) of each link. The parser undoes entities such as &amp; itself."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[str, str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href:
            self.links.append((href.strip(), ""))
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "a"

    def handle_data(self, data: str) -> None:
        if self._inside:
            href, words = self.links[-1]
            self.links[-1] = (href, words + data)


def _links(html: Any) -> list[tuple[str, str]]:
    reader = _LinkReader()
    reader.feed(_text(html) or "")
    reader.close()
    return reader.links


def named(source: AnySource) -> str:
    """The address that a source is asked at, or its path."""
    if isinstance(source, GovukSource):
        return f"{source.site.rstrip('/')}/api/content{source.path}"
    if isinstance(source, CkanSource):
        dataset = quote(source.dataset, safe="")
        return f"{source.site.rstrip('/')}/api/3/action/package_show?id={dataset}"
    return source.path if isinstance(source, FileSource) else source.url


def _mapping(value: Any, where: str, what: str) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise _other_shape(where, what, "a mapping", value)


def _list(value: Any, where: str, what: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise _other_shape(where, what, "a list", value)


def _other_shape(where: str, what: str, expected: str, value: Any) -> FetchError:
    kinds = {dict: "a mapping", list: "a list", str: "text", type(None): "nothing"}
    got = kinds.get(type(value), f"{value}")
    return FetchError(f"{where}: sent JSON of another shape: {what} is {got}, not {expected}.")


def _text(value: Any) -> str | None:
    """Text on one line that can be written as UTF-8, or None for anything else."""
    if not isinstance(value, str):
        return None
    return " ".join(value.encode("utf-8", "replace").decode("utf-8").split()) or None


def _day(value: Any) -> str | None:
    """The ISO day that a time of a catalogue begins with, or None."""
    with suppress(TypeError, ValueError):
        return date.fromisoformat(value[:10]).isoformat()
    return None


def _filename(url: str) -> str:
    """The last part of an address's path, without what a file's name cannot hold."""
    path = re.split(r"[?#]", url, maxsplit=1)[0].rstrip("/")
    name = unquote(path.rsplit("/", 1)[-1]).rsplit("/", 1)[-1]
    return _text(re.sub(r"[\x00-\x1f\x7f]", "", name)) or "unnamed"
