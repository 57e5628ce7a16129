"""What went wrong with a visitor's SQL, in plain words, with what is likely to have been meant."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from datasette.utils import InvalidSql
from datasette.views.base import DatasetteError
from rapidfuzz import fuzz, process, utils

from govspend_site import words
from govspend_site.sql_schema import Schema

# Below this a name is another name and no slip of the pen.
_ALIKE = 65
_LIKELIER = 5
_LONGEST = 80
# Of the tables that have a column, so many are named.
_MOST = 4
_WORD = re.compile(r"[A-Za-z_]\w*")
_ONE_STATEMENT = "You can only execute one statement at a time"
# What the lane says by itself, with what to do about it.
_TOO_MUCH = "The answer is larger"
_ELSEWHERE = "This edition keeps its lines in"
_FUNCTION_RAISED = "user-defined function raised exception"
_ABSENT = re.compile(r'no such (column|table|function): "?(.*?)"?(?: - should this be.*)?$')
_NEAR = re.compile(r'near "(.*)": syntax error', re.DOTALL)


@dataclass(frozen=True)
class Trouble:
    """A heading, what to do about it, and SQLite's own words where they say more."""

    heading: str
    hints: tuple[str, ...] = ()
    detail: str = ""
    too_slow: bool = False


TOO_SLOW = Trouble("That question took too long", too_slow=True)


def of_exception(exception: Exception) -> str | None:
    """SQLite's message, where it is the visitor's SQL that an exception is about; '' for too slow.

    Datasette lets some of them through: what it tells of by itself comes as a DatasetteError.
    """
    if isinstance(exception, DatasetteError):
        if exception.title == "SQL Interrupted":
            return ""
        return str(exception.message) if exception.title == "Invalid SQL" else None
    visitors = isinstance(exception, InvalidSql | sqlite3.Error | sqlite3.Warning)
    return (str(exception) or "cannot be read") if visitors else None


def explained(message: str, sql: str, schema: Schema) -> Trouble:
    """What SQLite's `message` about `sql` means. An empty message is that time ran out."""
    if not message or message == "interrupted":
        return TOO_SLOW
    if absent := _ABSENT.match(message):
        return _not_there(absent[1], absent[2], sql, schema)
    if near := _NEAR.match(message):
        return _not_read(near[1], message)
    if message.startswith(_TOO_MUCH):
        return Trouble("That answer is too large", (message,))
    if message.startswith(_ELSEWHERE):
        return Trouble("Choose which lines to ask", (message,))
    for beginning, heading, hint in _COMMON:
        if message.startswith(beginning):
            return Trouble(heading, (hint,), "" if beginning == _ONE_STATEMENT else message)
    return Trouble("SQLite could not answer that", (), message)


def _not_there(what: str, name: str, sql: str, schema: Schema) -> Trouble:
    bare = name.rpartition(".")[2]
    if what == "table":
        hints = _meant(bare, schema.columns)
    elif what == "function":
        hints = _meant(bare, schema.functions)
    else:
        hints = _column_hints(bare, sql, schema)
    return Trouble(f"There is no {what} “{_cut(name)}”", hints)


def _column_hints(name: str, sql: str, schema: Schema) -> tuple[str, ...]:
    hints: list[str] = []
    if f'"{name}"' in sql:
        text = f"'{_cut(name)}'"
        hints.append(f"A text stands in single quotes: {text}. Double quotes are for names.")
    asked = {word.lower() for word in _WORD.findall(sql)}
    holders = _holders(name, schema)
    if holders:
        listed = words.listed([table for table in holders if table not in asked][:_MOST])
        return (*hints, f"It is a column of {listed or 'another table'}: look at the FROM.")
    near_ones = (c for table, cs in schema.columns.items() if table in asked for c in cs)
    all_of_them = (column for columns in schema.columns.values() for column in columns)
    # WRatio also finds a part of a name, such as size for supplier_size.
    near, other = (_nearest(name, some, fuzz.WRatio) for some in (near_ones, all_of_them))
    # A name of a table that is not asked must be much the likelier.
    if other and (near is None or other[1] > near[1] + _LIKELIER):
        of = words.listed(_holders(other[0], schema)[:_MOST])
        hints.append(f"Did you mean {other[0]}, a column of {of}?")
    elif near:
        hints.append(f"Did you mean {near[0]}?")
    return tuple(hints)


def _holders(column: str, schema: Schema) -> list[str]:
    return [table for table, columns in schema.columns.items() if column in columns]


