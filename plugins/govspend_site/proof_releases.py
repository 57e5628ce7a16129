"""Proof cards of one release: what it told, who was new in it, what it revised, what to expect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from govspend_site import digest, proof_charts, queries, settled, words
from govspend_site.figure import Row, literal
from govspend_site.proof_kind import PARTY, REPORTED, SPEND, About, Kind, Said, Scope, counted
from govspend_site.proof_money import MONTHS


def of_release(*, compared: bool = False, restated: bool = False) -> Scope:
    """The scope of the release whose id the key has.

    `compared` asks for a release before it in its feed; `restated` for one that it tells anew.
    """

    async def scope(datasette: Any, about: About) -> About | None:
        found = await queries.rows(datasette, "releases_pages_one", {"release_id": about.id})
        if not found:
            return None
        row = found[0]
        if (compared or restated) and not row["previous_id"]:
            return None
        if restated and not row["restates_history"]:
            return None
        return _narrowed(about, row)

    return scope


def _narrowed(about: About, row: Row) -> About:
    """Its values in place of the parameters of the pages' SQL, and its own provisional months."""
    values = {
        ":release_id": row["release_id"],
        ":previous_id": row["previous_id"] or "",
        ":previous_month": row["previous_month"] or "",
        ":feed_id": row["feed_id"],
    }
    fills = {
        # For the cards of new suppliers and of new buyers. It has parameters of its own.
        "/* pairs */": queries.sql("proof_pairs") + ",",
        "/* party */": about.kind.removeprefix("new-").removesuffix("s"),
        ":position": str(row["position"]),
        **{name: literal(value) for name, value in values.items()},
    }
    months = {"oldest_month": row["oldest_month"], "newest_month": row["newest_month"]}
    own = tuple(replace(feed, **months) for feed in about.known.of(row["feed_id"]).feeds)
    return replace(about, name=row["feed"], fills=fills, known=settled.Settled(own))


def lines(about: About) -> list[tuple[str, str]]:
    """Lines of a replaced release are no longer in spend: its sums and the ids of its lines are."""
    asked = f"?release_id={quote(about.id)}"
    found = [
        (f"What {about.id} told, month by month", f"/govspend/release_months{asked}"),
        ("The ids of its lines", f"/govspend/release_lines{asked}"),
    ]
    if about.id in {feed.release_id for feed in about.edition.feeds}:
        found.insert(0, ("Its lines", f"{SPEND}{asked}"))
    return found


def _page(about: About, part: str = "") -> tuple[str, str]:
    return (f"Release {about.id}", f"/releases/{quote(about.id)}{part}")


def _digest(about: About, row: Row, part: str) -> tuple[str, str]:
    month = str(row["last_month"])[:7]
    return (f"Digest of {words.month_name(month)}", f"/digest/{month}#{about.id}-{part}")


def release(about: About, row: Row) -> Said:
    """What the digest opens with, in its very words."""
    opening = {
        **row,
        "oldest_month": row["first_month"],
        "newest_month": row["last_month"],
        "sized_count": int(row["sme_pence"] is not None),
    }
    text = (
        f"As release {about.id} told it in {counted(row['line_count'], 'line')}: "
        f"{digest.sentence(opening)}"
    )
    last = words.month_name(row["last_month"])
    return Said(f"{about.name} to {last}", text, lines(about), _page(about))


def revision(about: About, row: Row) -> Said:
    changed, told = row["changed_months_count"], row["told_months_count"]
    text = (
        f"Release {about.id} changed {changed:,} of the {counted(told, 'month')} that the release "
        "before it had told."
    )
    if row["most_changed_month"]:
        pct = f" ({row['change_pct']:+.1f}%)" if row["change_pct"] is not None else ""
        after = row["after_pence"]
        now = words.rounded_pounds(after) if after is not None else "nothing"
        text += (
            f" {words.month_name(row['most_changed_month'])} changed most: from "
            f"{words.rounded_pounds(row['before_pence'])} to {now}{pct}."
        )
    whole = (f"Every revision by {about.id}", f"/govspend/revisions?release_id={quote(about.id)}")
    title = f"What release {about.id} revised"
    return Said(title, text, [whole, *lines(about)], _page(about, "#changed"))


def newcomers(about: About, row: Row) -> Said:
    party = about.kind.removeprefix("new-").removesuffix("s")
    count, amount = row[f"new_{party}_count"], words.rounded_pounds(row["amount_pence"])
    have = "has its" if count == 1 else "have their"
    first = {"supplier": "first sale", "buyer": "first purchase"}[party]
    text = (
        f"{counted(count, party)} {have} {first} here after "
        f"{words.month_name(row['before_month'])}, as release {about.id} of {about.name} told it; "
        f"they {'sold' if party == 'supplier' else 'spent'} {amount}."
    )
    title = f"New {party}s in release {about.id}"
    return Said(title, text, lines(about), _digest(about, row, f"{party}s"))


def outlook(about: About, row: Row) -> Said:
    newest = words.month_name(row["last_month"])
    text = (
        f"Release {about.id} told {newest} as {words.rounded_pounds(row['newest_pence'])}. If the "
        "next release changes it as earlier ones changed their newest month, it will be about "
        f"{words.rounded_pounds(row['middle_pence'])}, and between "
        f"{words.rounded_pounds(row['low_pence'])} and {words.rounded_pounds(row['high_pence'])}: "
        f"by the median, least and greatest of {row['revision_count']:,} earlier revisions."
    )
    title = f"What {newest} may be revised to"
    return Said(title, text, lines(about), _digest(about, row, "outlook"))


def _new(party: str) -> Kind:
    verb = {"supplier": "sold", "buyer": "spent"}[party]
    return Kind(
        "proof_new_parties",
        f"proof_new_{party}s",
        newcomers,
        proof_charts.amounts(f"what they {verb}"),
        f"The 25 that {verb} the most of them",
        (*PARTY, "first-sale-here"),
        of_release(compared=True),
        "release",
    )


KINDS = {
    "release": Kind(
        "proof_release",
        "proof_release_months",
        release,
        proof_charts.money,
        MONTHS[1],
        scope=of_release(),
        of="release",
    ),
    "revision": Kind(
        "proof_revision",
        "proof_revision_months",
        revision,
        proof_charts.changes,
        "What each month came to before and in this release",
        REPORTED,
        of_release(restated=True),
        "release",
    ),
    "new-suppliers": _new("supplier"),
    "new-buyers": _new("buyer"),
    "outlook": Kind(
        "proof_outlook",
        "proof_outlook_revisions",
        outlook,
        proof_charts.amounts("added to the newest month by the next release", "change_pence"),
        "Newest months as first told, and in the next release",
        (*REPORTED, "newest-months"),
        of_release(restated=True),
        "release",
    ),
}
