"""Fetch: each source of each feed, to raw bytes with a receipt in the archive.

The only module that touches the network. It reads nothing into the bytes except, from their first
few, that they are text and not a web page or a workbook in its place. Whatever a source does, the
others are still asked, and a fault leaves the archive as it was.
"""

from __future__ import annotations

import email.utils
import glob
import json
import os
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import IO, Any, Literal
from urllib.parse import quote, unquote, urljoin

import httpx
import tenacity

from ingest.archive import CHUNK, Archive, Facts, Receipt, digest
from ingest.errors import FetchError
from ingest.feeds import AnySource, CkanSource, Declaration, Feed, FileSource, GovukSource, Limits

Status = Literal["new", "unchanged", "failed"]
Report = Callable[[str], None]

USER_AGENT = "GovSpend (re-publishes open spending data; asks conditionally, one file at a time)"
MAX_REDIRECTS = 10
MB = 1_000_000
API_MAX_MB = 32
"""The most that an answer of an API may be: it is read whole, unlike a file."""
# A listing's files come after its source and before the next one, even if another source fails.
POSITIONS_A_SOURCE = 100_000
BACKOFF = tenacity.wait_exponential_jitter(multiplier=1, max=60, jitter=1)
TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Outcome:
    """What became of one file, or of a listing that could not be had."""

    feed_id: str
    url: str
    status: Status
    message: str
    """One plain sentence."""
    receipt: Receipt | None = None
    """The new receipt, or the one that the unchanged file already had."""


@dataclass(frozen=True)
class Item:
    """One file to have, by a URL or, with `path`, on this machine."""

    url: str
    filename: str
    title: str | None = None
    published_date: str | None = None
    path: Path | None = None


@dataclass(frozen=True)
class Answer:
    """What a server sent besides the bytes. `status` is 200 or 304."""

    status: int
    etag: str | None = None
    last_modified: str | None = None
    content_type: str | None = None


