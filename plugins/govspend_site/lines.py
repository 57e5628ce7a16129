"""What a table page asks of spend, told by the cubes: how many lines there are, and where they lie.

Datasette counts the lines of a filter by reading every one, and finds those of a page by going back
from the newest month through all lines, however rare those that it looks for are. A cube tells
both without a line being read: the count, the months that the lines of the page lie in and, where
they are rare even there, whose they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from govspend_site import pounds, queries

Asked = tuple[str, Mapping[str, Any]]
"""SQL and its parameters"""

_NAME = r"[\"\[]?{}[\"\]]?"
_COLUMN = _NAME.format("(?P<{}>[a-z_]+)")
_TEST = re.compile(
    rf"{_COLUMN.format('plain')} (?:=|!=|[<>]=?|(?:not )?like|glob) :p\d+"
    rf"|{_COLUMN.format('listed')} (?:not )?in \((?::p\d+(?:, )?)*\)"
    rf"|\({_COLUMN.format('blank')} is (?:not )?null (?:or|and) {_NAME.format('[a-z_]+')} !?= ''\)"
    rf"|{_COLUMN.format('null')} is (?:not )?null"
)
_BETWEEN = " and "
# Where a page goes on from the one before it, as Datasette says it.
_ONWARD = (
    r"\(month [<>] :(?P<month>p\d+)(?: or month is null)?"
    r" or \(month = :p\d+ and \(\(?spend_id > :p\d+\)?\)\)\)"
)
_WHERE = re.compile(rf"(?:where (?P<tests>.*?)(?: and )?(?P<onward>{_ONWARD})? )?", re.DOTALL)
_COUNT = re.compile(r"select count\(\*\) from spend (?P<where>.*)", re.DOTALL)
_PAGE = re.compile(
    r"(?P<head>select .+? from spend )(?P<where>where .*)"
    r"(?P<order>order by month(?P<newest> desc)?(?:, \[?spend_id\]?)? limit (?P<most>\d+))",
    re.DOTALL,
)
_FOUND = "where rowid in (select rowid from spend_fts where spend_fts match escape_fts(:search)) "
_SEARCH_COUNT = f"select count(*) from spend {_FOUND}"  # noqa: S608 - ours
_SEARCH_PAGE = re.compile(
    rf"select .+? from spend {re.escape(_FOUND)}order by month desc limit (\d+)"  # noqa: S608 - ours
)
_FACET = re.compile(
    r"\s*select (?P<column>\w+) as value, count\(\*\) as count from \("
    r"\s*select .+? from spend (?P<where>(?:where .+? )?)\s*\)\s*where (?P=column) is not null"
    r"\s*group by (?P=column) order by count desc, value limit (?P<most>\d+)\s*",
    re.DOTALL,
)
# To read more lines than this for one page takes longer than to look up whose they are.
MANY = 20_000
_PARTIES = ("supplier_id", "buyer_id")
_OF_PARTIES = "pair_years"
"""the cube that says whose lines they are"""


class Span(NamedTuple):
    """Months that follow each other, and how many lines of a filter they hold together."""

    first: str
    last: str
    lines: int


class Test(NamedTuple):
    """One filter: a condition, and the column that it is about."""

    sql: str
    column: str

    @property
    def is_wide(self) -> bool:
        """Whether most parties pass: to ask a cube of all of them takes longer than it saves."""
        return self.column in _PARTIES and not re.search(r" (?:=|in|like) ", self.sql, re.I)

    def is_told_with(self, *others: str) -> bool:
        """Whether a cube that every edition has tells the column together with others."""
        return pounds.cube({self.column, *others}, ()) != "spend"


def tests_of(where: str) -> tuple[list[Test], str | None] | None:
    """The filters of a WHERE clause, and the parameter with the month that the page goes on from.

    None for a clause that is not made by Datasette from filters of columns alone.
    """
    found = _WHERE.fullmatch(where)
    text = (found["tests"] or "") if found else ""
    tests = [Test(test[0], next(filter(None, test.groups()))) for test in _TEST.finditer(text)]
    if found is None or _BETWEEN.join(test.sql for test in tests) != text:
        return None
    return tests, found["month"]


def where_of(tests: Sequence[Test]) -> str:
    return f"where {_BETWEEN.join(test.sql for test in tests)} " if tests else ""


def months(spans: Iterable[Span]) -> list[str]:
    """Every month of the spans."""
    found = []
    for first, last, _ in spans:
        number, end = (int(day[:4]) * 12 + int(day[5:7]) - 1 for day in (first, last))
        found += [f"{n // 12:04}-{n % 12 + 1:02}-01" for n in range(number, end + 1)]
    return found


def enough(spans: Iterable[Span], most: int, begun: str = "") -> list[Span]:
    """The spans, in the order of a page, that hold its `most` lines.

    `begun` is the month in which the page before it ended: how many lines of its span are left is
    not known, so none of them counts.
    """
    found: list[Span] = []
    for span in spans:
        if most <= 0:
            break
        found.append(span)
        most -= 0 if span.first <= begun <= span.last else span.lines
    return found


async def quicker(edition: Any, sql: str, params: Mapping[str, Any] | None) -> Asked | None:
    """SQL and parameters that give the same as Datasette's own and read fewer lines, or None."""
    if " from spend " not in sql:
        return None
    searched = _SEARCH_PAGE.fullmatch(sql)
    if searched and not edition.shards:
        return await _found_often(edition, sql, params or {}, int(searched[1]))
    page, facet = _PAGE.fullmatch(sql), _FACET.fullmatch(sql)
    found = page or facet or _COUNT.fullmatch(sql)
    parts = tests_of(found["where"]) if found else None
    if found is None or parts is None:
        return None
    (tests, onward), given = parts, dict(params or {})
    if page is None:
        if onward is not None:
            return None
        told = _counted(found, tests, await pounds.cubes(edition))
        told = told or await _counted_by_keys(edition, found, tests, given)
        return (told, given) if told else None
    begun = str(given[onward]) if onward else ""
    place = Place(int(page["most"]), is_newest_first=bool(page["newest"]), begun=begun)
    known = await where_they_lie(edition, tests, given, place)
    if known is None:
        return None
    return f"{page['head']}{page['where']}and {known[0]} {page['order']}", {**given, **known[1]}


