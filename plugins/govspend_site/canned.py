"""Canned queries: one question a file, its header and its SQL checked before anyone can ask it.

A file is `-- ` comment lines that together are YAML (see `Header`), then one SELECT. It runs as
it stands in the sqlite3 shell, where a parameter that nobody set is NULL; Datasette gives '' for
one that is missing or left empty. Both mean "not given", and what applies then is written in the
SQL itself, `coalesce(nullif(:top, ''), 50)`, because only there do the page, the JSON, the CSV
and the shell all see it. The header names the same default for the form, and the two are compared
here, so that neither can be changed alone.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Kind = Literal["choice", "text", "month", "number", "words"]
Lines = dict[tuple[Any, ...], int]

LONGEST_WORDS = 200
"""Characters of a `words` parameter that are searched; the SQL cuts there too."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])(-01)?")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d+)?")
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_COMMENT_OR_QUOTED = re.compile(r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")*\"""", re.DOTALL)
_PLACEHOLDER = re.compile(r"[:@$?](\w*)")


class QueryFileError(ValueError):
    """A canned query that must not be served. One sentence: file, line, key, what is wrong."""


class Strict(BaseModel):
    """Refuses keys that it does not know and values of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Parameter(Strict):
    """What a visitor may choose."""

    label: Text
    kind: Kind
    help: Text | None = None
    default: Text | int | None = None
    default_sql: Text | None = None
    """A SELECT of one value, for a default that depends on the data."""
    choices: list[Text] | None = None
    choices_sql: Text | None = None
    """A SELECT of the values, with a second column where they are shown under another name."""
    any: Text | None = None
    """What the form says for "not given" where there is no default, such as All years."""
    minimum: int | None = None
    maximum: int | None = None

    @model_validator(mode="after")
    def _choices_suit_kind(self) -> Parameter:
        given = (self.choices is not None) + (self.choices_sql is not None)
        if self.kind == "choice" and given != 1:
            raise ValueError("a choice needs either choices or choices_sql")
        if self.kind != "choice" and given:
            raise ValueError(f"choices are for kind choice, not for kind {self.kind}")
        if self.kind != "number" and (self.minimum, self.maximum) != (None, None):
            raise ValueError(f"minimum and maximum are for kind number, not for kind {self.kind}")
        return self

    @model_validator(mode="after")
    def _default_suits_kind(self) -> Parameter:
        if self.default is not None and self.default_sql is not None:
            raise ValueError("has both default and default_sql")
        if self.default is not None and isinstance(self.default, int) != (self.kind == "number"):
            raise ValueError(f"default {self.default!r} does not suit kind {self.kind}")
        if self.default is not None and (wrong := problem(self, str(self.default), self.choices)):
            raise ValueError(f"default is wrong: {wrong}")
        if self.kind == "choice" and (self.any is None) == (self.default_in_sql == "NULL"):
            raise ValueError("a choice needs either a default or, in any, words for none")
        return self

    @property
    def default_in_sql(self) -> str:
        """The default as the query's SQL must have it; NULL where there is none."""
        if self.default_sql is not None:
            return f"({squeeze(self.default_sql)})"
        if self.default is None:
            return "NULL"
        if isinstance(self.default, int):
            return str(self.default)
        return "'" + self.default.replace("'", "''") + "'"

    def as_used(self, name: str) -> str:
        """The only way in which the query's SQL may use this parameter."""
        given = f"nullif(:{name}, '')"
        default = self.default_in_sql
        return given if default == "NULL" else f"coalesce({given}, {default})"


class Chart(Strict):
    """How the rows are best drawn. All three name columns of the result."""

    mark: Literal["bar", "line", "area"]
    x: Text
    y: Annotated[list[Text], Field(min_length=1)]


class Header(Strict):
    """The YAML at the head of a canned query."""

    title: Text
    description: Text
    measured: Text | None = None
    """What exactly is counted or added up, in plain words."""
    caveats: list[Text] = []
    """Names of sentences under `caveats` in metadata.yml."""
    parameters: dict[Name, Parameter] = {}
    chart: Chart | None = None


@dataclass(frozen=True)
class Query:
    """A checked file. `lines` gives the line of each place in the header, a tuple of keys."""

    path: Path
    header: Header
    sql: str
    lines: Lines

    @property
    def name(self) -> str:
        return self.path.stem

    def wrong(self, place: tuple[Any, ...], message: str) -> QueryFileError:
        key = ".".join(str(part) for part in place)
        return QueryFileError(f"{self.path} line {_line(self.lines, place)}: {key}: {message}.")

    def for_datasette(self) -> dict[str, Any]:
        """The query as `canned_queries()` gives it; plain values, since JSON pages list them."""
        shown = self.header.model_dump(mode="json", exclude_none=True)
        return {
            **shown,
            "sql": f"-- {self.header.title}\n{self.sql}",
            "params": list(self.header.parameters),
            "hide_sql": True,
        }


