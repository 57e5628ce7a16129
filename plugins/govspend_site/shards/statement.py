"""What a statement over lines asks: its clauses, and whether shards can be asked one by one.

Only the site's own SQL and Datasette's comes here, so that few forms are enough. What is not
understood is no error: it is asked of all shards together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

_TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|:?\w+|\S", re.DOTALL)
_CLAUSES = ("select", "from", "where", "group", "having", "order", "limit", "offset")
_TOO_MUCH = frozenset({"with", "union", "except", "intersect", "distinct", "having", "window"})
_AGGREGATE = re.compile(r"\b(?:count|sum|total|min|max|avg|group_concat)\s*\(|\bover\s*\(", re.I)
_NAMED = re.compile(r"\s+as\s+\w+$", re.IGNORECASE)
_NOUGHT = re.compile(r"coalesce\((?P<sum>.*), 0\)", re.IGNORECASE | re.DOTALL)
_SUM = re.compile(r"count\(\*\)|sum\((?!\s*distinct)(?P<what>.*)\)", re.IGNORECASE | re.DOTALL)
_NOT_HERE = re.compile(r"\b(?:between|collate)\b", re.IGNORECASE)
_NAME = re.compile(r"\bas\s+[\[\"]?(\w+)", re.IGNORECASE)
_SELECT = re.compile(r"\bselect\b", re.IGNORECASE)
_FROM_LINES = re.compile(
    r"\b(?:from|join)\s+\[?(?:spend|spend_named|spend_keyed|line_spans|ended_spans|release_lines)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(r"(?P<what>.+?)(?:\s+(?P<way>asc|desc))?", re.IGNORECASE | re.DOTALL)
_ONE_ID = re.compile(r"(?:\w+\.)?[\"\[]?spend_id[\"\]]?\s*=\s*:\w+", re.IGNORECASE)


@dataclass(frozen=True)
class Order:
    """One term of an ORDER BY."""

    what: str
    is_descending: bool

    @property
    def column(self) -> str:
        """Its column without table and quotes."""
        return self.what.rpartition(".")[2].strip('[]"')


@dataclass(frozen=True)
class Listing:
    """SELECT … FROM … WHERE … ORDER BY … LIMIT: rows, each of one line."""

    head: str
    source: str
    """Everything from FROM to the order."""
    conditions: tuple[str, ...]
    """What must all hold of the line."""
    order: tuple[Order, ...]
    limit: int | None
    offset: int

    @property
    def finds_one(self) -> bool:
        """Whether it asks for the rows of one line, by its id."""
        return any(_ONE_ID.fullmatch(condition) for condition in self.conditions)

    @property
    def terms(self) -> str:
        """What stands after ORDER BY."""
        return ", ".join(o.what + " DESC" * o.is_descending for o in self.order)

    def in_a_shard(self) -> str:
        """The statement for one shard: what rows are ordered by comes after their own columns."""
        shown = "".join(f", ({o.what}) AS order_{n}" for n, o in enumerate(self.order))
        sql = f"SELECT {self.head}{shown} {self.source}"
        if self.order:
            sql += f" ORDER BY {self.terms}"
        if self.limit is not None:
            sql += f" LIMIT {self.limit + self.offset}"
        return sql


@dataclass(frozen=True)
class Sums:
    """Counts and sums, in all or by the values of the first columns: shards add up."""

    groups: int
    """How many columns come before the sums."""
    conditions: tuple[str, ...]
    source: str
    in_a_shard: str
    """The statement for one shard: all its groups in any order."""
    order: tuple[tuple[int, bool], ...] = ()
    """What rows are ordered by when they are added up: number of a column, whether descending."""
    limit: int | None = None


@lru_cache(maxsize=500)
def read(sql: str) -> Listing | Sums | None:
    """What a statement asks, or None where shards cannot be asked one by one."""
    # Two lines set side by side can lie in two shards, and rows are merged by plain comparison.
    if _NOT_HERE.search(sql) or len(_FROM_LINES.findall(sql)) != 1:
        return None
    found = _clauses(sql)
    if found is None:
        return None
    return _limited(found) or _listing(found) or _sums(found)


def conditions_within(sql: str) -> tuple[str, ...]:
    """What must hold of every line that a statement reads, where it reads them in one SELECT alone.

    That stands in brackets, as in `WITH chosen AS (SELECT … FROM spend WHERE …)`. Nothing is told
    of any other statement.
    """
    if len(_FROM_LINES.findall(sql)) != 1:
        return ()
    within = [text for text in _in_brackets(sql) if _FROM_LINES.search(text)]
    # The innermost is the shortest.
    found = _clauses(min(within, key=len)) if within else None
    if not found or found.get("from", "").lower() != "spend":
        return ()
    return _conditions(found)


def _in_brackets(sql: str) -> Iterator[str]:
    """Whatever stands in a pair of brackets."""
    opened: list[int] = []
    for token in _TOKEN.finditer(sql):
        if token[0] == "(":
            opened.append(token.end())
        elif token[0] == ")" and opened:
            yield sql[opened.pop() : token.start()]


def opening_of(sql: str, ends: int) -> int:
    """Where the innermost bracket opened that is still open at `ends`; 0 where none is."""
    opened = [0]
    for token in _TOKEN.finditer(sql, 0, ends):
        if token[0] == "(":
            opened.append(token.end())
        elif token[0] == ")" and len(opened) > 1:
            opened.pop()
    return opened[-1]


def closing_of(sql: str, begins: int) -> int:
    """Where the bracket closes that was opened just before `begins`; the end where none does."""
    depth = 1
    for token in _TOKEN.finditer(sql, begins):
        depth += (token[0] == "(") - (token[0] == ")")
        if not depth:
            return token.start()
    return len(sql)


def _limited(found: dict[str, str]) -> Listing | None:
    """`select * from (LISTING) limit 10` is the listing with that limit; so is `select 1 …`, of
    which nobody looks at the columns."""
    if set(found) != {"select", "from", "limit"} or found["select"] not in ("*", "1"):
        return None
    inner = _clauses(_inside(found["from"]))
    listing = _listing(inner) if inner else None
    if listing is None or not found["limit"].isdigit():
        return None
    most = int(found["limit"])
    return replace(listing, limit=most if listing.limit is None else min(most, listing.limit))


def _listing(found: dict[str, str]) -> Listing | None:
    limit, offset = found.get("limit"), found.get("offset", "0")
    if not is_plain(found) or not f"{limit or 0}{offset}".isdigit():
        return None
    order = tuple(map(_order, _parts(found.get("order", ""), ",")))
    # What rows are ordered by is asked for beside them, where a number or a new name means nothing.
    named = {name.lower() for name in _NAME.findall(found["select"])}
    if any(term.what.isdigit() or term.column.lower() in named for term in order):
        return None
    where = f" WHERE {found['where']}" if "where" in found else ""
    return Listing(
        head=found["select"],
        source=f"FROM {found['from']}{where}",
        conditions=_conditions(found),
        order=order,
        limit=None if limit is None else int(limit),
        offset=int(offset),
    )


def is_plain(found: dict[str, str]) -> bool:
    """Whether its rows are of one line each."""
    head, source = found["select"], found.get("from", "")
    if not source or "group" in found or _AGGREGATE.search(head) or _SELECT.search(head):
        return False
    inner = _inside(source)
    if not inner:
        return not _SELECT.search(source)
    within = _clauses(inner)
    return within is not None and not {"order", "limit"} & set(within) and is_plain(within)


def _sums(found: dict[str, str]) -> Sums | None:
    columns = _parts(found["select"], ",")
    groups = _parts(found.get("group", ""), ",")
    plain, sums = columns[: len(groups)], columns[len(groups) :]
    if [_NAMED.sub("", column) for column in plain] != groups or not sums:
        return None
    if "from" not in found or "offset" in found or not all(map(adds_up, sums)):
        return None
    inner = _inside(found["from"])
    if inner and not is_plain({"select": "*", "from": found["from"]}):
        return None
    order = [_order(term) for term in _parts(found.get("order", ""), ",")]
    names = [_NAME.findall(column)[-1:] for column in columns]
    limit = found.get("limit")
    # Which rows come first must be told by what they show.
    if any([term.what] not in names for term in order) or (limit and not order):
        return None
    if not (limit or "0").isdigit():
        return None
    source = found["from"] + (f" WHERE {found['where']}" if "where" in found else "")
    by = f" GROUP BY {found['group']}" if groups else ""
    return Sums(
        groups=len(groups),
        conditions=_conditions(found),
        source=source,
        in_a_shard=f"SELECT {found['select']} FROM {source}{by}",  # noqa: S608
        order=tuple((names.index([term.what]), term.is_descending) for term in order),
        limit=None if limit is None else int(limit),
    )


def adds_up(column: str) -> bool:
    """Whether a column is a count or a sum, and nothing more: what shards say of it adds up."""
    text = _NAMED.sub("", column)
    nought = _NOUGHT.fullmatch(text)
    found = _SUM.fullmatch(nought["sum"] if nought else text)
    return found is not None and _is_balanced(found["what"] or "")


def _is_balanced(text: str) -> bool:
    """Whether every bracket of a text closes one that it opened: sum(a) / sum(b) is no sum."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] == "(") - (token[0] == ")")
        if depth < 0:
            return False
    return depth == 0