def _meant(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """“Did you mean …?” with the nearest known name, or nothing."""
    found = _nearest(name, known)
    return (f"Did you mean {found[0]}?",) if found else ()


def _nearest(
    name: str, known: Iterable[str], scorer: Callable[..., float] = fuzz.ratio
) -> tuple[str, float] | None:
    """The known name that is most like `name`, and how alike of 100; None where none is."""
    found = process.extractOne(
        name[:_LONGEST], sorted(set(known)), scorer=scorer, processor=utils.default_process,
        score_cutoff=_ALIKE,
    )  # fmt: skip
    return (found[0], found[1]) if found else None


def _not_read(at: str, message: str) -> Trouble:
    """A syntax error. The mistake is at the word that SQLite names, or just before it."""
    heading = f"The SQL could not be read at “{_cut(at)}”"
    found = _SYNTAX.get(at.lower())
    hint = found or "Look at that word and at what stands before it: a comma, a bracket, a quote."
    return Trouble(heading, (hint,))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_COMMA = "Look for a comma too many before it, or one that is missing."
_SYNTAX = {
    "from": _COMMA,
    ")": _COMMA,
    ",": "Two commas follow each other, or a name is missing before it.",
    "top": "SQLite has no TOP. Write LIMIT and a number at the end.",
    "fetch": "SQLite has no FETCH. Write LIMIT and a number at the end.",
    "where": "WHERE stands after FROM and before GROUP BY and ORDER BY, and only once.",
    "group": "GROUP BY stands after WHERE and before HAVING and ORDER BY.",
    "order": "ORDER BY stands after WHERE, GROUP BY and HAVING, and before LIMIT.",
    "=": "Look for a name that is missing before it.",
}
_COMMON = (
    (
        _ONE_STATEMENT,
        "Only one statement can be asked at a time",
        "Leave out what follows the first semicolon, or ask for the statements one by one.",
    ),
    (
        "Statement must be a SELECT",
        "Only a question can be asked here, and nothing be changed",
        "Begin with SELECT or WITH. To change data, take the whole database and work on your copy.",
    ),
    (
        "Statement contained a disallowed PRAGMA",
        "That PRAGMA cannot be used here",
        "The tables and columns are listed on this page. Leave the word out, in comments too.",
    ),
    (
        "incomplete input",
        "The SQL ends too early",
        "Look for a bracket that is not closed, or for words that should follow.",
    ),
    (
        "unrecognized token",
        "SQLite does not know a sign in that SQL",
        "A text begins and ends with a single quote; a quote within it is written twice: ''.",
    ),
    (
        "ambiguous column name",
        "A column of that name is in more than one of the tables",
        "Write the table before it, such as spend.month.",
    ),
    (
        "misuse of aggregate",
        "A sum, count or share cannot stand there",
        "sum(), count() and sme_share() go after SELECT, HAVING and ORDER BY; WHERE looks at one"
        " line at a time.",
    ),
    (
        "wrong number of arguments to function",
        "A function has too many or too few arguments",
        "gbp(pence), sme_share(supplier_size, amount_pence), financial_year(date).",
    ),
    (
        _FUNCTION_RAISED,
        "A function was given what it cannot read",
        "gbp(), sme_share() and financial_year() take numbers and texts; these bytes are no text.",
    ),
    (
        "string or blob too big",
        "A value in that question is too large",
        "Ask for shorter texts, or for fewer to be put together.",
    ),
    (
        "out of memory",
        "That question needs more memory than one question may take",
        "Ask for less at once: a filter, fewer columns, or a sum in place of every line.",
    ),
    (
        "LIKE or GLOB pattern too complex",
        "The pattern to look for is too long",
        "Look for a part of it.",
    ),
    (
        "integer overflow",
        "That sum is too large for SQLite to count exactly",
        "Use total() in place of sum().",
    ),
    (
        "Incorrect number of bindings",
        "A value is missing",
        "Write a blank as a colon and a name, such as :words, and a field for it appears.",
    ),
    (
        "Binding 1 has no name",
        "A value is missing",
        "Write a blank as a colon and a name, such as :words, and a field for it appears.",
    ),
    (
        "You did not supply a value for binding",
        "A value is missing",
        "Write a blank as a colon and a name, such as :words, and a field for it appears.",
    ),
    (
        "not authorized",
        "That cannot be asked here",
        "SQL here reads the tables of this page and nothing else.",
    ),
    (
        "cannot modify",
        "Nothing can be changed here",
        "To change data, take the whole database and work on your copy.",
    ),
    (
        "attempt to write",
        "Nothing can be changed here",
        "To change data, take the whole database and work on your copy.",
    ),
)
