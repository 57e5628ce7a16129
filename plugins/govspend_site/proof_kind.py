"""What a kind of proof card is: what its id narrows the lines to, its SQL, its words, its chart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from govspend_site import edition, queries, settled, words
from govspend_site.figure import ChartData, Row, literal

SPEND = "/govspend/spend"
_INCLUDE = "/* include "
"""In a file of SQL, before the name of another whose text stands there."""
REPORTED = (
    "reported-by-suppliers",
    "size-as-published",
    "resellers",
    "revised-backwards",
    "provisional",
)
PARTY = (*REPORTED, "names-joined")


@dataclass(frozen=True)
class About:
    """What a figure is about: its key's kind and id, and the edition.

    `fills` are texts that stand in the SQL for a place, such as /* where */. `known` tells the
    settled months from the provisional ones.
    """

    kind: str
    id: str
    edition: edition.Edition
    known: settled.Settled
    name: str = ""
    fills: Mapping[str, str] = field(default_factory=dict)

    def through(self, joined_by: str = "and") -> str:
        titles = [feed.title.removesuffix(" sales") for feed in settled.merged(self.edition.feeds)]
        return f" {joined_by} ".join(filter(None, [", ".join(titles[:-1]), *titles[-1:]]))

    def where(self, condition: str) -> About:
        """The same of the lines that a condition leaves."""
        return replace(self, fills={**self.fills, "/* where */": f"WHERE {condition}"})


@dataclass(frozen=True)
class Said:
    """A figure in words."""

    title: str
    sentence: str
    lines: list[tuple[str, str]]
    page: tuple[str, str] | None = None


Rows = list[dict[str, Any]]
Scope = Callable[[Any, About], Awaitable[About | None]]
"""From a Datasette and what is asked for, to the same with its name and fills; None if missing."""
Draw = Callable[[Rows, settled.Settled], ChartData | None]


async def everything(_datasette: Any, about: About) -> About:
    """The scope of a figure of all lines."""
    return about


@dataclass(frozen=True)
class Kind:
    """A kind of card: its SQL files, how it is said, and what its table shows and draws.

    `of` names what the id in the key is of; empty for a headline, which has none.
    """

    sql: str
    table: str
    say: Callable[[About, Row], Said]
    chart: Draw
    table_title: str
    caveats: tuple[str, ...] = REPORTED
    scope: Scope = everything
    of: str = ""

    def text(self, name: str, about: About) -> str:
        """The SQL NAME.sql as anyone can run it, with its places filled."""
        found = self._filled(queries.sql(name), about)
        while _INCLUDE in found:
            before, _, rest = found.partition(_INCLUDE)
            included, _, after = rest.partition(" */")
            found = f"{before}{self._filled(queries.sql(included), about)}{after}"
        return found.strip()

    def _filled(self, sql: str, about: About) -> str:
        for place, fill in {"/* where */": "", **about.fills}.items():
            sql = sql.replace(place, fill)
        return sql


def party(of: str) -> Scope:
    """The scope of the supplier or buyer whose id the key has."""

    async def scope(datasette: Any, about: About) -> About | None:
        # A longer text is nobody's id, and needs no look at the database.
        if len(about.id) > 200:
            return None
        found = await queries.rows(datasette, "proof_name", {"party": of, "id": about.id})
        if not found[0]["name"]:
            return None
        named = replace(about, name=str(found[0]["name"]))
        return named.where(f"{of}_id = {literal(about.id)}")

    return scope


def period(row: Row) -> str:
    first, last = words.month_name(row["first_month"]), words.month_name(row["last_month"])
    return f"in {first}" if first == last else f"from {first} to {last}"


def counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def bodies(count: int) -> str:
    return counted(count, "public body", "public bodies")


def share(row: Row, pounds: str = "sme_pence") -> str:
    """£116.1m (53.4%), or the amount alone where the share is not known."""
    amount = words.rounded_pounds(row[pounds])
    return f"{amount} ({row['sme_pct']:.1f}%)" if row["sme_pct"] is not None else amount
