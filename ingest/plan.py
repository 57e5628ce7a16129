"""What an edition will stand on: releases staged, named and judged, and the lists beside them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ingest import admitted, engine, places, releases, stage
from ingest.archive import Receipt
from ingest.errors import IngestError
from ingest.feeds import Feed, FileSource, ShardKey, UrlSource
from ingest.releases import Release
from ingest.workshop import Workshop

if TYPE_CHECKING:
    from ingest.relate import Placed


@dataclass(frozen=True)
class Plan:
    """What an edition will stand on."""

    feeds: list[Feed]
    releases: dict[str, list[Release]]
    """feed id -> every release in order, whether taken, held or withdrawn"""
    failures: list[str]
    """files that are no release of their feed, a sentence each"""
    customer_files: list[places.CustomerFile] = field(default_factory=list)
    """the customer lists' files, where places are looked up"""
    admitted_files: list[admitted.AdmittedFile] = field(default_factory=list)
    """the files that say which suppliers were admitted to a framework"""
    shards: ShardKey | None = None
    """what lines are split by, a file for each value"""

    def taken(self, feed_id: str) -> list[Release]:
        return [release for release in self.releases[feed_id] if release.state == "taken"]

    def all_taken(self) -> list[Release]:
        return [release for feed in self.feeds for release in self.taken(feed.feed_id)]

    def current(self) -> set[str]:
        """Ids of the releases whose lines make up `spend`."""
        return {
            release.release_id
            for feed in self.feeds
            for release in releases.in_force(
                self.releases[feed.feed_id], restates=feed.restates_history
            )
        }

    def placed(self) -> list[Placed]:
        """What is taken, oldest first by feed, each with its place in the feed."""
        from ingest.relate import Placed

        current, found = self.current(), []
        for feed in self.feeds:
            before: Release | None = None
            for position, release in enumerate(self.taken(feed.feed_id), 1):
                is_current = release.release_id in current
                adds = not feed.restates_history
                found.append(Placed(release, position, before, is_current, adds))
                before = release if feed.restates_history else None
        return found

    def held(self) -> list[Release]:
        return [
            release
            for found in self.releases.values()
            for release in found
            if release.state == "held"
        ]

    @property
    def newest_month(self) -> str:
        return max(release.staged.period for release in self.all_taken())

    @cached_property
    def edition_id(self) -> str:
        """The newest month and a hash of the releases and of all that decides what they become.

        Taken once: code that is changed while a build runs must not give it two names.
        """
        digest = hashlib.sha256(stage.recipe().encode())
        for file in sorted(Path(__file__).parent.glob("*.*")) + sorted(
            (Path(__file__).parent / "reference").glob("*.csv")
        ):
            if file.suffix in (".py", ".sql", ".csv"):
                digest.update(file.name.encode() + file.read_bytes())
        for feed in self.feeds:
            settings = feed.model_dump(mode="json", exclude={"sources", "limits"})
            digest.update(json.dumps(settings, sort_keys=True).encode())
        for release in self.all_taken():
            receipt = json.dumps(asdict(release.staged.receipt), sort_keys=True)
            digest.update(f"{release.release_id} {receipt} {release.reasons}".encode())
        digest.update(f"{places.version()} {self.shards or ''}".encode())
        for declared, listed in (
            *((file.customer_list, file.receipt) for file in self.customer_files),
            *((file.admitted_list, file.receipt) for file in self.admitted_files),
        ):
            settings = declared.model_dump(mode="json", exclude={"sources", "limits"})
            digest.update(json.dumps([settings, asdict(listed)], sort_keys=True).encode())
        return f"{self.newest_month}-{digest.hexdigest()[:8]}"


