"""Statements that need the lines of several shards at once: one connection that sees them all."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from govspend_site.shards import needed, reads, statement
from govspend_site.shards.files import KEYED, SPLIT, Shard

MOST_ATTACHED = 10
"""Files that a default build of SQLite attaches."""
MOST_COPIED = 4_000_000_000
"""bytes on disk that a statement may take where there are more: then it is refused"""
_PAGE = 4096
# What is looked for among descriptions: an expression, or the column `words` of `WITH asked AS`.
_MATCH = re.compile(r"spend_fts\s+match\s+(?P<words>[\w.:]+(?:\(:\w+\))?)", re.IGNORECASE)
_ASKED = re.compile(r"^WITH asked AS \(\n.+?\n(?=\))", re.DOTALL | re.MULTILINE)
# The one place where a statement reads lines, and what the first table says that they have.
_CHOSEN = re.compile(r"JOIN spend ON spend\.(?P<column>\w+) = asked\.(?P<asked>\w+)\s+AND \(")
_LINES = re.compile(r"\b(?:FROM|JOIN)\s+(?:spend|line_spans|ended_spans)", re.IGNORECASE)
_VIEWS = "SELECT name, sql FROM main.sqlite_master WHERE type = 'view' ORDER BY rowid"

Row = tuple[Any, ...]


class Together:
    """The edition's own file, with views over its shards in place of its tables of lines.

    `connect` opens a file, ready for use; `confine` makes a connection safe when it is set up.
    """

    def __init__(
        self,
        path: Path,
        shards: tuple[Shard, ...],
        connect: Callable[[Path], sqlite3.Connection],
        confine: Callable[[sqlite3.Connection], None],
    ) -> None:
        self._path, self._shards = path, shards
        self._connect, self._confine = connect, confine
        self._viewing: sqlite3.Connection | None = None
        self._is_over: Callable[[], int] | None = None
        self.is_open = False

    def limit(self, is_over: Callable[[], int] | None) -> None:
        """Ends what runs from now on when `is_over()`."""
        self._is_over = is_over
        if self._viewing:
            self._viewing.set_progress_handler(is_over, 1_000)

    def execute(self, sql: str, given: Any) -> tuple[Any, Iterator[Row]]:
        """Description and rows of a statement over all lines. Raises sqlite3.Error."""
        self.is_open = True
        if _MATCH.search(sql) or len(self._shards) > MOST_ATTACHED:
            copies = self._opened()
            self._copy(copies, sql, given)
            cursor = copies.execute(sql, given)
            return cursor.description, _to_the_end(copies, cursor)
        if self._viewing is None:
            self._viewing = self._opened()
            self._view(self._viewing)
        cursor = self._viewing.execute(sql, given)
        return cursor.description, iter(cursor)

    def execute_with(
        self, table: str, columns: Sequence[str], rows: Iterable[Row], sql: str, given: Any
    ) -> tuple[Any, Iterator[Row]]:
        """The same of a statement on the edition's own file, with `rows` as one more table."""
        db = self._opened()
        db.execute(f"PRAGMA temp.max_page_count = {MOST_COPIED // _PAGE}")
        db.execute(f"CREATE TEMP TABLE {table} ({', '.join(columns)})")
        db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", rows)  # noqa: S608
        self._confine(db)
        cursor = db.execute(sql, given)
        return cursor.description, _to_the_end(db, cursor)

    def _opened(self) -> sqlite3.Connection:
        connection = self._connect(self._path)
        connection.set_progress_handler(self._is_over, 1_000)
        return connection

    def _view(self, db: sqlite3.Connection) -> None:
        """Puts a view over all shards before each table of lines."""
        db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, MOST_ATTACHED)
        for number, shard in enumerate(self._shards):
            db.execute(f"ATTACH ? AS shard_{number}", [_address(shard)])
        for table in _split(db):
            arms = (f"SELECT * FROM shard_{n}.{table}" for n in range(len(self._shards)))  # noqa: S608
            db.execute(f"CREATE TEMP VIEW {table} AS {' UNION ALL '.join(arms)}")
        self._finish(db)

    def _copy(self, db: sqlite3.Connection, sql: str, given: Any) -> None:
        """Copies the lines that a statement reads, as far as it tells which; else all of them."""
        db.execute(f"PRAGMA temp.max_page_count = {MOST_COPIED // _PAGE}")
        found, values = _looked_for(db, sql, given)
        conditions = () if found else _of_lines(db, statement.conditions_within(sql), given)
        if conditions:
            found, values = f" WHERE {' AND '.join(conditions)}", given
        wanted = _columns(db, sql, given)
        for table, columns in wanted.items():
            db.execute(f"CREATE TEMP TABLE {table} AS SELECT {columns} FROM main.{table}")  # noqa: S608
        for shard in needed.shards(db, self._shards, conditions, given):
            with _attached(db, shard):
                for table, columns in wanted.items():
                    chosen, at = (found, values) if table == "spend" else ("", ())
                    lines = f"SELECT {columns} FROM shard.{table}{chosen}"  # noqa: S608
                    db.execute(f"INSERT INTO temp.{table} {lines}", at)
        if _MATCH.search(sql):
            _searchable(db)
        self._finish(db)

    def _finish(self, db: sqlite3.Connection) -> None:
        """What reads lines through a view of the edition reads them all, too."""
        for sql in _views(db).values():
            db.execute(re.sub(r"^CREATE VIEW", "CREATE TEMP VIEW", sql, count=1))
        db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        self._confine(db)

    def close(self) -> None:
        if self._viewing:
            self._viewing.close()


