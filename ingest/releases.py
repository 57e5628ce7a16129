"""Which releases an edition stands on: each gets its name, and one that looks wrong is held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.stage import Staged

# A person must accept a release that goes beyond one of these.
MOST_QUARANTINED_PCT = 1
MOST_OLD_CHANGE_PCT = 10
SETTLED_AFTER_MONTHS = 6


@dataclass(frozen=True)
class Release:
    """A named release, and whether it is taken."""

    release_id: str
    sequence: int
    """1 for the first release of its month, 2 for a re-issue, and so on"""
    staged: Staged
    state: Literal["taken", "held", "withdrawn"]
    reasons: tuple[str, ...] = ()

    @property
    def feed_id(self) -> str:
        return self.staged.receipt.feed_id


def name(staged: Sequence[Staged]) -> list[tuple[str, int, Staged]]:
    """(release id, sequence, staged) of one feed's releases, oldest period first.

    A re-issue for a month that is already there is `.2`: the order is that in which they were
    fetched, so that a name never passes from one file to another.
    """
    seen: Counter[str] = Counter()
    named = []
    for item in sorted(staged, key=lambda item: item.receipt.fetched_at):
        seen[item.period] += 1
        number = seen[item.period]
        suffix = f".{number}" if number > 1 else ""
        named.append((f"{item.receipt.feed_id}-{item.period}{suffix}", number, item))
    return sorted(named, key=lambda triple: (triple[2].period, triple[1]))


def judge(
    staged: Sequence[Staged], decisions: Mapping[str, str], *, restates: bool
) -> list[Release]:
    """One feed's releases in order, each taken, held (with reasons) or withdrawn.

    `decisions` maps a release id to `accept` or `withdraw`. Each is compared with the release taken
    before it, where the feed `restates` its history.
    """
    releases: list[Release] = []
    before: Staged | None = None
    for release_id, number, item in name(staged):
        verb = decisions.get(release_id)
        reasons = tuple(doubts(item, before if restates else None))
        if verb == "withdraw":
            releases.append(Release(release_id, number, item, "withdrawn"))
        elif reasons and verb != "accept":
            releases.append(Release(release_id, number, item, "held", reasons))
        else:
            releases.append(Release(release_id, number, item, "taken", reasons))
            before = item
    return releases


def in_force(releases: Sequence[Release], *, restates: bool) -> list[Release]:
    """The taken releases whose lines make up `spend`.

    The newest of all where each restates history, else the newest of each month.
    """
    taken = [release for release in releases if release.state == "taken"]
    if restates:
        return taken[-1:]
    return list({release.staged.period: release for release in taken}.values())


def doubts(item: Staged, before: Staged | None) -> list[str]:
    """Why a person should look at this release before the public does; each a sentence."""
    reasons = _quarantine_doubts(item)
    if before:
        reasons += _history_doubts(item, before)
    return reasons


def _quarantine_doubts(item: Staged) -> list[str]:
    summary = item.summary
    reasons = []
    if summary.quarantined_count * 100 > summary.line_count * MOST_QUARANTINED_PCT:
        reasons.append(
            f"{summary.quarantined_count:,} of {summary.line_count:,} lines are quarantined, "
            f"over {MOST_QUARANTINED_PCT}%."
        )
    value = summary.loaded_abs_pence + summary.quarantined_abs_pence
    if summary.quarantined_abs_pence * 100 > value * MOST_QUARANTINED_PCT:
        reasons.append(
            f"{pounds(summary.quarantined_abs_pence)} of {pounds(value)} is quarantined, "
            f"over {MOST_QUARANTINED_PCT}% of the value."
        )
    return reasons


def _history_doubts(item: Staged, before: Staged) -> list[str]:
    old, new = before.summary.months, item.summary.months
    reasons = []
    if missing := [month[:7] for month in old if month not in new]:
        reasons.append(
            f"{len(missing)} months that the release before had are missing: "
            f"{', '.join(missing[:6])}{' and more' if len(missing) > 6 else ''}."
        )
    newest = _month_number(before.period)
    settled = [month for month in old if newest - _month_number(month) > SETTLED_AFTER_MONTHS]
    total = sum(abs(old[month][1]) for month in settled)
    change = sum(abs(new.get(month, [0, 0])[1] - old[month][1]) for month in settled)
    if change * 100 > total * MOST_OLD_CHANGE_PCT:
        reasons.append(
            f"months more than {SETTLED_AFTER_MONTHS} months old change by {pounds(change)} of "
            f"{pounds(total)} in total, over {MOST_OLD_CHANGE_PCT}%."
        )
    return reasons


def _month_number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:7])


def pounds(pence: int) -> str:
    """`£1,234.56`, for messages."""
    sign = "-" if pence < 0 else ""
    return f"{sign}£{abs(pence) // 100:,}.{abs(pence) % 100:02}"
