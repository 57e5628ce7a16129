"""What a file would do, before anything is public: nothing is archived, nothing is published."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from rapidfuzz import fuzz, process

from ingest import load, match, releases, stage
from ingest.archive import Receipt, digest
from ingest.errors import IngestError
from ingest.feeds import Feed
from ingest.releases import Release, pounds

SHOWN = 20
"""Examples of each kind; a preview is read by a person."""


def preview(
    path: Path, feed: Feed, taken: list[Release], report: Callable[[int], None]
) -> Iterator[str]:
    """Sentences on what the file at `path` would change as the next release of `feed`.

    `taken` are the feed's releases that the site stands on, oldest first.
    """
    if not path.is_file():
        raise IngestError(f"{path}: no such file; FILE must name the one to look at.")
    with tempfile.TemporaryDirectory() as folder:
        item = stage.stage(_receipt(path, feed), path, feed, Path(folder), report)
        if not item.summary.months:
            yield "None of its lines could be taken."
            yield from _quarantine(item)
            return
        before = taken[-1].staged if taken and feed.restates_history else None
        yield from _shape(item, feed, taken)
        yield from _totals(item)
        yield from _quarantine(item)
        yield from _doubts(item, before)
        if before:
            yield from _revisions(item, before)
            yield from _reclassified(item, before)
            yield from _new_names(item, taken)


def _receipt(path: Path, feed: Feed) -> Receipt:
    sha256, byte_count = digest(path)
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return Receipt(
        feed_id=feed.feed_id, url=path.name, filename=path.name, position=0, fetched_at=now,
        byte_count=byte_count, sha256=sha256,
    )  # fmt: skip


def _shape(item: stage.Staged, feed: Feed, taken: list[Release]) -> Iterator[str]:
    summary = item.summary
    same = [release for release in taken if release.staged.receipt.sha256 == item.receipt.sha256]
    if same:
        yield f"It is the file of {same[0].release_id}, which is taken already."
    else:
        period = [release for release in taken if release.staged.period == item.period]
        suffix = f".{len(period) + 1}" if period else ""
        yield f"It would be release {feed.feed_id}-{item.period}{suffix}."
    yield (
        f"Read as {summary.encoding} with {summary.newline} line ends; heading on line "
        f"{summary.heading_line}; dates {summary.date_order}."
    )
    for heading, near in summary.unknown_headings:
        yield f"Unknown heading '{heading}'" + (f"; nearest known name '{near}'." if near else ".")


def _totals(item: stage.Staged) -> Iterator[str]:
    summary = item.summary
    sized = summary.sized_pence
    share = f"{100 * summary.sme_pence / sized:.1f}%" if sized > 0 else "not known"
    months = list(summary.months)
    yield (
        f"{summary.line_count:,} lines, {summary.loaded_count:,} to load, "
        f"{summary.quarantined_count:,} to quarantine; {pounds(summary.loaded_pence)} in "
        f"{months[0][:7]} to {months[-1][:7]}; SME share {share}."
    )


def _quarantine(item: stage.Staged) -> Iterator[str]:
    shown = 0
    for batch in item.batches("rejects"):
        for row in batch.to_pylist():
            if shown == SHOWN:
                yield f"... and {item.summary.quarantined_count - SHOWN:,} more quarantined lines."
                return
            shown += 1
            what = f"{row['field']} '{row['value']}' " if row["field"] else ""
            yield f"Quarantined line {row['line_number']}: {what}{row['reason']} ({row['code']})."


def _doubts(item: stage.Staged, before: stage.Staged | None) -> Iterator[str]:
    reasons = releases.doubts(item, before)
    yield from (f"It would be held: {reason}" for reason in reasons)
    if not reasons:
        yield "It would not be held."


def _revisions(item: stage.Staged, before: stage.Staged) -> Iterator[str]:
    old, new = before.summary.months, item.summary.months
    for month in sorted(old):
        was, now = old[month][1], new.get(month, [0, 0])[1]
        if was != now:
            pct = f" ({100 * (now - was) / was:+.1f}%)" if was else ""
            yield f"Revision of {month[:7]}: {pounds(was)} becomes {pounds(now)}{pct}."
    added = [month[:7] for month in new if month not in old]
    if added:
        yield f"New months: {', '.join(added)}."


def _reclassified(item: stage.Staged, before: stage.Staged) -> Iterator[str]:
    old, new = _sizes(before), _sizes(item)
    changed = [
        name for name in sorted(old.keys() & new.keys()) if old[name] and new[name] != old[name]
    ]
    changed = [name for name in changed if new[name]]
    yield f"{len(changed)} suppliers reclassified."
    for name in changed[:SHOWN]:
        was, now = " and ".join(sorted(old[name])), " and ".join(sorted(new[name]))
        yield f"Reclassified: {name}, {was}, becomes {now}."


def _sizes(item: stage.Staged) -> dict[str, set[str]]:
    """supplier id -> the sizes that its lines carry."""
    sizes: dict[str, set[str]] = defaultdict(set)
    of_facets = {
        row["facets"]: row["supplier_size"]
        for batch in item.batches("facets")
        for row in batch.to_pylist()
    }
    names = {
        row["place"]: row["name"]
        for batch in item.batches("names")
        for row in batch.to_pylist()
        if row["kind"] == "supplier"
    }
    pairs: set[tuple[int, int]] = set()
    for batch in item.batches("lines", ["supplier", "facets"]):
        columns = (batch.column("supplier").to_pylist(), batch.column("facets").to_pylist())
        pairs.update(zip(*columns, strict=True))
    for name, place in pairs:
        found = sizes[match.party_id(names[name])]
        if size := of_facets[place]:
            found.add(size)
    return sizes


def _new_names(item: stage.Staged, taken: list[Release]) -> Iterator[str]:
    known = load.published_names(taken)
    future = Release("preview", 1, item, "taken")
    for kind, counts in load.published_names([future]).items():
        there = {match.party_id(name): name for name in known[kind]}
        fresh = sorted(name for name in counts if match.party_id(name) not in there)
        yield f"{len(fresh)} {kind} names that no rule joins to a known one."
        keys = {name: match.key(name) for name in there.values()}
        for name in fresh[:SHOWN]:
            near = process.extractOne(
                match.key(name), keys, scorer=fuzz.token_sort_ratio,
                score_cutoff=match.REVIEW_SCORE,
            )  # fmt: skip
            yield f"New {kind}: {name}" + (f" (looks like {near[2]})" if near else "")
