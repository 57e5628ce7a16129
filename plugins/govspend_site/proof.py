"""Proof cards: which figures can be cited, and each in words, from the row that its SQL gives."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from govspend_site import edition, queries, settled, words
from govspend_site.figure import ChartData, Figure, Row, Table, literal

SPEND = "/govspend/spend"
_REPORTED = (
    "reported-by-suppliers",
    "size-as-published",
    "resellers",
    "revised-backwards",
    "provisional",
)
_PARTY = (*_REPORTED, "names-joined")
_YEAR = re.compile(r"20\d\d-\d\d")
_UNITS = ((10**11, "£ billion"), (10**8, "£ million"), (10**5, "£ thousand"), (100, "£"))


@dataclass(frozen=True)
class About:
    """What a figure is about: its key's kind and id, the condition on spend, and the edition."""

    kind: str
    id: str
    name: str
    where: str
    edition: edition.Edition

    def through(self, joined_by: str = "and") -> str:
        titles = [
            feed.title.removesuffix(" sales") for feed in self.edition.feeds if feed.release_id
        ]
        return words.listed(titles).replace(" and ", f" {joined_by} ")


@dataclass(frozen=True)
class Said:
    """A figure in words."""

    title: str
    sentence: str
    lines: list[tuple[str, str]]
    page: tuple[str, str] | None = None


@dataclass(frozen=True)
class Kind:
    """A kind of card: its SQL files, how it is said, and what its table shows and draws."""

    sql: str
    table: str
    say: Callable[[About, Row], Said]
    chart: Callable[[list[dict[str, Any]], settled.Settled], ChartData | None]
    table_title: str
    caveats: tuple[str, ...] = _REPORTED


def period(row: Row) -> str:
    first, last = words.month_name(row["first_month"]), words.month_name(row["last_month"])
    return f"in {first}" if first == last else f"from {first} to {last}"


def counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def share(row: Row, pounds: str = "sme_pence") -> str:
    """£116.1m (53.4%), or that the share is not known."""
    amount = words.rounded_pounds(row[pounds])
    return f"{amount} ({row['sme_pct']:.1f}%)" if row["sme_pct"] is not None else amount


def _unsized(row: Row) -> str:
    if not row["size_not_published_count"]:
        return "."
    amount = words.rounded_pounds(row["size_not_published_pence"])
    return f"; for {amount} of it the size of the firm was not published."


def _sme_share(about: About, row: Row) -> Said:
    total, when = words.rounded_pounds(row["total_pence"]), period(row)
    spent = f"{total} spent through {about.through()} {when}"
    if row["sme_pct"] is None:
        text = f"Of {spent}, the share of small and medium-sized firms is not known."
    else:
        text = f"Of {spent}, {share(row)} went to small and medium-sized firms{_unsized(row)}"
    condition = {"financial-year": f"financial_year={about.id}&"}.get(about.kind, "")
    if about.kind == "sme-share-last-12-months":
        condition = f"month__gte={row['first_month']}&month__lte={row['last_month']}&"
    title = {
        "financial-year": f"The share of small and medium-sized firms in {about.id}",
        "sme-share-last-12-months": "The share of small and medium-sized firms, last 12 settled "
        "months",
    }.get(about.kind, "The share of small and medium-sized firms")
    smes = ("The lines published as SME", f"{SPEND}?{condition}supplier_size=SME")
    everything = ("Every line of the period", f"{SPEND}?{condition}".rstrip("&?"))
    return Said(title, text, [smes, everything], ("Home page", "/"))


def _share_by_month(about: About, row: Row) -> Said:
    if not row["months_with_share_count"]:
        text = "The share of small and medium-sized firms is not known for any month."
        return Said("The SME share month by month", text, [("Every line", SPEND)])
    over, of = row["months_over_half_count"], row["months_with_share_count"]
    text = (
        f"In {over} of the {counted(of, 'settled month')} {period(row)}, small and medium-sized "
        f"firms had more than half of the spend through {about.through()}. Their lowest share was "
        f"{row['lowest_pct']:.1f}% in {words.month_name(row['lowest_month'])}, their highest "
        f"{row['highest_pct']:.1f}% in {words.month_name(row['highest_month'])}."
    )
    return Said("The SME share month by month", text, [("Every line", SPEND)], ("Home page", "/"))


def _market_total(about: About, row: Row) -> Said:
    text = (
        f"{counted(row['buyers_that_bought_count'], 'public body', 'public bodies')} spent "
        f"{words.rounded_pounds(row['total_pence'])} with "
        f"{counted(row['suppliers_that_sold_count'], 'supplier')} through {about.through()} "
        f"{period(row)}."
    )
    return Said("The whole market", text, [("Every line", SPEND)], ("The market", "/market"))


