"""The archive: raw bytes kept for ever under their sha256, and a receipt for each time they came.

    ROOT/objects/<sha256>                             the bytes, read-only, never edited
    ROOT/receipts/<feed_id>/<time>-<sha8>.json        one Receipt a file
    ROOT/decisions/<time>-<verb>-<release_id>.json    one Decision a file
    ROOT/seen/<sha256>.json                           when a file of this machine was last compared
    ROOT/incoming/                                    what is still being written
    ROOT/lock                                         held while something is filed

Every file is written aside in incoming/, synced and renamed, so that a process killed at any moment
leaves either nothing or a whole file. Reading needs no lock.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any, Literal, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError

from ingest.errors import IngestError
from ingest.seen import Seen

Verb = Literal["accept", "withdraw"]
CHUNK = 1 << 18

_INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"
_COMPACT = "%Y%m%dT%H%M%S.%fZ"
_SHA256 = re.compile(r"[0-9a-f]{64}")
# What may become part of a file name: no separators, no leading dot.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class ArchiveError(IngestError):
    """Something in the archive is not what its name or its receipt says."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a file besides its bytes. Unknown is None."""

    feed_id: str
    url: str
    """Where it came from; for a local file its path relative to the declaration."""
    filename: str
    position: int
    """Orders the files of one feed as they were declared and listed."""
    tried_on: str = "fixture"
    etag: str | None = None
    last_modified: str | None = None
    content_type: str | None = None
    title: str | None = None
    published_date: str | None = None
    provenance: str | None = None
    encoding: str | None = None

    @property
    def said(self) -> tuple[str | None, ...]:
        """What the declaration and the listing say; a change of it is worth a receipt."""
        return (
            self.filename,
            self.tried_on,
            self.title,
            self.published_date,
            self.provenance,
            self.encoding,
        )


@dataclass(frozen=True, kw_only=True)
class Receipt(Facts):
    """What was fetched, and when it first came: UTC, ISO, with microseconds and Z."""

    fetched_at: str
    byte_count: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A person's word on a release. The newest on a release counts; the others stay as history."""

    release_id: str
    verb: Verb
    reason: str
    who: str | None
    decided_at: str


_RECEIPT = TypeAdapter(Receipt)
_DECISION = TypeAdapter(Decision)
_Record = TypeVar("_Record", Receipt, Decision)


def _now() -> datetime:
    return datetime.now(UTC)


