"""The steps in order, from archived files to a published edition, under one lock."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from ingest import admitted, apart, audit, load, match, places, publish, shards, stage
from ingest.errors import IngestError, NothingToPublish
from ingest.outcome import Outcome
from ingest.plan import Plan, plan, staged_folders
from ingest.workshop import Workshop

_T = TypeVar("_T")
Names = dict[match.Kind, list[match.Name]]
SIDE_BY_SIDE = 4_000_000
"""lines, up to which cubes are proven beside the bulk files; with 26 million both took 333 MB"""
REVIEW = {"supplier": "supplier_aliases", "buyer": "buyer_aliases"}


def fetch_all(shop: Workshop) -> list[Outcome]:
    """Brings what the sources have into the archive."""
    return _apart(_fetch, shop)()


def _fetch(shop: Workshop) -> list[Outcome]:
    # Imported here: what speaks HTTP takes memory that the steps to come can use.
    from ingest import fetch

    with shop.progress.step("fetch"):
        return fetch.fetch(shop.declaration, shop.archive, shop.progress.say)


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
            for key, one in enumerate(made.placed()):
                load.load_release(db, key, one.release, one.position, is_current=one.is_current)
    return names


def load_lines(shop: Workshop, made: Plan, names: Names) -> list[shards.Told]:
    """Adds the lines, what they are to one another and what they come to.

    Returns the files of lines that are finished already; see `index_all`.
    """
    # Imported here: an idle build does without Arrow and the engine, which take a moment.
    from ingest import fill, relate

    with contextlib.closing(shop.engine()) as working:
        shop.progress.moving("how lines are related")
        with shop.progress.step("relate"):
            keys = relate.relate(working, made.placed(), names, made.shards)
        shop.progress.moving("lines of spend")
        with shop.progress.step("load"):
            with contextlib.closing(load.connect(shop.work)) as db:
                load.load_categories(db, relate.CATEGORIES, keys.categories)
            told = []
            if keys.shards:
                told = shards.write(shop.work, shop.bulk, working, keys)
            else:
                fill.fill(shop.work, working, keys, load.LINES)
        shop.progress.moving("cubes")
        with shop.progress.step("summarise"):
            fill.fill(shop.work, working, keys, load.CUBES)
    return told


def index_all(shop: Workshop, told: list[shards.Told]) -> None:
    """Adds indexes and search to the database, and to its files of lines that are not `told` of."""
    with shop.progress.step("index"):
        shards.finish(shop.work, shop.bulk, told, shop.progress.moving)
        with contextlib.closing(load.connect(shop.work)) as db:
            load.finish(db, lambda text: shop.progress.moving(text))


def summarise_all(shop: Workshop, made: Plan) -> None:
    """Makes the cubes of the unpublished database again, which has its lines."""
    from ingest import fill, relate

    counts = load.published_names(made.all_taken())
    names = {kind: match.match(kind, counts[kind])[1] for kind in counts}
    with contextlib.closing(shop.engine()) as working, shop.progress.step("summarise"):
        keys = relate.relate(working, made.placed(), names)
        with contextlib.closing(load.connect(shop.work)) as db:
            load.empty(db, load.CUBES)
        fill.fill(shop.work, working, keys, load.CUBES)


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
    proofs = _prove_tables(shop, made) + _prove_cubes(shop)
    audit.require(proofs)
    return proofs


def write_bulk(shop: Workshop, made: Plan) -> None:
    """The bulk files of the unpublished database, made anew."""
    _write_bulk(shop, made, _write_staged(shop, made))


def _write_staged(shop: Workshop, made: Plan) -> dict[str, publish.BulkFile]:
    # Imported here: Arrow's functions take a moment that an idle build saves.
    from ingest import bulk

    with shop.progress.step("bulk"):
        return bulk.write_staged(shop.bulk, made.all_taken())


def _write_bulk(shop: Workshop, made: Plan, staged: dict[str, publish.BulkFile]) -> None:
    from ingest import bulk

    with shop.progress.step("bulk"):
        bulk.write(shop.work, shop.bulk, made.all_taken(), shop.archive, staged)


def _prove_tables(shop: Workshop, made: Plan) -> list[audit.Proof]:
    with shop.progress.step("audit"):
        return audit.of_tables(shop.work, made.all_taken(), made.admitted_files)


def _prove_cubes(shop: Workshop) -> list[audit.Proof]:
    with shop.progress.step("audit"):
        return audit.of_cubes(shop.work)


def _make(shop: Workshop, made: Plan, reference: apart.Apart[Path]) -> list[audit.Proof]:
    """The database with its bulk files, proven, when `reference` is staged.

    Each step gives back its memory before the next. Two that do not wait for each other are at
    work at once, of which one takes little memory.
    """
    # Here once, so that no process has to load them again; an idle build does without.
    from ingest import bulk, fill, relate  # noqa: F401

    reference.result()
    names = _apart(load_names, shop, made)()
    told = _apart(load_lines, shop, made, names)()
    staged = _apart(_write_staged, shop, made)
    _apart(index_all, shop, told)()
    tables = _apart(_prove_tables, shop, made)
    cubes = _apart(_prove_cubes, shop) if _line_count(made) <= SIDE_BY_SIDE else None
    _apart(_write_bulk, shop, made, staged())()
    proofs = tables() + (cubes or _apart(_prove_cubes, shop))()
    audit.require(proofs)
    return proofs


def _line_count(made: Plan) -> int:
    return sum(one.release.staged.summary.loaded_count for one in made.placed())


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
    # pandas takes half a second to load, beside which releases are read.
    reference = apart.Apart(load.stage_reference, shop.build / "staged")
    try:
        made = _apart(plan, shop)()
        _describe(report, made, fetched or [])
        if not made.all_taken():
            raise NothingToPublish(_nothing(shop, made))
        if publish.is_whole(shop.build, made.edition_id):
            report["outcome"] = _point(shop, made)
        else:
            report["proofs"] = [asdict(proof) for proof in _make(shop, made, reference)]
            report["outcome"] = "published"
            report["seconds"] = shop.progress.seconds
            with shop.progress.step("publish"):
                publish.publish(shop.work, shop.build, made.edition_id, report)
        if report["outcome"] == "published":
            report["taken_down"] = publish.take_down(shop.build)
            stage.forget(shop.build / "staged", staged_folders(shop))
        report["retired"] = publish.retire(shop.build, keep)
    except IngestError as error:
        report["error"] = str(error)
        raise
    finally:
        # Staging is under the lock, and leaves nobody behind.
        reference.ended()
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