def _smes_that_sold(about: About, row: Row) -> Said:
    firms, sold = row["sme_suppliers_count"], row["suppliers_that_sold_count"]
    text = (
        f"{firms:,} of the {counted(sold, 'supplier')} that sold through {about.through()} "
        f"{period(row)} did so as small or medium-sized firms"
    )
    if row["median_pence"] is not None:
        text += (
            f"; half of them sold {words.rounded_pounds(row['median_pence'])} or less in all, and "
            f"the ten largest took {row['ten_largest_pct']:.1f}% of what they sold"
        )
    lines = [("Their sales", f"{SPEND}?supplier_size=SME&amount_pence__gt=0")]
    page = ("Firms like mine", "/firms-like-mine")
    return Said("How many small and medium-sized firms sold", f"{text}.", lines, page)


def _first_sale(about: About, row: Row) -> Said:
    lines = [("Their sales", f"{SPEND}?supplier_size=SME&amount_pence__gt=0")]
    page = ("Firms like mine", "/firms-like-mine")
    if row["median_pence"] is None:
        return Said("What a first sale came to", "No SME has sold anything yet.", lines, page)
    text = (
        f"Half of the {counted(row['sme_suppliers_count'], 'small or medium-sized firm')} that "
        f"began to sell through {about.through()} {period(row)} sold "
        f"{words.rounded_pounds(row['median_pence'])} or less in their first month with a sale."
    )
    return Said("What a first sale came to", text, lines, page)


def _second_buyer(about: About, row: Row) -> Said:
    lines = [("Sales of SMEs", f"{SPEND}?supplier_size=SME&amount_pence__gt=0")]
    reached, watched = row["second_buyer_within_12_months_count"], row["watched_12_months_count"]
    page = ("Firms like mine", "/firms-like-mine")
    if not watched:
        text = "No SME was seen for 12 months after its first sale, so this is not known yet."
        return Said("From the first buyer to the second", text, lines, page)
    text = (
        f"Of the {counted(watched, 'small or medium-sized firm')} whose first sale through "
        f"{about.through()} was at least 12 months before {words.month_name(row['last_month'])}, "
        f"{reached:,} ({row['share_pct']:.0f}%) had sold to a second buyer within 12 months."
    )
    return Said("From the first buyer to the second", text, lines, page)


def _supplier(about: About, row: Row) -> Said:
    amount = words.rounded_pounds(row["total_pence"])
    buyers = counted(row["buyers_sold_to_count"], "public body", "public bodies")
    text = f"{about.name} sold {amount} to {buyers} through {about.through('or')} {period(row)}."
    lines = [(f"The lines of {about.name}", f"{SPEND}?supplier_id={about.id}")]
    return Said(f"Sales of {about.name}", text, lines, (about.name, f"/suppliers/{about.id}"))


def _buyer(about: About, row: Row) -> Said:
    amount = words.rounded_pounds(row["total_pence"])
    text = (
        f"{about.name} spent {amount} with {counted(row['suppliers_count'], 'supplier')} through "
        f"{about.through('or')} {period(row)}"
    )
    if row["sme_pct"] is not None:
        firms = counted(row["sme_suppliers_count"], "small or medium-sized firm")
        text += f"; {share(row)} of it went to {firms}"
    lines = [
        (f"What {about.name} bought", f"{SPEND}?buyer_id={about.id}"),
        ("Of it, lines published as SME", f"{SPEND}?buyer_id={about.id}&supplier_size=SME"),
    ]
    return Said(f"Spend of {about.name}", f"{text}.", lines, (about.name, f"/buyers/{about.id}"))


def _first_sales_from(about: About, row: Row) -> Said:
    firms = counted(row["sme_suppliers_count"], "small or medium-sized firm")
    text = (
        f"{about.name} was the buyer, or one of the buyers, of the first sale that {firms} made "
        f"through {about.through('or')} {period(row)}."
    )
    lines = [
        (
            f"What {about.name} bought from SMEs",
            f"{SPEND}?buyer_id={about.id}&supplier_size=SME&amount_pence__gt=0",
        )
    ]
    title = f"First sales that {about.name} gave"
    return Said(title, text, lines, (about.name, f"/buyers/{about.id}"))