def load(folder: Path) -> dict[str, Query]:
    """Every *.sql of `folder` by its name. Raises QueryFileError at the first mistake."""
    return {path.stem: read(path) for path in sorted(folder.glob("*.sql"))}


def read(path: Path) -> Query:
    """One file, checked by itself. Raises QueryFileError."""
    if not _NAME.fullmatch(path.stem):
        raise QueryFileError(
            f"{path} line 1: the file's name is its URL and may hold a-z, 0-9 and single hyphens."
        )
    header_text, sql, sql_line = _split(path)
    given, lines = _yaml(path, header_text)
    try:
        header = Header.model_validate(given)
    except ValidationError as error:
        raise QueryFileError(_sentence(path, lines, error)) from None
    query = Query(path, header, sql, lines)
    _check_parameters(query, sql_line)
    return query


def _split(path: Path) -> tuple[str, str, int]:
    """The header without its dashes, the SQL after it, and the line where the SQL begins."""
    rows = path.read_text(encoding="utf-8").splitlines()
    length = next((n for n, row in enumerate(rows) if not row.startswith("--")), len(rows))
    if not length:
        raise QueryFileError(f"{path} line 1: must begin with a header of '-- ' comment lines.")
    for number, row in enumerate(rows[:length], 1):
        if row != "--" and not row.startswith("-- "):
            raise QueryFileError(f"{path} line {number}: a header line must begin with '-- '.")
    sql = "\n".join(rows[length:]).strip()
    if not sql.endswith(";"):
        # So that `.read` and a paste into the sqlite3 shell both run it.
        raise QueryFileError(f"{path} line {len(rows)}: the SQL must end with a semicolon.")
    begins = next(n for n, row in enumerate(rows[length:], length + 1) if row.strip())
    return "\n".join(row[3:] for row in rows[:length]), sql, begins


def _yaml(path: Path, text: str) -> tuple[Any, Lines]:
    """The header as YAML and, for each place in it, its line in the file."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        given = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        reason = getattr(error, "problem", None) or "cannot be read"
        raise QueryFileError(f"{path} line {line}: the header is not YAML: {reason}.") from None
    if not isinstance(root, yaml.MappingNode):
        raise QueryFileError(f"{path} line 1: the header must be keys and values.")
    lines: Lines = {}
    for place, line in _places(root, ()):
        if place in lines:
            raise QueryFileError(f"{path} line {line}: '{place[-1]}' is given twice.")
        lines[place] = line
    return given, lines


def _places(node: yaml.Node, place: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, key.value), key.start_mark.line + 1
            yield from _places(value, (*place, key.value))


def _line(lines: Lines, place: tuple[Any, ...]) -> int:
    """The line of `place`, or of the nearest thing around it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place, 1)


def _sentence(path: Path, lines: Lines, error: ValidationError) -> str:
    first = error.errors()[0]
    place = tuple(part for part in first["loc"] if part not in ("[key]", "constrained-str", "int"))
    key = ".".join(str(part) for part in place)
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "no such key"
    if first["type"] == "missing":
        message = "is missing"
    return f"{path} line {_line(lines, place)}: {key}: {message}."


def _check_parameters(query: Query, first_line: int) -> None:
    """That SQL and header name the same parameters, each with the same default."""
    # Blanked to the same length, so that places in it are places in the SQL.
    bare = _COMMENT_OR_QUOTED.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), query.sql)
    tidy = squeeze(_COMMENT.sub(" ", query.sql))
    uses: dict[str, int] = {}
    for found in _PLACEHOLDER.finditer(bare):
        name = found[1]
        line = first_line + bare.count("\n", 0, found.start())
        if found[0] != f":{name}" or name not in query.header.parameters:
            raise QueryFileError(
                f"{query.path} line {line}: {found[0]} is used in the SQL but the header's "
                "parameters do not have it."
            )
        uses[name] = uses.get(name, 0) + 1
    for name, parameter in query.header.parameters.items():
        place = ("parameters", name)
        if name not in uses:
            raise query.wrong(place, f"is never used in the SQL; write {parameter.as_used(name)}")
        used = parameter.as_used(name)
        # A default that only the SQL has, which the form would not show.
        hidden = f"coalesce({used}," in tidy
        if tidy.count(used) != uses[name] or hidden:
            raise query.wrong(
                place,
                f"the SQL must use it as {used} and in no other way, so that "
                "page, JSON, CSV and shell agree on the default",
            )


def squeeze(sql: str) -> str:
    """SQL with its white space made plain, for comparing."""
    return re.sub(r"\s*([()])\s*", r"\1", " ".join(sql.split())).replace(",(", ", (")