def plan(shop: Workshop) -> Plan:
    """Stages what is archived of the declared feeds, names the releases and judges them.

    Only under the lock: what somebody has begun to stage is taken for what a dead build left.
    """
    decisions = shop.archive.decisions()
    feeds = list(shop.declaration.feeds.values())
    found: dict[str, list[Release]] = {}
    failures: list[str] = []
    with shop.progress.step("stage"):
        _clear(shop.build / "staged")
        failed = _stage_ahead(shop, feeds)
        for feed in feeds:
            staged = list(_stage(shop, feed, failed, failures))
            found[feed.feed_id] = releases.judge(staged, decisions, restates=feed.restates_history)
    declared = shop.declaration
    with shop.progress.step("place"):
        customers = places.read_lists(
            shop.archive, declared.customer_lists.values(), declared.folder, failures
        )
    with shop.progress.step("admit"):
        listed = admitted.read_lists(
            shop.archive, declared.admitted_lists.values(), declared.folder, failures
        )
    return Plan(feeds, found, failures, customers, listed, declared.shards)


def staged_folders(shop: Workshop) -> set[Path]:
    """The folders in which files of the declared feeds are staged, whatever became of them."""
    return {
        stage.place(_as_declared(receipt, feed), feed, shop.build / "staged")
        for feed in shop.declaration.feeds.values()
        for receipt in shop.archive.receipts(feed.feed_id)
    }


def _clear(staged: Path) -> None:
    """Removes what was begun there and never finished, as when a machine was lost.

    It is moved away whole: one that was only taken for lost must not put a half of it in place.
    """
    for left in list(staged.glob("feed_id=*/.staging-*")):
        with (
            tempfile.TemporaryDirectory(prefix=".staging-", dir=left.parent) as aside,
            # That one may be removing it, too.
            contextlib.suppress(FileNotFoundError),
        ):
            left.replace(Path(aside, left.name))


def _stage_ahead(shop: Workshop, feeds: list[Feed]) -> engine.Failed:
    """What is large is staged side by side, before each release is looked at in turn."""
    jobs = {
        (feed.feed_id, receipt.sha256): (
            _as_declared(receipt, feed), shop.archive.path(receipt.sha256), feed,
        )
        for feed in feeds
        for receipt in reversed(shop.archive.receipts(feed.feed_id))
    }  # fmt: skip
    left = [
        (receipt, path, feed)
        for receipt, path, feed in jobs.values()
        if not stage.is_staged(receipt, feed, shop.build / "staged")
    ]
    if left:
        with contextlib.closing(shop.engine()) as working:
            return working.stage(
                left, shop.build / "staged",
                lambda count: shop.progress.moving(f"stage: {count} large files to go"),
            )  # fmt: skip
    return {}


def _stage(
    shop: Workshop, feed: Feed, failed: engine.Failed, failures: list[str]
) -> Iterator[stage.Staged]:
    seen: set[str] = set()
    for receipt in shop.archive.receipts(feed.feed_id):
        # The same bytes under another address are the same release.
        if receipt.sha256 in seen:
            continue
        seen.add(receipt.sha256)
        receipt = _as_declared(receipt, feed)
        path = shop.archive.path(receipt.sha256)
        try:
            if error := failed.get((feed.feed_id, receipt.sha256)):
                raise error
            item = stage.stage(
                receipt, path, feed, shop.build / "staged",
                lambda count, name=receipt.filename: shop.progress.moving(  # type: ignore[misc]
                    f"stage {name}: {count:,} lines"
                ),
            )  # fmt: skip
        except IngestError as error:
            failures.append(f"{feed.feed_id}: {error}")
            continue
        if not item.summary.months:
            failures.append(f"{feed.feed_id}: {receipt.filename}: {_no_line_taken(item)}")
            continue
        yield item


def _no_line_taken(item: stage.Staged) -> str:
    for batch in item.batches("rejects"):
        first = batch.slice(0, 1).to_pylist()[0]
        return (
            f"none of its {item.summary.line_count:,} lines could be taken. "
            f"Line {first['line_number']}: {first['field']} '{first['value']}' {first['reason']}."
        )
    return "it has a heading but no lines."


def _as_declared(receipt: Receipt, feed: Feed) -> Receipt:
    """The receipt with what the declaration says of its source today, where it names it."""
    for source in feed.sources:
        named = (isinstance(source, UrlSource) and source.url == receipt.url) or (
            isinstance(source, FileSource) and source.path == receipt.url
        )
        if named:
            return replace(
                receipt, provenance=source.provenance, published_date=source.published_date,
                encoding=source.encoding, tried_on=source.tried_on,
            )  # fmt: skip
    return receipt