def money_chart(rows: list[dict[str, Any]], known: settled.Settled) -> ChartData | None:
    """Months as bars in £, £k, £m or £bn by their size; SMEs, other firms, size not published."""
    if not rows:
        return None
    highest = max(row["total_pence"] for row in rows)
    scale, unit = next((u for u in _UNITS if highest >= u[0]), _UNITS[-1])
    series = [("SMEs", "sme_pence"), ("Other firms", "other_firms_pence")]
    if any(row["size_not_published_pence"] for row in rows):
        series.append(("Size not published", "size_not_published_pence"))
    drawn: list[dict[str, object]] = [
        {
            "month": row["month"],
            "size": name,
            "order": order,
            "provisional": known.is_provisional(row["month"]),
            "amount": row[field] / scale,
            "tip": f"{words.month_name(row['month'])}: {name} {words.rounded_pounds(row[field])}",
        }
        for row in rows
        for order, (name, field) in enumerate(series)
        if row[field]
    ]
    final = [row for row in rows if not known.is_provisional(row["month"])]
    text = f"{counted(len(rows), 'month')} with lines."
    if final:
        peak = max(final, key=lambda row: row["total_pence"])
        text += (
            f" The highest settled one was {words.month_name(peak['month'])}, with "
            f"{words.rounded_pounds(peak['total_pence'])}."
        )
    unit, text = _with_provisional(f"{unit} a month, without VAT", text, rows, known)
    return ChartData("proof_months", drawn, "Month by month", unit, text)


def _with_provisional(
    unit: str, text: str, rows: list[dict[str, Any]], known: settled.Settled
) -> tuple[str, str]:
    """Unit and text of a chart, with which of its months are provisional, if any."""
    if not any(known.is_provisional(row["month"]) for row in rows):
        return unit, text
    return f"{unit}; paler months are provisional", f"{text} {known.sentence}"


def share_chart(rows: list[dict[str, Any]], known: settled.Settled) -> ChartData | None:
    drawn: list[dict[str, object]] = [
        {
            "month": row["month"],
            "share": row["sme_pct"],
            "provisional": known.is_provisional(row["month"]),
            "tip": f"{words.month_name(row['month'])}: {row['sme_pct']:.1f}%",
        }
        for row in rows
        if row["sme_pct"] is not None
    ]
    if not drawn:
        return None
    final = [row for row in drawn if not row["provisional"]]
    text = "No month is settled yet."
    if final:
        text = f"Settled months, from first to last: {final[0]['share']}% to {final[-1]['share']}%."
    unit, text = _with_provisional("% of the spend of each month", text, rows, known)
    return ChartData("proof_share", drawn, "SME share of each month", unit, text)


def band_chart(
    rows: list[dict[str, Any]], _known: settled.Settled, unit: str = "Number of firms"
) -> ChartData | None:
    """Numbers of firms by the table's first column, in its order."""
    if not rows:
        return None
    by = next(iter(rows[0]))
    drawn: list[dict[str, object]] = [
        {
            "band": row[by],
            "firms": row["supplier_count"],
            "tip": f"{row[by]}: {counted(row['supplier_count'], 'firm')}",
        }
        for row in rows
    ]
    top = max(rows, key=lambda row: row["supplier_count"])
    text = f"Most firms: {top[by]}, with {counted(top['supplier_count'], 'firm')}."
    return ChartData("proof_bands", drawn, unit, unit, text)


def bands(by: str) -> Callable[[list[dict[str, Any]], settled.Settled], ChartData | None]:
    return partial(band_chart, unit=f"Number of firms by {by}")


_MONTHS = ("proof_months", "Month by month, by size of firm as published")
KINDS: dict[str, Kind] = {
    "sme-share": Kind("proof_sme_share", _MONTHS[0], _sme_share, money_chart, _MONTHS[1]),
    "sme-share-last-12-months": Kind(
        "proof_sme_share", _MONTHS[0], _sme_share, money_chart, _MONTHS[1]
    ),
    "sme-share-by-month": Kind(
        "proof_share_by_month",
        "proof_share_months",
        _share_by_month,
        share_chart,
        "SME share of each month",
        (*_REPORTED, "newest-months"),
    ),
    "market-total": Kind("proof_market_total", _MONTHS[0], _market_total, money_chart, _MONTHS[1]),
    "smes-that-sold": Kind(
        "proof_smes_that_sold",
        "proof_smes_bands",
        _smes_that_sold,
        bands("what they sold in all"),
        "Small and medium-sized firms by what they sold in all",
        _PARTY,
    ),
    "first-sale": Kind(
        "proof_first_sale",
        "proof_first_sale_bands",
        _first_sale,
        bands("what they sold in their first month with a sale"),
        "Small and medium-sized firms by what they sold in their first month with a sale",
        _PARTY,
    ),
    "second-buyer": Kind(
        "proof_second_buyer",
        "proof_second_buyer_waits",
        _second_buyer,
        bands("the time from first sale to second buyer"),
        "The same firms by the time from first sale to second buyer",
        _PARTY,
    ),
    "financial-year": Kind("proof_sme_share", _MONTHS[0], _sme_share, money_chart, _MONTHS[1]),
    "supplier": Kind("proof_supplier", _MONTHS[0], _supplier, money_chart, _MONTHS[1], _PARTY),
    "buyer": Kind("proof_buyer", _MONTHS[0], _buyer, money_chart, _MONTHS[1], _PARTY),
    "first-sales-from": Kind(
        "proof_first_sales_from",
        "proof_first_sales_years",
        _first_sales_from,
        bands("the financial year of their first sale"),
        "The same firms by the financial year of their first sale",
        _PARTY,
    ),
}
PARTIES = {"supplier": "supplier", "buyer": "buyer", "first-sales-from": "buyer"}
HEADLINES = [kind for kind in KINDS if kind not in (*PARTIES, "financial-year")]