def check_against(query: Query, db: sqlite3.Connection, caveats: Collection[str]) -> None:
    """That `query` suits the database and the site. Raises QueryFileError; reads no rows."""
    taken = db.execute("SELECT type FROM sqlite_master WHERE name = ?", [query.name]).fetchone()
    if taken:
        raise QueryFileError(
            f"{query.path} line 1: there is a {taken[0]} called {query.name}, whose page this "
            "query would hide; rename the file."
        )
    for index, caveat in enumerate(query.header.caveats):
        if caveat not in caveats:
            raise query.wrong(("caveats", index), f"metadata.yml has no caveat '{caveat}'")
    columns = _columns(query, ("title",), query.sql, db)
    for name, parameter in query.header.parameters.items():
        for key in ("choices_sql", "default_sql"):
            if sql := getattr(parameter, key):
                _columns(query, ("parameters", name, key), sql, db)
    if chart := query.header.chart:
        for column in (chart.x, *chart.y):
            if column not in columns:
                raise query.wrong(("chart",), f"the result has no column '{column}'")


def _columns(
    query: Query, place: tuple[Any, ...], sql: str, db: sqlite3.Connection
) -> Collection[str]:
    """The columns of a SELECT, which is prepared and not run."""
    unset = dict.fromkeys(query.header.parameters)
    statement = sql.strip().removesuffix(";")
    try:
        db.execute(f"EXPLAIN {statement}", unset)
        # As a subquery of no rows, which also proves that it is one SELECT and nothing else.
        cursor = db.execute(f"SELECT * FROM (\n{statement}\n) LIMIT 0", unset)  # noqa: S608
    except (sqlite3.Error, sqlite3.Warning) as error:
        what = "the SQL" if place == ("title",) else ".".join(place)
        raise QueryFileError(
            f"{query.path} line {_line(query.lines, place)}: {what} does not prepare: {error}."
        ) from None
    return {column[0] for column in cursor.description}


Choices = Mapping[str, str]
"""Value -> what the visitor reads."""


@dataclass(frozen=True)
class FormField:
    """A parameter as the form shows it. `value` is what the query used, given or default."""

    name: str
    parameter: Parameter
    value: str
    choices: Choices
    problem: str | None

    @property
    def shown(self) -> str:
        """The value in a visitor's words, for a caption."""
        return self.choices.get(self.value, self.value)


def form_field(
    name: str, parameter: Parameter, given: str, choices: Choices, default: str
) -> FormField:
    wrong = problem(parameter, given, choices) if given else None
    return FormField(name, parameter, given or default, choices, wrong)


def problem(parameter: Parameter, value: str, choices: Collection[str] | None) -> str | None:
    """What is wrong with `value`, for the person who typed it; None where it is right."""
    shown = value if len(value) <= 60 else f"{value[:60]}…"
    if parameter.kind == "choice" and choices is not None and value not in choices:
        return f"“{shown}” is not one of the choices"
    if parameter.kind == "month" and not _MONTH.fullmatch(value):
        return f"“{shown}” is not a month; write one as 2014-06"
    if parameter.kind == "number":
        return _number_problem(parameter, value, shown)
    if parameter.kind == "words" and len(value) > LONGEST_WORDS:
        return f"only the first {LONGEST_WORDS} characters were looked for"
    return None


def _number_problem(parameter: Parameter, value: str, shown: str) -> str | None:
    if not _NUMBER.fullmatch(value):
        return f"“{shown}” is not a number"
    if parameter.minimum is not None and float(value) < parameter.minimum:
        return f"{shown} is less than {parameter.minimum}, the least that makes sense here"
    if parameter.maximum is not None and float(value) > parameter.maximum:
        return f"{shown} is more than {parameter.maximum}, the most that makes sense here"
    return None


_NAMED = {"supplier_name": "suppliers", "buyer_name": "buyers"}


def shown_columns(columns: Collection[str]) -> dict[str, Any]:
    """How the page shows the columns, all of which are in JSON and CSV.

    `unseen` are pence beside the same in pounds, and ids beside their names; `named` gives for a
    name the table that its id leads to.
    """
    named = {
        name: table
        for name, table in _NAMED.items()
        if name in columns and f"{table[:-1]}_id" in columns
    }
    pence = {
        column for column in columns if column.endswith("_pence") and _in_pounds(column) in columns
    }
    return {"named": named, "unseen": pence | {f"{table[:-1]}_id" for table in named.values()}}


def _in_pounds(column: str) -> str:
    """amount_pence is amount in pounds, sme_pence is sme_amount."""
    stem = column.removesuffix("_pence")
    return stem if stem == "amount" else f"{stem}_amount"