class Archive:
    """The archive at `root`, which is made when first written to. Several processes may share it.

    `clock` gives the current UTC time. Raises ArchiveError, naming the file, when a file in the
    archive is not what it should be.
    """

    def __init__(self, root: Path, clock: Callable[[], datetime] = _now) -> None:
        self.root = root.resolve()
        self._clock = clock
        self._incoming = self.root / "incoming"
        self.seen = Seen(self.root / "seen", self.spare)
        # Receipts and decisions never change once written, so each is parsed once.
        self._parsed: dict[Path, Any] = {}

    @contextmanager
    def spare(self) -> Iterator[IO[bytes]]:
        """A new empty file to write into; `.name` is its path. Unless added, it is gone after."""
        with self._locked():
            self._clean()
            handle = tempfile.NamedTemporaryFile(dir=self._incoming, delete=False)  # noqa: SIM115
            # Held for as long as this process lives: how _clean knows that it is not a leftover.
            fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            with handle:
                yield handle
        finally:
            Path(handle.name).unlink(missing_ok=True)

    def add(self, path: Path, facts: Facts) -> Receipt:
        """Keep the bytes at `path` with a receipt.

        A file of `spare` is taken over, any other is copied. Where the newest receipt of this feed
        and URL already has these bytes and says the same, none is written.
        """
        if path.parent != self._incoming:
            with self.spare() as copy, path.open("rb") as original:
                shutil.copyfileobj(original, copy, CHUNK)
                copy.flush()
                return self.add(Path(copy.name), facts)
        sha256, byte_count = digest(path)
        with self._locked():
            self._keep(path, sha256)
            return self._record(facts, sha256, byte_count)

    def amend(self, known: Receipt, facts: Facts) -> Receipt:
        """Record what is now said of bytes that are here, such as an encoding declared later."""
        with self._locked():
            return self._record(facts, known.sha256, known.byte_count)

    def receipts(self, feed_id: str) -> list[Receipt]:
        """The receipts of a feed, oldest first; no two have the same time.

        Receipts of the same bytes at the same URL, with no others between, are one: the time is of
        the first, the rest of the last.
        """
        found: list[Receipt] = []
        newest: dict[str, int] = {}
        for receipt in self._raw_receipts(feed_id):
            index = newest.get(receipt.url)
            if index is not None and found[index].sha256 == receipt.sha256:
                found[index] = replace(receipt, fetched_at=found[index].fetched_at)
            else:
                newest[receipt.url] = len(found)
                found.append(receipt)
        return found

    def newest(self, feed_id: str, url: str) -> Receipt | None:
        """The newest receipt of a feed for one URL, or None."""
        of_url = [receipt for receipt in self.receipts(feed_id) if receipt.url == url]
        return of_url[-1] if of_url else None

    def path(self, sha256: str) -> Path:
        """Where the bytes of that sha256 are, or would be."""
        if not _SHA256.fullmatch(sha256):
            raise ArchiveError(f"'{sha256}' is not a sha256: 64 digits 0-9 and a-f are expected.")
        return self.root / "objects" / sha256

    def is_sound(self, sha256: str) -> bool:
        """Whether the bytes of that sha256 are there, and are those, after reading them all."""
        path = self.path(sha256)
        return path.exists() and digest(path)[0] == sha256

    def verify(self, sha256: str) -> Path:
        """The path of the bytes, after reading them all. Raises ArchiveError if they differ."""
        path = self.path(sha256)
        try:
            found, byte_count = digest(path)
        except FileNotFoundError:
            raise ArchiveError(f"{path}: no such file, although a receipt names it.") from None
        if found != sha256:
            raise ArchiveError(
                f"{path}: its {byte_count:,} bytes have the sha256 {found}, not the one that they "
                "are filed under; the file was changed or damaged after it was fetched."
            )
        return path

    def decide(self, release_id: str, verb: Verb, reason: str, who: str | None = None) -> Decision:
        """Record that a release is accepted or withdrawn; `who` is by default the system's user."""
        if verb not in get_args(Verb):
            raise ArchiveError(f"'{verb}' is not a decision: accept or withdraw is expected.")
        if not reason.strip():
            raise ArchiveError(f"To {verb} {release_id} needs a reason.")
        _checked(release_id)
        with self._locked():
            earlier = [decision.decided_at for decision in self.decision_log()[-1:]]
            instant = self._instant_after(earlier)
            decision = Decision(
                release_id=release_id,
                verb=verb,
                reason=reason.strip(),
                who=who or _user(),
                decided_at=instant.strftime(_INSTANT),
            )
            name = f"{instant.strftime(_COMPACT)}-{verb}-{release_id}.json"
            self._write(self.root / "decisions" / name, asdict(decision))
        return decision

    def decision_log(self) -> list[Decision]:
        """Every decision ever made, oldest first."""
        found = self._records(self.root / "decisions", _DECISION)
        return sorted(found, key=lambda decision: decision.decided_at)

    def decisions(self) -> dict[str, Verb]:
        """What counts now: release_id to the newest decision on it."""
        return {decision.release_id: decision.verb for decision in self.decision_log()}

    def _record(self, facts: Facts, sha256: str, byte_count: int) -> Receipt:
        """Write a receipt, only under the lock, unless the newest of its URL says the same."""
        known = self.newest(facts.feed_id, facts.url)
        if known and known.sha256 == sha256 and known.said == facts.said:
            return known
        earlier = [receipt.fetched_at for receipt in self._raw_receipts(facts.feed_id)[-1:]]
        instant = self._instant_after(earlier)
        receipt = Receipt(
            **{field.name: getattr(facts, field.name) for field in fields(Facts)},
            fetched_at=instant.strftime(_INSTANT),
            byte_count=byte_count,
            sha256=sha256,
        )
        name = f"{instant.strftime(_COMPACT)}-{sha256[:8]}.json"
        self._write(self._receipts_of(facts.feed_id) / name, asdict(receipt))
        return self.newest(facts.feed_id, facts.url) or receipt

    def _raw_receipts(self, feed_id: str) -> list[Receipt]:
        found = self._records(self._receipts_of(feed_id), _RECEIPT)
        return sorted(found, key=lambda receipt: receipt.fetched_at)

    def _receipts_of(self, feed_id: str) -> Path:
        return self.root / "receipts" / _checked(feed_id)

    def _records(self, folder: Path, kind: TypeAdapter[_Record]) -> list[_Record]:
        found: list[_Record] = []
        for path in folder.glob("*.json"):
            if path not in self._parsed:
                try:
                    self._parsed[path] = kind.validate_json(path.read_bytes())
                except ValidationError as error:
                    first = error.errors()[0]
                    place = ".".join(str(part) for part in first["loc"]) or "the file"
                    raise ArchiveError(f"{path}: {place}: {first['msg']}.") from None
            found.append(self._parsed[path])
        return found

    def _instant_after(self, earlier: list[str]) -> datetime:
        """Now, or a microsecond after the newest of `earlier` where the clock has not got there."""
        least = [datetime.strptime(text, _INSTANT).replace(tzinfo=UTC) for text in earlier]
        return max([self._clock(), *(instant + timedelta(microseconds=1) for instant in least)])

    def _keep(self, path: Path, sha256: str) -> None:
        """Move the file among the objects, unless a sound one is there; a damaged one is mended."""
        if self.is_sound(sha256):
            return
        target = self.path(sha256)
        target.parent.mkdir(exist_ok=True)
        path.chmod(0o444)
        _sync(path)
        path.replace(target)
        _sync(target.parent)

    def _write(self, target: Path, record: dict[str, Any]) -> None:
        """Only under the lock, so that _clean cannot take the file away meanwhile."""
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = self._incoming / target.name
        with aside.open("w", encoding="utf-8") as handle:
            json.dump(record, handle, indent=1, ensure_ascii=False)
            handle.write("\n")
        _sync(aside)
        aside.replace(target)
        _sync(target.parent)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._incoming.mkdir(parents=True, exist_ok=True)
        with (self.root / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _clean(self) -> None:
        """Remove what killed processes left; the system gave up their locks when they died."""
        for path in self._incoming.iterdir():
            # Gone meanwhile: its owner, who needs no lock to remove it, was quicker.
            try:
                handle = path.open("rb")
            except FileNotFoundError:
                continue
            with handle:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                path.unlink(missing_ok=True)


def digest(path: Path) -> tuple[str, int]:
    """The sha256 of a file in hexadecimal, and its length in bytes."""
    with path.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
        return sha256, handle.tell()


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ArchiveError(f"'{name}' is not an id: letters, digits, '-', '.' and '_' are allowed.")
    return name


def _user() -> str | None:
    try:
        return getpass.getuser()
    # A container's user often has no name; which of these is raised depends on Python's version.
    except (KeyError, OSError, ImportError):
        return None


def _sync(path: Path) -> None:
    """Make a file's bytes, or a folder's names, outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