async def _found_often(
    edition: Any, sql: str, params: Mapping[str, Any], most: int
) -> Asked | None:
    """The SQL of a page of a search that goes back from the newest line until the page is full.

    None where fewer lines are found than that would look at: those are read and sorted.
    """
    counts = await edition.table_counts()
    found = (await edition.execute(_SEARCH_COUNT, params)).single_value()
    if found * found < most * counts["spend"]:
        return None
    # The + keeps SQLite from looking up every line that is found.
    return sql.replace(_FOUND, _FOUND.replace("rowid", "+rowid", 1)), params


def _counted(asked: re.Match[str], tests: list[Test], there: Collection[str]) -> str | None:
    """SQL of how many lines there are or, of a facet, of each value; None where no cube tells."""
    column = asked.groupdict().get("column")
    needed = {test.column for test in tests} | ({column} if column else set())
    table = pounds.cube(needed, there)
    if table == "spend":
        return None
    if column is None:
        return f"SELECT lines FROM (\n{pounds.sums_sql(table, asked['where'], ())}\n)"  # noqa: S608 - ours
    return _of_values(asked, pounds.source_sql(table), asked["where"])


async def _counted_by_keys(
    edition: Any, asked: re.Match[str], tests: list[Test], params: Mapping[str, Any]
) -> str | None:
    """The same of lines by their keys, no name being looked up; None where those do not do."""
    columns = {test.column for test in tests}
    column = asked.groupdict().get("column")
    # An index counts what amounts alone choose.
    if column is None and columns == {"amount_pence"}:
        return None
    if not pounds.can_tell([column] if column else []) or not await pounds.has_keys(edition):
        return None
    lines = await pounds.keyed(edition, columns, asked["where"], params)
    if lines is None:
        return None
    if column is None:
        return f"SELECT count(*) FROM {lines}"  # noqa: S608 - ours
    return _of_values(asked, pounds.by_keys(lines, [column]), "")


