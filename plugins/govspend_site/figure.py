"""A figure that can be cited: one sentence, the SQL that gives it, its chart, table and lines."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

Row = Mapping[str, Any]
# sqlite3 -line pads the shortest name of a column to this.
_LEAST_WIDTH = 5
_OF_LINES = ("spend", "line_spans")


@dataclass(frozen=True)
class Table:
    """Rows behind a figure. `sql` gives them in plain sqlite3."""

    title: str
    sql: str
    rows: list[dict[str, Any]]

    @property
    def columns(self) -> list[str]:
        return list(self.rows[0]) if self.rows else []

    def path(self, format_: str = "") -> str:
        """The address at which the site answers the SQL, as a page, json or csv."""
        shape = {"_shape": "array"} if format_ == ".json" else {}
        return f"/govspend{format_}?{urlencode({'sql': self.sql, **shape})}"


@dataclass(frozen=True)
class ChartData:
    """What is drawn: NAME.vl.json, its rows, and the words that go with the drawing."""

    name: str
    rows: list[dict[str, object]]
    title: str
    unit: str
    text: str


@dataclass(frozen=True)
class Figure:
    """One citable figure of one edition. `row` is the one row that `sql` gives."""

    key: str
    title: str
    sentence: str
    sql: str
    row: Row
    table: Table
    chart: ChartData | None
    lines: list[tuple[str, str]]
    """Words and address of the published lines behind the figure."""
    caveats: tuple[str, ...] = ()
    """Names of sentences under `caveats` in metadata.yml."""
    page: tuple[str, str] | None = None
    """Words and address of the page that the figure belongs to."""
    illustrative: bool = False
    drawings: dict[str, Any] = field(default_factory=dict, compare=False)
    """Drawn images by kind; drawn once, as the edition never changes."""


def literal(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def as_printed(row: Row) -> str:
    """The row as `sqlite3 -line` prints it."""
    width = max(_LEAST_WIDTH, *map(len, row)) if row else _LEAST_WIDTH
    shown = ("" if value is None else value for value in row.values())
    return "\n".join(f"{name:>{width}} = {value}" for name, value in zip(row, shown, strict=True))


@dataclass(frozen=True)
class Published:
    """A published file: its name on a reader's disk, its address and its hash."""

    name: str
    url: str
    sha256: str


def commands(files: Sequence[Published], sql: str) -> list[tuple[str, str]]:
    """What it does and the command, for a shell: fetch the files, verify them, ask for the figure.

    The first file is the database; others hold its lines. In double quotes the SQL keeps its own
    single ones; what a shell would read in it is escaped.
    """
    quoted = _over_lines([file.name for file in files[1:]]) + sql
    for letter in ("\\", "$", "`", '"'):
        quoted = quoted.replace(letter, "\\" + letter)
    taken = " ".join(f"--output {shlex.quote(f.name)} {shlex.quote(f.url)}" for f in files)
    checked = " ".join(shlex.quote(f"{f.sha256}  {f.name}") for f in files)
    say = "echo" if len(files) == 1 else "printf '%s\\n'"
    database = shlex.quote(files[0].name)
    of_lines = f" and the {len(files) - 1} files of its lines" if len(files) > 1 else ""
    return [
        (f"Fetch the published database{of_lines}", f"curl --fail {taken}"),
        ("Verify that it is the one meant here", f"{say} {checked} | sha256sum --check"),
        ("Work out the figure from its lines", f'sqlite3 -line {database} "{quoted}"'),
    ]


def _over_lines(names: Sequence[str]) -> str:
    """SQL after which the tables of lines are those of all the files."""
    if not names:
        return ""
    found = [f"CREATE TEMP TABLE {t} AS SELECT * FROM main.{t};" for t in _OF_LINES]  # noqa: S608
    for name in names:
        found.append(f"ATTACH {literal(name)} AS lines;")
        found += [f"INSERT INTO temp.{t} SELECT * FROM lines.{t};" for t in _OF_LINES]  # noqa: S608
        found.append("DETACH lines;")
    return "\n".join(found) + "\n"