class _PassingError(FetchError):
    """A fault that may be gone in a moment, with the seconds that the server asks to wait."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


def fetch(
    declaration: Declaration,
    archive: Archive,
    report: Report,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Outcome]:
    """Ask every source of every declared feed, in order, and keep what is new.

    `report` is given one sentence an outcome and one a wait. Never raises for what a source does;
    raises ArchiveError where the archive itself is damaged. `sleep` takes seconds.
    """
    outcomes = []
    # No connection is kept: each one is then seen by the deadline that is set for it.
    limits = httpx.Limits(max_keepalive_connections=0)
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
    with httpx.Client(headers=headers, limits=limits) as client:
        for feed in declaration.feeds.values():
            run = _Run(feed, declaration.folder, archive, Web(client, report, sleep))
            for outcome in run.outcomes():
                report(f"{feed.feed_id}: {outcome.message}")
                outcomes.append(outcome)
    return outcomes


@dataclass(frozen=True)
class _Run:
    """One feed, asked once."""

    feed: Feed
    folder: Path
    archive: Archive
    web: Web

    def outcomes(self) -> Iterator[Outcome]:
        for index, source in enumerate(self.feed.sources):
            try:
                items = self._items(source)
            except (FetchError, OSError) as error:
                yield self._failed(named(source), error)
                continue
            for number, item in enumerate(items):
                try:
                    yield self._have(source, item, index * POSITIONS_A_SOURCE + number)
                except (FetchError, OSError) as error:
                    yield self._failed(item.url, error)

    def _failed(self, url: str, error: Exception) -> Outcome:
        message = str(error) if isinstance(error, FetchError) else f"{url}: {error}."
        return Outcome(self.feed.feed_id, url, "failed", message)

    def _items(self, source: AnySource) -> list[Item]:
        if isinstance(source, FileSource):
            return local_items(source, self.folder)
        if isinstance(source, GovukSource):
            return govuk_items(source, self._json(named(source)))
        if isinstance(source, CkanSource):
            return ckan_items(source, self._json(named(source)))
        return [Item(source.url, _filename(source.url))]

    def _json(self, url: str) -> Any:
        """The document at `url`. Raises FetchError if it is not JSON."""
        limits = self.feed.limits
        limits = limits.model_copy(update={"max_mb": min(limits.max_mb, API_MAX_MB)})
        with self.archive.spare() as spare:
            self.web.get(url, limits, spare)
            content = Path(spare.name).read_bytes()
        try:
            return json.loads(content)
        # Brackets nested by the thousand exhaust the stack rather than the grammar.
        except (ValueError, RecursionError) as error:
            kind = (sniff(content[:CHUNK]) or "something else").replace("JSON", "broken JSON")
            raise FetchError(f"{url}: sent {kind} where JSON is expected ({error}).") from None

    def _have(self, source: AnySource, item: Item, position: int) -> Outcome:
        """Fetch one file and keep it if it is new."""
        known = self.archive.newest(self.feed.feed_id, item.url)
        with self.archive.spare() as spare:
            if item.path:
                answer = Answer(200)
                with item.path.open("rb") as original:
                    _copy(
                        iter(lambda: original.read(CHUNK), b""), spare, item.url, self.feed.limits
                    )
            else:
                answer = self.web.get(item.url, self.feed.limits, spare, self._sound(known))
            facts = self._facts(source, item, answer, position)
            if answer.status == 304 and known:
                facts = replace(
                    facts,
                    etag=known.etag,
                    last_modified=known.last_modified,
                    content_type=known.content_type,
                )
                return _unchanged(known, self.archive.amend(known, facts))
            _refuse_other_kinds(Path(spare.name), item.url)
            return self._keep(Path(spare.name), facts, known)

    def _sound(self, known: Receipt | None) -> Receipt | None:
        """The receipt, if its bytes are still there: only then can a 304 do without them."""
        return known if known and self.archive.path(known.sha256).exists() else None

    def _keep(self, path: Path, facts: Facts, known: Receipt | None) -> Outcome:
        sha256, byte_count = digest(path)
        if known and known.sha256 == sha256:
            return _unchanged(known, self.archive.add(path, facts))
        for other in self.archive.receipts(facts.feed_id):
            if other.sha256 == sha256 and other.url != facts.url:
                message = f"{facts.url}: unchanged, the same bytes as {other.url}."
                return Outcome(facts.feed_id, facts.url, "unchanged", message, other)
        receipt = self.archive.add(path, facts)
        what = "changed" if known else "new"
        message = f"{facts.url}: {what}, {byte_count:,} bytes, sha256 {sha256[:8]}."
        return Outcome(facts.feed_id, facts.url, "new", message, receipt)

    def _facts(self, source: AnySource, item: Item, answer: Answer, position: int) -> Facts:
        return Facts(
            feed_id=self.feed.feed_id,
            url=item.url,
            filename=item.filename,
            position=position,
            tried_on=source.tried_on,
            etag=answer.etag,
            last_modified=answer.last_modified,
            content_type=answer.content_type,
            title=item.title,
            published_date=source.published_date or item.published_date,
            provenance=source.provenance or self.feed.provenance,
            encoding=source.encoding,
        )


def _unchanged(known: Receipt, now: Receipt) -> Outcome:
    said = "" if now.said == known.said else "; what is said of it has changed"
    message = f"{known.url}: unchanged since {known.fetched_at}{said}."
    return Outcome(known.feed_id, known.url, "unchanged", message, now)


# What a source lists


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
    return _matching(source.match, listed, where) or _some(
        _matching(source.match, linked, where), [*listed, *linked], source.match, where
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
    return _some(_matching(source.match, listed, where), listed, source.match, where)


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


def _matching(match: str, listed: list[_Listed], where: str) -> list[Item]:
    """Those that match, in the order listed, each URL once."""
    try:
        pattern = re.compile(match)
    except re.error as error:
        raise FetchError(f"{where}: match: '{match}' is no regular expression: {error}.") from None
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


# How a file is had


class Web:
    """Gets addresses, politely: waits when asked to, and never longer than it may.

    `client` follows no redirects by itself; `sleep` takes seconds.
    """

    def __init__(
        self, client: httpx.Client, report: Report, sleep: Callable[[float], None]
    ) -> None:
        self._client = client
        self._report = report
        self._sleep = sleep

    def get(
        self, url: str, limits: Limits, into: IO[bytes], known: Receipt | None = None
    ) -> Answer:
        """Write what `url` sends into `into`; with `known`, only if it is not that any more.

        Raises FetchError, one sentence, once `limits.tries` or `limits.seconds` are used up.
        """
        end = time.monotonic() + limits.seconds
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_PassingError),
            stop=tenacity.stop_after_attempt(limits.tries)
            | tenacity.stop_before_delay(limits.seconds),
            wait=_wait,
            sleep=self._sleep,
            before_sleep=self._tell,
            retry_error_callback=lambda state: _give_up(state, limits),
        )
        return retrying(self._attempt, url, limits, end, into, known)

    def _tell(self, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        self._report(f"{error} Trying again in {state.upcoming_sleep:.0f} s.")

    def _attempt(
        self, url: str, limits: Limits, end: float, into: IO[bytes], known: Receipt | None
    ) -> Answer:
        into.seek(0)
        into.truncate()
        with _Deadline(end) as deadline:
            try:
                request = self._request(url, limits, deadline, known)
                with self._follow(url, request) as response:
                    _check_status(url, response, conditional=known is not None)
                    if response.status_code == 200:
                        _check_length(url, response, limits)
                        _copy(_decoded(url, response), into, url, limits)
                    answer = _answer(response)
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                fault = deadline.fault(url, limits) or _plainly(url, error, limits)
                raise fault from error
        # Of a body with neither length nor chunks, a cut looks like its end.
        if late := deadline.fault(url, limits):
            raise late
        return answer

    def _request(
        self, url: str, limits: Limits, deadline: _Deadline, known: Receipt | None
    ) -> httpx.Request:
        headers = {}
        if known and known.etag and known.etag.isascii():
            headers["If-None-Match"] = known.etag
        if known and known.last_modified and known.last_modified.isascii():
            headers["If-Modified-Since"] = known.last_modified
        _check_scheme(url, url)
        return self._client.build_request(
            "GET",
            url,
            headers=headers,
            timeout=min(limits.stall_seconds, limits.seconds),
            extensions={"trace": deadline.watch},
        )

    @contextmanager
    def _follow(self, url: str, request: httpx.Request) -> Iterator[httpx.Response]:
        """The response at the end of the redirects, whose own bodies are not read."""
        seen = {request.url}
        for _ in range(MAX_REDIRECTS + 1):
            response = self._client.send(request, stream=True, follow_redirects=False)
            try:
                if response.next_request is None:
                    yield response
                    return
            finally:
                response.close()
            _check_scheme(url, str(response.next_request.url), str(request.url))
            request = response.next_request
            looped = request.url in seen
            seen.add(request.url)
        kind = "in a loop" if looped else f"more than {MAX_REDIRECTS} times"
        raise FetchError(f"{url}: redirects {kind}, last to {request.url}.")


class _Deadline:
    """Shuts a request's connections at a moment of time.monotonic(), whatever it waits for then.

    httpx limits each silence, not the whole: a server that sends a byte now and then, of its
    headers even, could hold a reader for ever.
    """

    def __init__(self, end: float) -> None:
        self._timer = threading.Timer(max(0.0, end - time.monotonic()), self._shut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._over = False

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, event: str, info: dict[str, Any]) -> None:
        """Learns of each connection, as the `trace` extension of httpx."""
        if not event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            return
        connection = info["return_value"].get_extra_info("socket")
        with self._lock:
            self._sockets.append(connection)
            if self._over:
                _shut(connection)

    def fault(self, url: str, limits: Limits) -> FetchError | None:
        """What to say if the time was over."""
        if not self._over:
            return None
        return FetchError(f"{url}: took longer than the {limits.seconds:g} s that it may.")

    def _shut(self) -> None:
        with self._lock:
            self._over = True
            for connection in self._sockets:
                _shut(connection)


def _shut(connection: socket.socket) -> None:
    # The plain socket's method also for TLS, whose own would change what the reader is using.
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _wait(state: tenacity.RetryCallState) -> float:
    """Seconds until the next try: what the server asks for, else longer each time, with jitter."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, _PassingError) else None
    return BACKOFF(state) if asked is None else asked


