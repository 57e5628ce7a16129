"""Web: having bytes over HTTP, politely: retries, deadlines, limits, and gzip undone.

The only module that touches the network. It knows no feed and reads nothing into the bytes; every
fault is a FetchError, one sentence.
"""

from __future__ import annotations

import email.utils
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any
from urllib.parse import urlsplit

import httpx
import tenacity

from ingest.archive import CHUNK, Receipt
from ingest.errors import FetchError
from ingest.feeds import Limits

Report = Callable[[str], None]

USER_AGENT = "GovSpend (re-publishes open spending data; asks conditionally, one file at a time)"
MAX_REDIRECTS = 10
MB = 1_000_000
BACKOFF = tenacity.wait_exponential_jitter(multiplier=1, max=60, jitter=1)
TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}


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


@contextmanager
def opened(report: Report, sleep: Callable[[float], None] = time.sleep) -> Iterator[Web]:
    """A Web for one run. `report` is given one sentence a wait; `sleep` takes seconds."""
    # No connection is kept: each one is then seen by the deadline that is set for it.
    limits = httpx.Limits(max_keepalive_connections=0)
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
    with httpx.Client(headers=headers, limits=limits) as client:
        yield Web(client, report, sleep)


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
        # Hosts that could not be reached in this run: patience with one is not spent file by file.
        self._unreachable: set[str] = set()

    def get(
        self, url: str, limits: Limits, into: IO[bytes], known: Receipt | None = None
    ) -> Answer:
        """Write what `url` sends into `into`; with `known`, only if it is not that any more.

        Raises FetchError, one sentence, once `limits.tries` or `limits.seconds` are used up.
        """
        end = time.monotonic() + limits.seconds
        if _host(url) in self._unreachable:
            limits = limits.model_copy(update={"tries": 1})
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
                        copy(_decoded(url, response), into, url, limits)
                    answer = _answer(response)
            except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
                if isinstance(error, httpx.ConnectError):
                    self._unreachable.add(_host(url))
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


def _host(url: str) -> str:
    """Host and port, '' of what is no address."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


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


def copy(pieces: Iterable[bytes], into: IO[bytes], url: str, limits: Limits) -> None:
    """Write the pieces into `into`. FetchError once they are more than `limits.max_mb`."""
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
