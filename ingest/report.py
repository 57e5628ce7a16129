"""The report of a build, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ingest.releases import pounds


def lines(report: dict[str, Any]) -> Iterator[str]:
    """The report for a person, a line at a time."""
    for release in report.get("releases", []):
        for heading, near in release["unknown_headings"]:
            hint = f"; the nearest known name is '{near}'" if near else ""
            yield f"{release['release_id']}: heading '{heading}' is not known{hint}."
        if release["state"] != "taken":
            yield f"{release['release_id']} is {release['state']}. {' '.join(release['reasons'])}"
        if release["state"] == "held":
            yield f"  To take it all the same: make accept RELEASE={release['release_id']}"
    for file in report.get("admitted_lists", []):
        yield from list_lines(file)
        yield from (f"  {reason}" for reason in file["rejected"])
    yield from (f"failed: {failure}" for failure in report.get("failures", []))
    for edition_id in report.get("taken_down", []):
        yield f"Edition {edition_id} is taken down: it shows a text that is now withheld."
    for edition_id in report.get("retired", []):
        yield f"Edition {edition_id} is removed: fewer are kept than there were."
    if totals := report.get("totals"):
        share = "not known" if totals["sme_pct"] is None else f"{totals['sme_pct']}%"
        yield (
            f"{totals['line_count']:,} lines read, {totals['loaded_count']:,} loaded, "
            f"{totals['quarantined_count']:,} quarantined."
        )
        yield (
            f"Total {pounds(totals['loaded_pence'])}, SME share {share}, "
            f"newest month {totals['newest_month']}."
        )
    took = ", ".join(f"{name} {seconds:.1f}s" for name, seconds in report["seconds"].items())
    yield f"Time: {took}."
    yield f"Edition {report.get('edition_id', 'none')}: {report['outcome']}."


def list_lines(file: dict[str, Any]) -> Iterator[str]:
    """How a file of a list of admitted suppliers was read: `admitted.told` of it."""
    where = f"{file['list_id']}: {file['filename']}"
    for heading, near in file["unknown_headings"]:
        hint = f"; the nearest known name is '{near}'" if near else ""
        yield f"{where}: heading '{heading}' is not known{hint}."
    yield (
        f"{where}: {file['line_count']:,} lines read, {file['admitted_count']:,} admitted, "
        f"{file['duplicate_count']:,} repeated, {file['rejected_count']:,} could not be taken."
    )