def _give_up(state: tenacity.RetryCallState, limits: Limits) -> Answer:
    error = state.outcome.exception() if state.outcome else None
    if state.attempt_number < limits.tries:
        why = (
            f"The next try would be in {state.upcoming_sleep:.0f} s, "
            f"beyond the {limits.seconds:g} s that it may take."
        )
    else:
        why = f"Tried {_times(state.attempt_number)}."
    raise FetchError(f"{error} {why}") from error


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _check_scheme(url: str, target: str, origin: str = "") -> None:
    scheme = httpx.URL(target).scheme
    if scheme not in ("http", "https"):
        how = f"redirects to {target}" if origin else "is no web address"
        raise FetchError(f"{url}: {how}; only http and https are fetched.")
    if origin.startswith("https:") and scheme == "http":
        raise FetchError(f"{url}: redirects from https to {target}, where anyone could alter it.")


def _check_status(url: str, response: httpx.Response, conditional: bool) -> None:
    status = response.status_code
    if status == 200 or (status == 304 and conditional):
        return
    message = f"{url}: answered {status} {response.reason_phrase}".rstrip() + ", not 200."
    if status in TRY_AGAIN:
        raise _PassingError(message, retry_after(response.headers.get("Retry-After")))
    raise FetchError(message)


def retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header, given in seconds or as a date; None if it says neither."""
    value = (value or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _check_length(url: str, response: httpx.Response, limits: Limits) -> None:
    """Refuse at the headers what would be refused on the way."""
    length = response.headers.get("Content-Length", "")
    if re.fullmatch(r"[0-9]{1,18}", length) and int(length) > limits.max_mb * MB:
        raise _too_large(url, f"is {int(length):,} bytes", limits)


def _too_large(url: str, what: str, limits: Limits) -> FetchError:
    return FetchError(f"{url}: {what}, more than the {limits.max_mb} MB that it may be.")


def _answer(response: httpx.Response) -> Answer:
    headers = response.headers
    return Answer(
        response.status_code,
        headers.get("ETag"),
        headers.get("Last-Modified"),
        headers.get("Content-Type"),
    )


def _decoded(url: str, response: httpx.Response) -> Iterator[bytes]:
    """The body without its Content-Encoding.

    Not by httpx, which takes the first part of a gzip body for the whole, and a bomb at one go.
    """
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding in ("", "identity"):
        return response.iter_raw()
    if coding in ("gzip", "x-gzip"):
        return _gunzipped(url, response.iter_raw())
    raise FetchError(f"{url}: came encoded as '{coding}', where gzip or nothing was asked for.")


def _gunzipped(url: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The content of a gzip stream of any number of members, a piece of at most CHUNK at a time."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        for piece in pieces:
            while piece:
                if inflater.eof:
                    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
                yield inflater.decompress(piece, CHUNK)
                piece = inflater.unused_data or inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error as error:
        raise FetchError(f"{url}: is not the gzip that it says it is ({error}).") from None
    if not inflater.eof:
        raise _PassingError(f"{url}: was cut short: its gzip encoding does not end.")


def _copy(pieces: Iterable[bytes], into: IO[bytes], url: str, limits: Limits) -> None:
    """Write the pieces out, as long as they are not more than they may be."""
    byte_count = 0
    for piece in pieces:
        byte_count += len(piece)
        if byte_count > limits.max_mb * MB:
            raise _too_large(url, f"sent {byte_count:,} bytes and was going on", limits)
        into.write(piece)
    into.flush()


def _plainly(url: str, error: Exception, limits: Limits) -> FetchError:
    """What a fault of the network means, as a fault that may pass or not."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return FetchError(
                f"{url}: its TLS certificate cannot be trusted ({cause.verify_message})."
            )
        if isinstance(cause, ssl.SSLError):
            return FetchError(f"{url}: TLS failed ({cause.reason or cause}).")
        if isinstance(cause, socket.gaierror):
            return _PassingError(f"{url}: the name of its host cannot be found ({cause.strerror}).")
        if isinstance(cause, ConnectionRefusedError):
            return _PassingError(f"{url}: its host refuses connections.")
    if isinstance(error, httpx.TimeoutException):
        return _PassingError(f"{url}: was silent for {limits.stall_seconds:g} s.")
    if isinstance(error, httpx.TransportError):
        cut = "without sending complete message body" in str(error) or "incomplete" in str(error)
        what = "was cut short" if cut else "the connection failed"
        return _PassingError(f"{url}: {what} ({error}).")
    return FetchError(f"{url}: is, or redirects to, what is no web address ({error}).")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# What came