def _of_values(asked: re.Match[str], source: str, where: str) -> str:
    text = queries.sql("line_values").replace("/* column */", asked["column"])
    text = text.replace("/* source */", source).replace("/* filters */", where)
    return f"{text} LIMIT {int(asked['most'])}"


@dataclass(frozen=True)
class Place:
    """Which lines a page shows: how many at most, in which order, and after which month."""

    most: int
    is_newest_first: bool = True
    begun: str = ""


async def where_they_lie(
    edition: Any, tests: list[Test], params: Mapping[str, Any], place: Place
) -> Asked | None:
    """A condition, with its parameters, that the page's lines meet and few others do; or None."""
    there, every = await pounds.cubes(edition), await _lines_of_months(edition)
    table, told = _telling(tests, there)
    spans = await _spans(edition, table, where_of(told), params) if told else _spans_of(every)
    spans.sort(reverse=place.is_newest_first)
    if place.begun:
        spans = [span for span in spans if not place.is_newest_first or span.first <= place.begun]
        spans = [span for span in spans if place.is_newest_first or span.last >= place.begun]
    if told == tests:
        spans = enough(spans, place.most, place.begun)
    among = months(spans)
    if not place.begun and told != tests and len(among) >= len(every):
        return None
    names = {f"month_{number}": month for number, month in enumerate(among)}
    found = f"spend.month in ({', '.join(f':{name}' for name in names)})"
    known = [test for test in told if pounds.cube({test.column, *_PARTIES}, there) == _OF_PARTIES]
    # The lines lie about evenly in their months, and reading stops when the page is full.
    rarity = min(1, place.most / max(1, sum(span.lines for span in spans)))
    read = rarity * sum(every.get(month, 0) for month in among)
    # A shard is small, and lies apart from the cubes.
    if known and read > MANY and not edition.shards:
        found += await _whose(edition, where_of(known), among, read, params)
    return found, names


def _telling(tests: list[Test], there: Collection[str]) -> tuple[str, list[Test]]:
    """The cube that tells in which months lines lie, and those of the filters that it is asked."""
    narrow = [test for test in tests if not test.is_wide]
    for needed in ("month", "financial_year"):
        table = pounds.cube({needed, *(test.column for test in narrow)}, there)
        if table != "spend":
            return table, narrow
    return "spend_months", [test for test in narrow if test.is_told_with("month", "lot")]


async def _spans(edition: Any, table: str, where: str, params: Mapping[str, Any]) -> list[Span]:
    by_year = table == "pair_years"
    words = {
        "first": "first_month" if by_year else "month",
        "last": "last_month" if by_year else "month",
        "span": "financial_year" if by_year else "month",
        "source": pounds.source_sql(table),
        "filters": where,
    }
    text = queries.sql("line_spans")
    for name, value in words.items():
        text = text.replace(f"/* {name} */", value)
    return [Span(*row) for row in (await edition.execute(text, params)).rows]


async def _whose(
    edition: Any, where: str, among: list[str], read: float, params: Mapping[str, Any]
) -> str:
    """A condition for the parties that can have lines there, unless as many have to be `read`."""
    every = await _lines_of_months(edition)
    share = sum(every.get(month, 0) for month in among) / max(1, sum(every.values()))
    found = ""
    for party in _PARTIES:
        text = queries.sql("line_parties").replace("/* party */", party)
        sql = text.replace("/* filters */", where)
        lines = (await edition.execute(sql, params)).single_value() * share
        if lines < read:
            read, found = lines, party
    if not found:
        return ""
    return f" and spend.{found} in (select {found} from pair_years {where})"  # noqa: S608 - ours


async def _lines_of_months(edition: Any) -> dict[str, int]:
    """month -> lines of spend, whatever they are"""
    if edition.month_lines is None:
        spans = await _spans(edition, "spend_months", "", {})
        edition.month_lines = {span.first: span.lines for span in spans}
    found: dict[str, int] = edition.month_lines
    return found


def _spans_of(every: Mapping[str, int]) -> list[Span]:
    return [Span(month, month, lines) for month, lines in every.items()]
