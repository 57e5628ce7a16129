"""Fetch: each source of each feed, to raw bytes with a receipt in the archive.

It reads nothing into the bytes except, from their first few, that they may be a table of text.
Whatever a source does, the others are still asked, and a fault leaves the archive as it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, TypeVar

from ingest import listings, seen, sniff, web
from ingest.archive import CHUNK, Archive, Facts, Receipt, digest
from ingest.errors import FetchError
from ingest.feeds import AnySource, Declaration, Declared, Feed
from ingest.outcome import Outcome

_T = TypeVar("_T")
API_MAX_MB = 32
"""The most that an answer of an API may be: it is read whole, unlike a file."""
# A listing's files come after its source and before the next one, even if another source fails.
POSITIONS_A_SOURCE = 100_000


def fetch(
    declaration: Declaration,
    archive: Archive,
    report: web.Report,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Outcome]:
    """Ask every source of every declared feed and list, in order; keep what is new.

    `report` is given one sentence an outcome and one a wait. Never raises for what a source does;
    raises ArchiveError where the archive itself is damaged. `sleep` takes seconds.
    """
    outcomes = []
    feeds: list[Declared] = [
        *declaration.feeds.values(), *declaration.customer_lists.values(),
        *declaration.admitted_lists.values(),
    ]  # fmt: skip
    with web.opened(report, sleep) as connection:
        for feed in feeds:
            for outcome in _Run(feed, declaration.folder, archive, connection).outcomes():
                report(f"{feed.feed_id}: {outcome.message}")
                outcomes.append(outcome)
    return outcomes


@dataclass(frozen=True)
class _Run:
    """One feed, asked once."""

    feed: Declared
    folder: Path
    archive: Archive
    connection: web.Web

    def outcomes(self) -> Iterator[Outcome]:
        for index, source in enumerate(self.feed.sources):
            try:
                items = listings.items(source, self.folder, self._json)
            except (FetchError, OSError) as error:
                yield self._failed(listings.named(source), error)
                continue
            for number, item in enumerate(items):
                try:
                    yield self._have(source, item, index * POSITIONS_A_SOURCE + number)
                except (FetchError, OSError) as error:
                    yield self._failed(item.url, error)

    def _failed(self, url: str, error: Exception) -> Outcome:
        message = str(error) if isinstance(error, FetchError) else f"{url}: {error}."
        return Outcome(self.feed.feed_id, url, "failed", message)

    def _json(self, url: str) -> Any:
        """The document at `url`. Raises FetchError if it is not JSON."""
        limits = self.feed.limits
        limits = limits.model_copy(update={"max_mb": min(limits.max_mb, API_MAX_MB)})
        with self.archive.spare() as spare:
            self.connection.get(url, limits, spare)
            content = Path(spare.name).read_bytes()
        try:
            return json.loads(content)
        # Brackets nested by the thousand exhaust the stack rather than the grammar.
        except (ValueError, RecursionError) as error:
            kind = sniff.kind(content[: sniff.ENOUGH]) or "something else"
            sent = kind.replace("JSON", "broken JSON")
            raise FetchError(f"{url}: sent {sent} where JSON is expected ({error}).") from None

    def _have(self, source: AnySource, item: listings.Item, position: int) -> Outcome:
        """Fetch one file and keep it if it is new."""
        known = self.archive.newest(self.feed.feed_id, item.url)
        stamp = seen.of_original(item.path) if item.path else None
        if known and item.path and self._is_kept(item.path, stamp, known):
            facts = self._facts(source, item, web.Answer(200), position)
            return _unchanged(known, self.archive.amend(known, facts))
        with self.archive.spare() as spare:
            answer = self._get(item, known, spare)
            facts = self._facts(source, item, answer, position)
            if answer.status == 304 and known:
                return _unchanged(known, self.archive.amend(known, _as_served(facts, known)))
            _refuse_other_kinds(Path(spare.name), item.url)
            outcome = self._keep(Path(spare.name), facts, known)
            if outcome.receipt and outcome.receipt.url == item.url:
                self._seen(outcome.receipt, stamp, self.archive.seen.note)
            return outcome

    def _is_kept(self, path: Path, stamp: seen.Stamp | None, known: Receipt) -> bool:
        """Whether the file on this machine is still what was kept of it; then nothing is copied.

        Both are read, unless neither was touched since they were.
        """
        byte_count = path.stat().st_size
        if not byte_count == known.byte_count <= self.feed.limits.max_mb * web.MB:
            return False
        if self._seen(known, stamp, self.archive.seen.is_same):
            return True
        with ThreadPoolExecutor(2) as side_by_side:
            is_sound = side_by_side.submit(self.archive.is_sound, known.sha256)
            if digest(path) != (known.sha256, byte_count) or not is_sound.result():
                return False
        self._seen(known, stamp, self.archive.seen.note)
        return True

    def _seen(self, receipt: Receipt, stamp: seen.Stamp | None, what: Callable[..., _T]) -> _T:
        """Asks, or notes, whether the file of a receipt and what is kept of it are as they were."""
        kept = seen.of_kept(self.archive.path(receipt.sha256))
        return what(f"{receipt.feed_id} {receipt.url}", receipt.sha256, stamp, kept)

    def _get(self, item: listings.Item, known: Receipt | None, spare: IO[bytes]) -> web.Answer:
        """Write the file's bytes into `spare`; on a 304 there are none."""
        if not item.path:
            return self.connection.get(item.url, self.feed.limits, spare, self._sound(known))
        with item.path.open("rb") as original:
            pieces = iter(lambda: original.read(CHUNK), b"")
            web.copy(pieces, spare, item.url, self.feed.limits)
        return web.Answer(200)

    def _sound(self, known: Receipt | None) -> Receipt | None:
        """The receipt, if its bytes are still there: only then can a 304 do without them."""
        return known if known and self.archive.path(known.sha256).exists() else None

    def _keep(self, path: Path, facts: Facts, known: Receipt | None) -> Outcome:
        sha256, byte_count = digest(path)
        if known and known.sha256 == sha256:
            return _unchanged(known, self.archive.add(path, facts))
        for other in self.archive.receipts(facts.feed_id):
            # A release is one wherever it lies; a list counts at the address that is declared.
            is_release = isinstance(self.feed, Feed)
            if is_release and other.sha256 == sha256 and other.url != facts.url:
                message = f"{facts.url}: unchanged, the same bytes as {other.url}."
                return Outcome(facts.feed_id, facts.url, "unchanged", message, other)
        receipt = self.archive.add(path, facts)
        what = "changed" if known else "new"
        message = f"{facts.url}: {what}, {byte_count:,} bytes, sha256 {sha256[:8]}."
        return Outcome(facts.feed_id, facts.url, "new", message, receipt)

    def _facts(
        self, source: AnySource, item: listings.Item, answer: web.Answer, position: int
    ) -> Facts:
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


def _as_served(facts: Facts, known: Receipt) -> Facts:
    """The facts with the headers that the bytes came with: a 304 need not repeat them."""
    return replace(
        facts,
        etag=known.etag,
        last_modified=known.last_modified,
        content_type=known.content_type,
    )


def _unchanged(known: Receipt, now: Receipt) -> Outcome:
    said = "" if now.said == known.said else "; what is said of it has changed"
    message = f"{known.url}: unchanged since {known.fetched_at}{said}."
    return Outcome(known.feed_id, known.url, "unchanged", message, now)


def _refuse_other_kinds(path: Path, url: str) -> None:
    with path.open("rb") as handle:
        kind = sniff.kind(handle.read(sniff.ENOUGH))
    if kind:
        raise FetchError(f"{url}: sent {kind} where a table of text such as CSV is expected.")
