"""Firms like the visitor's own: who they are, what they sold and who gave them their first sale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any
from urllib.parse import urlencode

from datasette.database import QueryInterrupted
from datasette.utils.asgi import BadRequest

from govspend_site import edition, first_sale, page, queries, search, settled, words

ANY = "any"
NOT_PUBLISHED = "not-published"
SIZES = {"SME": "SME", "Large": "Large", NOT_PUBLISHED: "Size not published", ANY: "Any size"}
RECENT_MONTHS = 24
LEAST_FIRMS = 3
"""Firms that a buyer must have given a first sale, unless the visitor asks for more or fewer."""
_MOST_POUNDS = 10**9
_USUAL_MS = 1_500
"""that the usual deals of some choices may take; of 800,000 sales they take longer"""


@dataclass(frozen=True)
class Choices:
    """What the visitor chose; an empty text and a zero are no choice."""

    size: str = "SME"
    lot: str = ""
    sector: str = ""
    region: str = ""
    words: str = ""
    deal_from: int = 0
    deal_to: int = 0
    least: int = LEAST_FIRMS

    @property
    def of_lines(self) -> bool:
        """Whether more than the firm was chosen, so that a first sale is the first of its kind."""
        return bool(self.lot or self.sector or self.region or self.words)

    @property
    def of_deals(self) -> bool:
        """Whether it matters what a firm usually sells at once."""
        return bool(self.deal_from or self.deal_to)

    def query(self, **changed: object) -> str:
        """The choices as a query string, without those that are as they come."""
        now, usual = {**asdict(self), **changed}, asdict(Choices())
        return urlencode({key: value for key, value in now.items() if value != usual[key]})

    def parameters(self) -> dict[str, object]:
        """What the SQL needs of them."""
        found: dict[str, object] = {}
        if self.size not in (ANY, NOT_PUBLISHED):
            found["size"] = self.size
        for name in ("lot", "sector", "region"):
            if getattr(self, name):
                found[name] = getattr(self, name)
        if search.fts(self.words):
            found["words"] = search.fts(self.words)
        if self.deal_from:
            found["deal_from"] = self.deal_from * 100
        if self.deal_to:
            found["deal_to"] = self.deal_to * 100
        if not self.of_lines:
            found["usual_of"] = self.size
        return found


_CONDITIONS = {
    "size": "AND spend.supplier_size = :size",
    "lot": "AND spend.lot = :lot",
    "sector": "AND spend.sector = :sector",
    "region": "AND spend.buyer_id IN (SELECT buyer_id FROM buyer_places WHERE region = :region)",
    "words": "AND spend.rowid IN (SELECT rowid FROM spend_fts WHERE spend_fts MATCH :words)",
}
# The spend table has no region to filter on, so the link carries the condition itself.
_WHERE_REGION = "buyer_id in (select buyer_id from buyer_places where region = '{}')"
_OF_THE_DEAL = {
    "deal_from": "AND typical_pence >= CAST(:deal_from AS INTEGER)",
    "deal_to": "AND typical_pence <= CAST(:deal_to AS INTEGER)",
}
_WHOSE = "AND supplier_id IN (SELECT supplier_id FROM firms)"


@dataclass(frozen=True)
class Options:
    """What can be chosen in this edition. `regions` is empty where places are not known."""

    sizes: dict[str, str]
    lots: list[str]
    sectors: list[str]
    regions: list[str]


@dataclass(frozen=True)
class Figures:
    """What the firms came to, by whatever stands for a firm: its id or its published name."""

    totals: first_sale.Totals | None
    buyers: int
    first_median: int | None
    openings: int
    began_with_more: int
    second: first_sale.Second

    def told(self) -> dict[str, object]:
        """As JSON: pence and counts; None where there are no firms."""
        sums, year = self.totals, self.second.at_a_year
        return {
            "supplier_count": sums.firms if sums else 0,
            "buyer_count": self.buyers,
            "total_pence": sums.total_pence if sums else 0,
            "lower_quartile_pence": whole(sums.lower) if sums else None,
            "median_pence": whole(sums.median) if sums else None,
            "upper_quartile_pence": whole(sums.upper) if sums else None,
            "ten_largest_pence": sums.top_ten_pence if sums else None,
            "median_first_month_pence": self.first_median,
            "first_sale_count": self.openings,
            "began_with_more_count": self.began_with_more,
            "watched_count": self.second.watched,
            "second_buyer_count": self.second.reached,
            "kaplan_meier_12_months_pct": round(year.estimate_pct, 1) if year else None,
        }


@dataclass(frozen=True)
class Answer:
    """Everything that the page shows for some choices."""

    choices: Choices
    figures: Figures
    by_name: Figures | None
    """the same with a firm for each published name; None where that took too long"""
    peers: list[dict[str, Any]]
    doors: list[dict[str, Any]]
    recent: str
    first_month: str
    newest: str
    end: str
    """The last month that every feed has reached: so long was each firm watched."""

    @property
    def open_doors(self) -> list[dict[str, Any]]:
        """Buyers that opened the door to enough firms."""
        return [door for door in self.doors if door["opened_count"] >= self.choices.least]


def whole(pence: Fraction) -> int:
    """Pence of a median: half a penny rounds up."""
    return math.floor(pence + Fraction(1, 2))


def sql(name: str, choices: Choices, *, of_lines: bool = False, is_measured: bool = True) -> str:
    """The SQL of firms_NAME.sql for the choices, as anyone can run it.

    Cubes tell what they can, unless it is to be `of_lines`: those know published names, too. If not
    `is_measured`, what a firm usually sells at once is empty, for which every sale is looked at.
    """
    given = choices.parameters()
    where = [line for key, line in _CONDITIONS.items() if key in given]
    if choices.size == NOT_PUBLISHED:
        where.append("AND spend.supplier_size IS NULL")
    if choices.words and "words" not in given:
        where.append("AND 0")
    deal = [line for key, line in _OF_THE_DEAL.items() if key in given]
    parts = _parts(name, choices, of_lines, is_measured)
    text = "WITH " + ",\n".join(map(queries.sql, parts))
    text = text.replace("/* each */", "" if "firms_usual" in parts else "/* of each file */")
    for place, lines in (
        ("choices", where), ("typical", deal), ("whose", [_WHOSE] if choices.of_deals else []),
    ):  # fmt: skip
        text = text.replace(f"/* {place} */", "\n        ".join(lines))
    return f"{text}\n{queries.sql(f'firms_{name}')}"


def _parts(name: str, choices: Choices, of_lines: bool, is_measured: bool) -> list[str]:
    """The files of SQL that make `sales` and, where they are asked for, `firms`."""
    if not choices.of_lines and not of_lines:
        return ["firms_totals"]
    by_lines = of_lines or bool(choices.words)
    has_firms = name == "peers" or choices.of_deals
    return [
        *["firms_fitting"] * (by_lines or (has_firms and is_measured)),
        *["firms_usual"] * (has_firms and is_measured),
        "firms_months" if by_lines else "firms_pairs",
        *["firms_unmeasured"] * (has_firms and not is_measured),
        "firms_sales",
    ]


def sql_link(name: str, choices: Choices, recent: str) -> str:
    """Query string of the page of Datasette that runs that SQL."""
    given = {"sql": sql(name, choices), **choices.parameters()}
    return urlencode({**given, "recent": recent} if name == "doors" else given)


def lines_link(choices: Choices, supplier_id: str = "", buyer_id: str = "") -> str:
    """Query string of the spend table with the lines behind a figure of these choices."""
    pairs = {
        "supplier_id": supplier_id,
        "buyer_id": buyer_id,
        "supplier_size": choices.size if choices.size not in (ANY, NOT_PUBLISHED) else "",
        "supplier_size__isnull": "1" if choices.size == NOT_PUBLISHED else "",
        "lot": choices.lot,
        "sector": choices.sector,
        "_search": choices.words,
        "amount_pence__gt": "0",
    }
    if choices.region:
        pairs["_where"] = _WHERE_REGION.format(choices.region.replace("'", "''"))
    return urlencode({key: value for key, value in pairs.items() if value})


def from_request(request: Any, options: Options) -> Choices:
    """The choices in the address. Refuses (400) what cannot be chosen."""
    found = Choices(
        size=page.choice(request, "size", options.sizes, "SME"),
        lot=page.choice(request, "lot", options.lots, ""),
        sector=page.choice(request, "sector", options.sectors, ""),
        region=page.choice(request, "region", options.regions, "") if options.regions else "",
        words=page.words(request, "words"),
        deal_from=page.number(request, "deal_from", 0, _MOST_POUNDS, 0),
        deal_to=page.number(request, "deal_to", 0, _MOST_POUNDS, 0),
        least=page.number(request, "least", 1, 1000, LEAST_FIRMS),
    )
    if found.deal_to and found.deal_from > found.deal_to:
        raise BadRequest(
            f"A usual deal cannot be from £{found.deal_from:,} to £{found.deal_to:,}: "
            "the first is more than the second."
        )
    return found


async def options(datasette: Any) -> Options:
    """What can be chosen, from the edition."""
    kept = await _kept(datasette)
    if "options" not in kept:
        kept["options"] = await _options(datasette)
    found: Options = kept["options"]
    return found


async def _options(datasette: Any) -> Options:
    rows = await queries.rows(datasette, "firms_options")
    of: dict[str, list[str]] = {"lot": [], "sector": [], "size": []}
    for row in rows:
        of[row["field"]].append(row["value"])
    sizes = {key: label for key, label in SIZES.items() if key == ANY or key in of["size"]}
    database = queries.database(datasette)
    regions = []
    if "region" in await database.table_columns("buyer_places"):
        found = await database.execute(queries.sql("firms_regions"))
        regions = [row[0] for row in found.rows]
    return Options({"SME": "SME", **sizes}, of["lot"], of["sector"], regions)


async def answer(datasette: Any, choices: Choices) -> Answer:
    """Everything the page shows; kept for the edition, as it cannot change."""
    kept = await _kept(datasette)
    if choices not in kept:
        if len(kept) > 50:
            kept.clear()
        kept[choices] = await _answer(datasette, choices)
    found: Answer = kept[choices]
    return found


async def _answer(datasette: Any, choices: Choices) -> Answer:
    covered = await settled.current(datasette)
    served = await edition.current(datasette)
    newest = served.newest_month if served else ""
    # After the month that the slowest feed has reached, not every sale is known.
    end = min((feed.newest_month for feed in covered.feeds), default=newest)
    recent = settled.month_after(newest, 1 - RECENT_MONTHS)
    groups = await _run(datasette, sql("groups", choices), choices, {})
    return Answer(
        choices=choices,
        figures=figures(groups, end),
        by_name=await _by_name(datasette, choices, end),
        peers=await _peers(datasette, choices),
        doors=await _run(datasette, sql("doors", choices), choices, {"recent": recent}),
        recent=recent,
        first_month=min((feed.oldest_month for feed in covered.feeds), default=newest),
        newest=newest,
        end=end,
    )


async def _by_name(datasette: Any, choices: Choices, end: str) -> Figures | None:
    text = sql("groups", choices, of_lines=choices.of_lines or choices.of_deals)
    try:
        found = await _run(datasette, by_published_name(text), choices, {})
    except QueryInterrupted:
        return None
    return figures(found, end)


async def _peers(datasette: Any, choices: Choices) -> list[dict[str, Any]]:
    """The firms; of very many sales without what each usually sells at once."""
    try:
        return await _run(datasette, sql("peers", choices), choices, {}, _USUAL_MS)
    except QueryInterrupted:
        if choices.of_deals or choices.words:
            raise
    return await _run(datasette, sql("peers", choices, is_measured=False), choices, {})


def by_published_name(text: str) -> str:
    """SQL of lines or totals with a firm and a buyer for each name, as published."""
    return text.replace("spend.supplier_id", "spend.supplier_name_id").replace(
        "spend.buyer_id AS", "spend.buyer_name_id AS"
    )


async def _run(
    datasette: Any,
    text: str,
    choices: Choices,
    more: Mapping[str, object],
    milliseconds: int | None = None,
) -> list[dict[str, Any]]:
    given = {**choices.parameters(), **more}
    database = queries.database(datasette)
    result = await database.execute(text, given, custom_time_limit=milliseconds)
    return [dict(row) for row in result.rows]


def figures(rows: Iterable[Mapping[str, Any]], end: str) -> Figures:
    """The figures of rows of firms_groups.sql; `end` is the last month that is known whole."""
    sales = [
        first_sale.Sale(
            r["supplier_id"],
            r["buyer_id"],
            r["first_month"],
            r["first_pence"],
            r["amount_pence"] - r["first_pence"],
        )
        for r in rows
    ]
    found = first_sale.careers(sales)
    firsts = [career.first_pence for career in found.values()]
    return Figures(
        totals=first_sale.totals(found.values()),
        buyers=len({sale.buyer_id for sale in sales}),
        first_median=whole(first_sale.median(firsts)) if firsts else None,
        openings=sum(len(career.first_buyers) for career in found.values()),
        began_with_more=sum(len(career.first_buyers) > 1 for career in found.values()),
        second=first_sale.second_buyer(found.values(), end),
    )


# Figures of an edition never change; the key is its file and its id.
_KNOWN: dict[tuple[str, str], dict[Any, Any]] = {}


async def _kept(datasette: Any) -> dict[Any, Any]:
    served = await edition.current(datasette)
    key = (str(queries.database(datasette).path), served.edition_id if served else "")
    if key not in _KNOWN:
        _KNOWN.clear()
        _KNOWN[key] = {}
    return _KNOWN[key]


def such(choices: Choices, count: int) -> str:
    """What the firms are called in a sentence: SMEs, or large firms, or firms."""
    one, many = {
        "SME": ("SME", "SMEs"),
        "Large": ("large firm", "large firms"),
        NOT_PUBLISHED: ("firm of unpublished size", "firms of unpublished size"),
        ANY: ("firm", "firms"),
    }[choices.size]
    return one if count == 1 else many


def fitting(choices: Choices) -> str:
    """The choices beyond size in words, to follow 'sold'; empty without any."""
    parts = []
    if choices.words:
        parts.append(f"“{choices.words}”")
    if choices.lot:
        parts.append(f"under {choices.lot}")
    if choices.sector:
        parts.append(f"to {choices.sector}")
    if choices.region:
        parts.append(f"to buyers in {choices.region}")
    if choices.deal_from or choices.deal_to:
        parts.append(f"in deals usually {_deal(choices)}")
    return ", ".join(parts)


def _deal(choices: Choices) -> str:
    if not choices.deal_to:
        return f"of £{choices.deal_from:,} or more"
    if not choices.deal_from:
        return f"of £{choices.deal_to:,} or less"
    return f"of £{choices.deal_from:,} to £{choices.deal_to:,}"


def sentence(found: Answer, feeds: list[str]) -> str:
    """The answer in one sentence, in the past and with its period."""
    period = f"from {words.month_name(found.first_month)} to {words.month_name(found.newest)}"
    through, what = words.listed(feeds), fitting(found.choices)
    sums = found.figures.totals
    if sums is None:
        return f"No {such(found.choices, 1)} sold {what} through {through} {period}."
    # Words of what was bought stand right after "sold"; all else reads better after a comma.
    what = f" {what}" if what else ""
    buyers = f"{found.figures.buyers:,} buyer{'' if found.figures.buyers == 1 else 's'}"
    who = f"{sums.firms:,} {such(found.choices, sums.firms)}"
    sold = f"{who} sold{what} through {through} to {buyers} {period}"
    if sums.firms == 1:
        return f"{sold}, for {words.rounded_pounds(sums.total_pence)} in all."
    half = words.rounded_pounds(whole(sums.median))
    return (
        f"{sold}: {words.rounded_pounds(sums.total_pence)} in all, and half of them {half} or less."
    )