def _to_the_end(db: sqlite3.Connection, cursor: sqlite3.Cursor) -> Iterator[Row]:
    with closing(db):
        yield from cursor


def _address(shard: Shard) -> str:
    return f"file:{shard.path}?mode=ro&immutable=1"


@contextmanager
def _attached(db: sqlite3.Connection, shard: Shard) -> Iterator[None]:
    db.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 1)
    db.execute("ATTACH ? AS shard", [_address(shard)])
    try:
        yield
    finally:
        db.execute("DETACH shard")


def _columns(db: sqlite3.Connection, sql: str, given: Any) -> dict[str, str]:
    """The columns of tables of lines that a statement reads; all where SQLite does not tell."""
    untold = ["using", "natural", *_views(db)]
    is_told = not any(re.search(rf"\b{word}\b", sql, re.IGNORECASE) for word in untold)
    read = reads.of(db, sql, given)
    # What is searched is made of descriptions.
    also = {"description"} if "spend_fts" in read else set()
    found = {}
    # A view of lines reads what they are kept in, which is asked for by its own name alone.
    inner = {name for name in KEYED if not re.search(rf"\b{name}\b", sql, re.IGNORECASE)}
    for table in ({*SPLIT} - inner) & set(read):
        # A copy numbers its rows anew: those of the files are the same in each.
        columns = db.execute(f"PRAGMA main.table_xinfo({table})").fetchall()
        known = [row[1] for row in columns if row[1] != "rowid"]
        if is_told:
            known = [name for name in known if name in read[table] | also]
        found[table] = ", ".join(known) or "NULL AS no_column"
    return found


def _views(db: sqlite3.Connection) -> dict[str, str]:
    """The edition's views and their SQL, without those of lines, which stand for shards here."""
    return {name: sql for name, sql in db.execute(_VIEWS).fetchall() if name not in SPLIT}


def _split(db: sqlite3.Connection) -> list[str]:
    """Those of the tables and views of lines that the edition has."""
    known = {name for (name,) in db.execute("SELECT name FROM main.sqlite_master").fetchall()}
    return [name for name in SPLIT if name in known]


def _looked_for(db: sqlite3.Connection, sql: str, given: Any) -> tuple[str, Any]:
    """The condition on the lines of a shard that a statement looks for, with its value."""
    search, chosen = _MATCH.search(sql), _CHOSEN.search(sql)
    if search:
        found = " WHERE rowid IN (SELECT rowid FROM shard.spend_fts WHERE spend_fts MATCH ?)"
        what = search["words"]
    elif chosen and len(_LINES.findall(sql)) == 1:
        found, what = f" WHERE {chosen['column']} = ?", f"asked.{chosen['asked']}"
    else:
        return "", []
    before = f"{_ASKED.findall(sql)[0]})" if what.startswith("asked.") else ""
    source = " FROM asked" if before else ""
    # As SQLite reads it in the statement.
    return found, [db.execute(f"{before} SELECT {what}{source}", given).fetchone()[0]]


def _of_lines(db: sqlite3.Connection, conditions: Iterable[str], given: Any) -> tuple[str, ...]:
    """Those that are about lines alone, and not about what stands around the place of reading."""
    found = []
    for condition in conditions:
        with suppress(sqlite3.Error):
            db.execute(f"EXPLAIN SELECT 1 FROM main.spend WHERE {condition}", given)  # noqa: S608
            found.append(condition)
    return tuple(found)


def _searchable(db: sqlite3.Connection) -> None:
    """Makes the search anew over the lines that were copied."""
    sql = db.execute("SELECT sql FROM main.sqlite_master WHERE name = 'spend_fts'").fetchone()[0]
    db.execute(sql.replace("spend_fts", "temp.spend_fts", 1))
    db.execute(
        "INSERT INTO temp.spend_fts (rowid, description) SELECT rowid, description FROM temp.spend"
    )
