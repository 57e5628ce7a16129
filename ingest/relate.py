"""Staged releases and matched names to relations: ids of lines, sums, cubes, what changed.

The relations themselves are SQL (relations.sql), which an engine runs; here stands what they are
given. Every text that they need is told by a number and put back when tables are filled.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest import columnar, match
from ingest.engine import LARGE, PART, Engine, ranges
from ingest.feeds import ShardKey
from ingest.releases import Release

ONE = ""
"""the name of the only file of lines"""
_SQL = Path(__file__).with_name("relations.sql")
KINDS: tuple[match.Kind, ...] = ("supplier", "buyer")
CATEGORIES = ("framework", "lot", "sector", "supplier_size")
Categories = tuple[str | None, ...]
"""the CATEGORIES of a line"""
_HEAD = re.compile(r"^-- (view|table|rows) (\w+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Placed:
    """A release among the others of its feed."""

    release: Release
    position: int
    previous: Release | None
    """the one that it restates, where its feed does so"""
    is_current: bool
    adds: bool
    """its feed adds to what it published before instead of restating it"""


@dataclass(frozen=True)
class Keys:
    """What the numbers in the relations stand for, by place."""

    releases: list[str]
    feeds: list[str]
    suppliers: list[str]
    buyers: list[str]
    under: dict[str, list[Any]]
    """column of spend -> its values"""
    supplier_of_name: list[str]
    buyer_of_name: list[str]
    """by the number of a name, which counts from 1"""
    categories: list[Categories] = field(default_factory=list)
    """of all lines; in `under` they are told by their place here"""
    shards: list[str] = field(default_factory=list)
    """names of the files that the lines are split into; none where they stay in one"""


def relate(
    engine: Engine,
    placed: Sequence[Placed],
    names: Mapping[match.Kind, list[match.Name]],
    shard_key: ShardKey | None = None,
) -> Keys:
    """Gives the engine what is staged, and has it make the tables of relations.sql.

    `names` are all published names, numbered from 1 in this order. Lines are split by `shard_key`.
    """
    under, places = _Under(), {kind: _Places(kind, names[kind]) for kind in KINDS}
    parts = []
    for key, one in enumerate(placed):
        staged = one.release.staged
        engine.read(f"staged_{key}", staged.folder / "lines.parquet")
        parts.append(
            f"SELECT {key} AS release_key, line_number, base_id,"  # noqa: S608 - our own numbers
            f" facets + {under.count} AS under_key,"
            f" supplier + {places['supplier'].count} AS supplier_place,"
            f" buyer + {places['buyer'].count} AS buyer_place, description, amount_pence"
            f" FROM staged_{key}"
        )
        under.add(staged.batches("facets"), is_current=one.is_current)
        for batch in staged.batches("names"):
            for kind in KINDS:
                places[kind].add(batch)
    engine.define("staged", " UNION ALL ".join(parts))
    feeds = list(dict.fromkeys(one.release.feed_id for one in placed))
    _hold_releases(engine, placed, feeds)
    shards = under.shards(shard_key)
    engine.hold("under", under.table(shards))
    for kind in KINDS:
        engine.hold(f"{kind}_places", places[kind].table())
        engine.hold(f"{kind}_names", places[kind].parties())
    _divide(engine, placed, under, places)
    for what, name, sql in statements():
        if what == "view":
            engine.define(name, sql)
        elif what == "table":
            engine.make(name, sql)
    return Keys(
        [one.release.release_id for one in placed], feeds, places["supplier"].ids,
        places["buyer"].ids, under.of_spend(), places["supplier"].party, places["buyer"].party,
        under.categories(), sorted({*shards.values()} - {ONE}),
    )  # fmt: skip


def _divide(
    engine: Engine, placed: Sequence[Placed], under: _Under, places: Mapping[match.Kind, _Places]
) -> None:
    """Parts of about as many lines each, by every column that relations.sql divides the work by."""
    total = sum(one.release.staged.summary.loaded_count for one in placed)
    by_id = [_between("base_id", _id_ranges(-(-total // most))) for most in (PART, LARGE)]
    engine.divide("base_id", *by_id)
    _divide_by_weight(engine, "under_key", under.line_counts)
    for kind in KINDS:
        _divide_by_weight(engine, f"{kind}_key", places[kind].line_counts())
    engine.divide("line_number", *(list(_of_files(placed, most)) for most in (PART, LARGE)))
    months: Counter[str] = Counter()
    for one in placed:
        for month, (lines, _) in one.release.staged.summary.months.items():
            months[month] += lines
    _divide_by_weight(engine, "month", dict(sorted(months.items())))


def _divide_by_weight(engine: Engine, column: str, lines: Mapping[Any, int]) -> None:
    """Parts by a column with so many lines of each value, which come in order."""
    engine.divide(column, *(_between(column, ranges(lines, most)) for most in (PART, LARGE)))


def _between(column: str, parts: Iterable[tuple[Any, Any]]) -> list[str]:
    return [f"{{0}}.{column} BETWEEN {low!r} AND {high!r}" for low, high in parts]


def _of_files(placed: Sequence[Placed], most: int) -> Iterator[str]:
    for key, one in enumerate(placed):
        for low in range(0, one.release.staged.summary.last_line + 1, most):
            high = low + most - 1
            yield f"{{0}}.release_key = {key} AND {{0}}.line_number BETWEEN {low} AND {high}"


def _id_ranges(count: int) -> Iterator[tuple[int, int]]:
    """So many equal ranges of whole numbers of 64 bits, in the order of their digits."""
    ends = [(1 << 64) * number // count for number in range(count + 1)]
    ends = sorted({*ends, 1 << 63})
    for low, high in itertools.pairwise(ends):
        # From the middle on their sign is set.
        below = 1 << 64 if low >= 1 << 63 else 0
        yield low - below, high - 1 - below


def statements() -> Iterator[tuple[str, str, str]]:
    """(view, table or rows; name; SQL) of relations.sql, in order."""
    parts = _HEAD.split(_SQL.read_text(encoding="utf-8"))[1:]
    yield from zip(parts[::3], parts[1::3], parts[2::3], strict=True)


def _hold_releases(engine: Engine, placed: Sequence[Placed], feeds: list[str]) -> None:
    keys = {one.release.release_id: key for key, one in enumerate(placed)}
    engine.hold("releases", _table([
        {
            "release_key": keys[one.release.release_id],
            "feed_key": feeds.index(one.release.feed_id),
            "position": one.position, "is_current": int(one.is_current), "adds": int(one.adds),
        }
        for one in placed
    ], ["release_key", "feed_key", "position", "is_current", "adds"]))  # fmt: skip
    engine.hold("followers", _table([
        {
            "release_key": keys[one.release.release_id],
            "previous_key": keys[one.previous.release_id],
        }
        for one in placed
        if one.previous
    ], ["release_key", "previous_key"]))  # fmt: skip


def _table(rows: list[dict[str, int]], columns: list[str]) -> pa.Table:
    return pa.table({name: pa.array([row[name] for row in rows], pa.int64()) for name in columns})


class _Under:
    """What lines of all releases are counted under, one release behind the other."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {name: [] for name in columnar.COUNTED_UNDER}
        self.line_counts: dict[int, int] = {}
        """number -> lines"""
        self._current: list[int] = []
        self._next = 0

    @property
    def count(self) -> int:
        return self._next

    def add(self, batches: Iterator[pa.RecordBatch], *, is_current: bool) -> None:
        start = self._next
        for row in (row for batch in batches for row in batch.to_pylist()):
            key = start + row["facets"]
            # Not every number of a release is there: what only rejects were counted under is not.
            for name, column in self.columns.items():
                column += [None] * (key - len(column))
                column.append(row[name])
            self.line_counts[key] = row["line_count"]
            if is_current:
                self._current.append(key)
            self._next = key + 1

    def _values(self, name: str) -> dict[int, Any]:
        """number -> the value of a column, of the financial year too"""
        if name == "financial_year":
            return {key: financial_year(month) for key, month in self._values("month").items()}
        return {key: self.columns[name][key] for key in self.line_counts}

    def categories(self) -> list[Categories]:
        """The categories of all lines, each once and in order, unknown ones first."""
        return sorted(
            {*self._categories().values()},
            key=lambda found: [(name is not None, name or "") for name in found],
        )

    def _categories(self) -> dict[int, Categories]:
        columns = [self.columns[name] for name in CATEGORIES]
        return {key: tuple(column[key] for column in columns) for key in self.line_counts}

    def categories_keys(self) -> dict[int, int]:
        """number -> place of its categories among all"""
        places = {found: place for place, found in enumerate(self.categories())}
        return {key: places[found] for key, found in self._categories().items()}

    def of_spend(self) -> dict[str, list[Any]]:
        """What a line of spend is told of it, by number."""
        known = self.categories_keys()
        keys = [known.get(key) for key in range(self.count)]
        return {"month": self.columns["month"], "categories_key": keys}

    def shards(self, shard_key: ShardKey | None) -> dict[int, str]:
        """number -> name of the file that its lines go to; ONE where all go to one."""
        if shard_key is None:
            return dict.fromkeys(self.line_counts, ONE)
        named = {key: _file_name(value) for key, value in self._values(shard_key).items()}
        there = sorted({named[key] for key in self._current})
        # Lines of earlier releases alone are told of in the first.
        return {key: name if name in there else there[0] for key, name in named.items()}

    def table(self, shards: Mapping[int, str]) -> pa.Table:
        there = {
            name: pa.array(self._values(name).values(), pa.string())
            for name in (*self.columns, "financial_year")
        }
        return pa.table({
            "under_key": pa.array(list(self.line_counts), pa.int64()),
            "shard": pa.array(list(shards.values())),
            "categories_key": pa.array(self.categories_keys().values(), pa.int64()),
            **there,
        })  # fmt: skip