_SETTLED = ("sme-share-last-12-months", "sme-share-by-month")

_KEPT = 200
_KNOWN: OrderedDict[tuple[str, str], Figure] = OrderedDict()


async def figure(datasette: Any, key: str) -> Figure | None:
    """The figure of `key` in the edition being served; None where it has none."""
    served = await edition.current(datasette)
    if served is None:
        return None
    place = (str(queries.database(datasette).path), key)
    if place not in _KNOWN:
        made = await _made(datasette, served, key)
        if made is None:
            return None
        _KNOWN[place] = made
        while len(_KNOWN) > _KEPT:
            _KNOWN.popitem(last=False)
    _KNOWN.move_to_end(place)
    return _KNOWN[place]


async def headlines(datasette: Any) -> list[Figure]:
    """The figures that need no id, in the order of their cards."""
    found = [await figure(datasette, key) for key in HEADLINES]
    return [made for made in found if made is not None]


async def _made(datasette: Any, served: edition.Edition, key: str) -> Figure | None:
    about = await _about(datasette, served, key)
    if about is None:
        return None
    kind = KINDS[about.kind]
    sql = queries.sql(kind.sql).replace("/* where */", about.where).strip()
    found = await _rows(datasette, sql)
    # Sums of no lines are null: a year or a party without any has nothing to cite.
    if not found or found[0]["first_month"] is None:
        return None
    table_sql = queries.sql(kind.table).replace("/* where */", about.where).strip()
    table = Table(kind.table_title, table_sql, await _rows(datasette, table_sql))
    said = kind.say(about, found[0])
    drawn = kind.chart(table.rows, await settled.current(datasette))
    return Figure(
        key=key,
        title=said.title,
        sentence=said.sentence,
        sql=sql,
        row=found[0],
        table=table,
        chart=drawn and replace(drawn, title=f"{said.title}. {drawn.title}"),
        lines=said.lines,
        caveats=kind.caveats,
        page=said.page,
        illustrative=served.illustrative,
    )


async def _about(datasette: Any, served: edition.Edition, key: str) -> About | None:
    kind, _, id_ = key.partition("/")
    if kind not in KINDS or bool(id_) == (kind in HEADLINES):
        return None
    name, where = "", ""
    if kind in PARTIES:
        party = PARTIES[kind]
        name = await _name_of(datasette, party, id_)
        where = f"{party}_id = {literal(id_)}"
        where = f"spend.{where}" if kind == "first-sales-from" else f"WHERE {where}"
        if not name:
            return None
    elif kind == "financial-year":
        where = f"WHERE financial_year = {literal(id_)}"
        if not _YEAR.fullmatch(id_):
            return None
    elif kind in _SETTLED:
        last = (await settled.current(datasette)).last_settled
        if last is None:
            return None
        first = settled.month_after(last, -11)
        where = f"WHERE month BETWEEN {literal(first)} AND {literal(last)}"
        if kind == "sme-share-by-month":
            where = f"WHERE month <= {literal(last)}"
    return About(kind, id_, name, where, served)


async def _name_of(datasette: Any, party: str, id_: str) -> str:
    """The name of a supplier or buyer; empty where there is none of that id."""
    if len(id_) > 200:
        return ""
    known = await queries.rows(datasette, "proof_name", {"party": party, "id": id_})
    return str(known[0]["name"] or "")


async def _rows(datasette: Any, sql: str) -> list[dict[str, Any]]:
    """Rows of SQL of our own. It reads all lines, once an edition, so no time limit applies."""

    def ask(connection: Any) -> list[dict[str, Any]]:
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    found: Iterable[dict[str, Any]] = await queries.database(datasette).execute_fn(ask)
    return list(found)