def _order(term: str) -> Order:
    match = _ORDER.fullmatch(term)
    assert match is not None
    return Order(match["what"], (match["way"] or "").lower() == "desc")


def _conditions(found: dict[str, str]) -> tuple[str, ...]:
    """What must hold, also of the statement that it selects from."""
    within = _clauses(_inside(found["from"]))
    inner = _conditions(within) if within else ()
    where = found.get("where", "")
    if len(_parts(where, "or")) > 1:
        return inner
    return (*_parts(where, "and"), *inner)


def _inside(source: str) -> str:
    """The statement in `(SELECT …)`; nothing for a table."""
    text = source.strip()
    return text[1:-1] if text.startswith("(") and text.endswith(")") else ""


def _clauses(sql: str) -> dict[str, str] | None:
    """The outermost clauses of a SELECT by their first word; None for any other statement."""
    found: dict[str, str] = {}
    name, begins, depth = "", 0, 0
    for token in _TOKEN.finditer(sql.strip().rstrip(";")):
        word = token[0].lower()
        depth += (word == "(") - (word == ")")
        if depth == 0 and word in _TOO_MUCH:
            return None
        if depth == 0 and word in _CLAUSES:
            if name:
                found[name] = _clean(token.string[begins : token.start()])
            name, begins = word, token.end()
        elif not name and not word.startswith(("--", "/*")):
            return None
    if name:
        found[name] = _clean(sql.strip().rstrip(";")[begins:])
    return found if "select" in found else None


def _clean(text: str) -> str:
    """A clause without comments; GROUP and ORDER without their BY."""
    text = _TOKEN.sub(lambda token: " " if token[0].startswith(("--", "/*")) else token[0], text)
    return re.sub(r"^by\b", "", text.strip(), flags=re.IGNORECASE).strip()


def _parts(text: str, separator: str) -> list[str]:
    """The parts of a text between separators that are in no brackets."""
    found, begins, depth = [], 0, 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] == "(") - (token[0] == ")")
        if depth == 0 and token[0].lower() == separator:
            found.append(text[begins : token.start()].strip())
            begins = token.end()
    found.append(text[begins:].strip())
    return [part for part in found if part]