def sniff(start: bytes) -> str | None:
    """What a file is that begins like this, or None if it may be a table of text."""
    if start.startswith(b"PK"):
        workbook = b"[Content_Types].xml" in start or b"xl/" in start
        return "an Excel workbook (.xlsx)" if workbook else "a zip file"
    for magic, kind in _MAGIC.items():
        if start.startswith(magic):
            return kind
    # UTF-16 is text with a nought beside each character; a byte order mark comes before all else.
    text = start.replace(b"\0", b"")
    for mark in (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"):
        text = text.removeprefix(mark)
    text = text.strip()
    if not text:
        return "nothing but white space" if start else "an empty file"
    return next((kind for pattern, kind in _MARKUP if pattern.match(text)), None)


_MAGIC = {
    b"%PDF-": "a PDF",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office file (.xls or .doc)",
    b"\x1f\x8b": "a gzip file",
    b"{\\rtf": "an RTF document",
    b"\x89PNG": "a picture",
    b"SQLite format 3\0": "a database",
}
_MARKUP = [
    (re.compile(rb"(?is)(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b"), "a web page (HTML)"),
    (re.compile(rb"(?i)<(\?xml|!doctype|!--|[a-z][a-z0-9:]*[\s>])"), "XML"),
    (re.compile(rb'\{\s*["}]'), "JSON"),
]


def _refuse_other_kinds(path: Path, url: str) -> None:
    with path.open("rb") as handle:
        kind = sniff(handle.read(4096))
    if kind:
        raise FetchError(f"{url}: sent {kind} where a table of text such as CSV is expected.")
