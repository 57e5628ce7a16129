"""The steps in order, from archived files to a published edition, under one lock."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeVar

from ingest import (
    admitted,
    apart,
    audit,
    engine,
    load,
    match,
    places,
    publish,
    releases,
    shards,
    stage,
)
from ingest.archive import Archive, Receipt
from ingest.errors import IngestError, NothingToPublish
from ingest.feeds import Declaration, Feed, FileSource, ShardKey, UrlSource
from ingest.outcome import Outcome
from ingest.progress import Progress
from ingest.releases import Release

if TYPE_CHECKING:
    from ingest.relate import Placed

_T = TypeVar("_T")
Names = dict[match.Kind, list[match.Name]]
# A site that is asked whether a build is at work holds the lock for a moment.
_TRIES, _PAUSE = 5, 0.05
REVIEW = {"supplier": "supplier_aliases", "buyer": "buyer_aliases"}


@dataclass(frozen=True)
class Workshop:
    """Where a build happens: the declaration, its folder, and whom to tell."""

    declaration: Declaration
    build: Path
    progress: Progress
    engine_address: str = "local"

    @property
    def archive(self) -> Archive:
        return Archive(self.build / "archive")

    @property
    def work(self) -> Path:
        """The database in the making; nobody reads it before it is proven."""
        return self.build / "work" / "next.db"

    def engine(self) -> engine.Engine:
        return engine.at(self.engine_address, self.build / "work" / "engine")

    @property
    def bulk(self) -> Path:
        """The folder of its bulk files, in the making as well."""
        return publish.bulk_folder(self.work)


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


@contextmanager
def locked(build: Path) -> Iterator[None]:
    """One build at a time. Raises IngestError when another one is at work."""
    build.mkdir(parents=True, exist_ok=True)
    with (build / "lock").open("w") as handle:
        if not any(_taken(handle) for _ in range(_TRIES)):
            raise IngestError(f"{build}: another build is at work here; try again later.")
        yield


def _taken(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(_PAUSE)
        return False
    return True


def fetch_all(shop: Workshop) -> list[Outcome]:
    """Brings what the sources have into the archive."""
    return _apart(_fetch, shop)()


def _fetch(shop: Workshop) -> list[Outcome]:
    # Imported here: what speaks HTTP takes memory that the steps to come can use.
    from ingest import fetch

    with shop.progress.step("fetch"):
        return fetch.fetch(shop.declaration, shop.archive, shop.progress.say)


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


def _clear(staged: Path) -> None:
    """Removes what was begun there and never finished, as when a machine was lost.

    It is moved away whole: one that was only taken for lost must not put a half of it in place.
    """
    for left in list(staged.glob("*/.staging-*")):
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


def load_all(shop: Workshop, made: Plan) -> None:
    """Fills a new database at `shop.work`: tables, keys, cubes, indexes, search."""
    names = load_names(shop, made)
    told = load_lines(shop, made, names)
    index_all(shop, told)


def load_names(shop: Workshop, made: Plan) -> Names:
    """Begins a new database, with all but the lines: who is named, what is known of them."""
    if not made.all_taken():
        raise NothingToPublish(_nothing(shop, made))
    shutil.rmtree(shop.work.parent, ignore_errors=True)
    shop.work.parent.mkdir(parents=True)
    with contextlib.closing(load.create(shop.work)) as db:
        with shop.progress.step("match"):
            load.load_reference(db, shop.build / "staged")
            load.load_edition(db, _edition(shop, made), made.feeds)
            parties, names = load.load_names(db, made.all_taken())
            _review_lists(shop, parties)
        with shop.progress.step("place"):
            places.load(db, made.customer_files, illustrative=shop.declaration.illustrative)
        with shop.progress.step("admit"):
            admitted.load(db, made.admitted_files)
        with shop.progress.step("load"):
            for one in made.placed():
                load.load_release(db, one.release, one.position, is_current=one.is_current)
    return names


def load_lines(shop: Workshop, made: Plan, names: Names) -> list[shards.Told]:
    """Adds the lines, what they are to one another and what they come to.

    Returns the files of lines that are finished already; see `index_all`.
    """
    # Imported here: an idle build does without Arrow and the engine, which take a moment.
    from ingest import fill, relate

    with (
        contextlib.closing(load.connect(shop.work, load.BESIDE)) as db,
        contextlib.closing(shop.engine()) as working,
    ):
        shop.progress.moving("how lines are related")
        with shop.progress.step("relate"):
            keys = relate.relate(working, made.placed(), names, made.shards)
        shop.progress.moving("lines of spend")
        with shop.progress.step("load"):
            told = []
            if keys.shards:
                told = shards.write(shop.work, shop.bulk, working, keys)
            else:
                fill.fill(db, working, keys, load.LINES)
        shop.progress.moving("cubes")
        with shop.progress.step("summarise"):
            fill.fill(db, working, keys, load.CUBES)
    return told


def index_all(shop: Workshop, told: list[shards.Told]) -> None:
    """Adds indexes and search to the database, and to its files of lines that are not `told` of."""
    with shop.progress.step("index"):
        shards.finish(shop.work, shop.bulk, told, shop.progress.moving)
        with contextlib.closing(load.connect(shop.work)) as db:
            load.finish(db, lambda text: shop.progress.moving(text))


def summarise_all(shop: Workshop, made: Plan, db: sqlite3.Connection) -> None:
    """Makes the cubes of a database again that has its lines."""
    from ingest import fill, relate

    counts = load.published_names(made.all_taken())
    names = {kind: match.match(kind, counts[kind])[1] for kind in counts}
    with contextlib.closing(shop.engine()) as working, shop.progress.step("summarise"):
        keys = relate.relate(working, made.placed(), names)
        load.empty(db, load.CUBES)
        fill.fill(db, working, keys, load.CUBES)


def _edition(shop: Workshop, made: Plan) -> dict[str, Any]:
    return {
        "edition_id": made.edition_id,
        "title": "Illustrative sample" if shop.declaration.illustrative else "GovSpend",
        "illustrative": shop.declaration.illustrative,
        "newest_month": f"{made.newest_month}-01",
    }


def _review_lists(shop: Workshop, parties: dict[match.Kind, list[match.Party]]) -> None:
    for kind, found in parties.items():
        match.propose(found, shop.build / "review" / f"{REVIEW[kind]}.csv")


def prove(shop: Workshop, made: Plan) -> list[audit.Proof]:
    """Raises AuditError where a proof does not hold."""
    with shop.progress.step("audit"):
        proofs = audit.audit(shop.work, made.all_taken(), made.admitted_files)
    audit.require(proofs)
    return proofs


def write_bulk(shop: Workshop, made: Plan) -> None:
    """The bulk files of the unpublished database, made anew."""
    # Imported here: Arrow's functions take a moment that an idle build saves.
    from ingest import bulk

    with shop.progress.step("bulk"):
        bulk.write(shop.work, shop.bulk, made.all_taken(), shop.archive)


def _make(shop: Workshop, made: Plan) -> list[audit.Proof]:
    """The database with its bulk files, proven. Each step gives back its memory before the next."""
    names = _apart(load_names, shop, made)()
    told = _apart(load_lines, shop, made, names)()
    _apart(index_all, shop, told)()
    # These only read the database: the one needs a processor, the other hardly any memory.
    written = _apart(write_bulk, shop, made)
    with shop.progress.step("audit"):
        proofs = audit.of_tables(shop.work, made.all_taken(), made.admitted_files)
    written()
    with shop.progress.step("audit"):
        proofs += apart.Apart(audit.of_cubes, shop.work).result()
    audit.require(proofs)
    return proofs


def _timed(work: Callable[..., _T], shop: Workshop, *more: object) -> tuple[_T, dict[str, float]]:
    """What the work gives, and the seconds of each of its steps."""
    shop.progress.seconds.clear()
    return work(shop, *more), shop.progress.seconds


def _apart(work: Callable[..., _T], shop: Workshop, *more: object) -> Callable[[], _T]:
    """Starts the work in a process of its own. Returns what waits for it and tells what it gave."""
    begun: apart.Apart[tuple[_T, dict[str, float]]] = apart.Apart(_timed, work, shop, *more)

    def done() -> _T:
        found, seconds = begun.result()
        shop.progress.add(seconds)
        return found

    return done


def build(shop: Workshop, *, fetched: list[Outcome] | None = None, keep: int = 0) -> dict[str, Any]:
    """Builds, proves and publishes what is archived; at once when nothing has changed.

    Of earlier editions as many stay as make up `keep` with the newest; 0 keeps all.
    Returns the report that is also kept in `build/report.json` and with the edition.
    """
    report: dict[str, Any] = {"started_at": _now(), "outcome": "failed"}
    try:
        made = _apart(plan, shop)()
        _describe(report, made, fetched or [])
        if not made.all_taken():
            raise NothingToPublish(_nothing(shop, made))
        if publish.is_whole(shop.build, made.edition_id):
            report["outcome"] = _point(shop, made)
        else:
            report["proofs"] = [asdict(proof) for proof in _make(shop, made)]
            report["outcome"] = "published"
            report["seconds"] = shop.progress.seconds
            with shop.progress.step("publish"):
                publish.publish(shop.work, shop.build, made.edition_id, report)
        if report["outcome"] == "published":
            report["taken_down"] = publish.take_down(shop.build)
        report["retired"] = publish.retire(shop.build, keep)
    except IngestError as error:
        report["error"] = str(error)
        raise
    finally:
        report["finished_at"] = _now()
        report["seconds"] = {name: round(took, 3) for name, took in shop.progress.seconds.items()}
        publish.write_report(shop.build, report)
    return report


def _point(shop: Workshop, made: Plan) -> str:
    """The edition is already there: it only has to be the newest."""
    if publish.current(shop.build) == made.edition_id:
        return "unchanged"
    publish.point(shop.build, made.edition_id)
    return "published"


def _describe(report: dict[str, Any], made: Plan, fetched: list[Outcome]) -> None:
    report["failures"] = [
        f"{outcome.feed_id}: {outcome.message}" for outcome in fetched if outcome.status == "failed"
    ] + made.failures
    report["releases"] = [
        {
            "release_id": release.release_id,
            "state": release.state,
            "reasons": list(release.reasons),
            "line_count": release.staged.summary.line_count,
            "loaded_count": release.staged.summary.loaded_count,
            "quarantined_count": release.staged.summary.quarantined_count,
            "unknown_headings": release.staged.summary.unknown_headings,
        }
        for found in made.releases.values()
        for release in found
    ]
    report["admitted_lists"] = [admitted.told(file) for file in made.admitted_files]
    if made.all_taken():
        report["edition_id"] = made.edition_id
        report["totals"] = _totals(made)


def _totals(made: Plan) -> dict[str, Any]:
    current = made.current()
    found = [
        release.staged.summary for release in made.all_taken() if release.release_id in current
    ]
    sized = sum(summary.sized_pence for summary in found)
    sme = sum(summary.sme_pence for summary in found)
    return {
        "line_count": sum(summary.line_count for summary in found),
        "loaded_count": sum(summary.loaded_count for summary in found),
        "quarantined_count": sum(summary.quarantined_count for summary in found),
        "loaded_pence": sum(summary.loaded_pence for summary in found),
        # A share of nothing, or of less, is no share.
        "sme_pct": round(100 * sme / sized, 1) if sized > 0 else None,
        "newest_month": made.newest_month,
    }


def _nothing(shop: Workshop, made: Plan) -> str:
    held = "".join(
        f" {release.release_id} is held: {' '.join(release.reasons)}" for release in made.held()
    )
    failures = "".join(f" {failure}" for failure in made.failures)
    return (
        f"There is no release to publish: {shop.build / 'archive'} has none that can be taken of "
        f"{', '.join(shop.declaration.feeds)}.{held}{failures}"
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