def _file_name(value: str | None) -> str:
    return re.sub(r"[^a-z0-9]+", "-", (value or "not published").lower()).strip("-") or "other"


class _Places:
    """Names of one kind in all releases, one release behind the other."""

    def __init__(self, kind: match.Kind, names: list[match.Name]) -> None:
        self._kind = kind
        self._numbers = {name.published: number for number, name in enumerate(names, 1)}
        self._places: list[int] = []
        self._counts: list[int] = []
        self.ids = sorted({name.party_id for name in names})
        # No name has the number 0.
        self.party = ["", *(name.party_id for name in names)]

    @property
    def count(self) -> int:
        return len(self._places)

    def add(self, batch: pa.RecordBatch) -> None:
        rows = [row for row in batch.to_pylist() if row["kind"] == self._kind]
        self._places += [self._numbers[row["name"]] for row in rows]
        self._counts += [row["line_count"] for row in rows]

    def table(self) -> pa.Table:
        return pa.table({
            f"{self._kind}_place": pa.array(range(self.count), pa.int64()),
            f"{self._kind}_name_id": pa.array(self._places, pa.int64()),
        })  # fmt: skip

    def line_counts(self) -> dict[int, int]:
        """number of a party -> lines in all releases"""
        keys = {party: key for key, party in enumerate(self.ids)}
        counts = dict.fromkeys(range(len(self.ids)), 0)
        for number, count in zip(self._places, self._counts, strict=True):
            counts[keys[self.party[number]]] += count
        return counts

    def parties(self) -> pa.Table:
        keys = {party: key for key, party in enumerate(self.ids)}
        return pa.table({
            f"{self._kind}_name_id": pa.array(range(1, len(self.party)), pa.int64()),
            f"{self._kind}_key": pa.array([keys[party] for party in self.party[1:]], pa.int64()),
        })  # fmt: skip


def financial_year(month: str) -> str:
    """The year from 1 April that a month lies in: `2013-14`."""
    year = int(month[:4]) - (month[5:7] < "04")
    return f"{year}-{(year + 1) % 100:02}"
