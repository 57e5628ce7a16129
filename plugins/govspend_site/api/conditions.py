"""What a filter asks of the database: SQL of our own around values that are always bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol, runtime_checkable

from govspend_site import search
from govspend_site.api.kinds import NOT_PUBLISHED, least_pence, most_pence

MOST_WORDS = 20
"""Words of a name that are looked for; nobody's name has more."""


@dataclass(frozen=True)
class Where:
    """Conditions that all must hold, with the values that they name."""

    conditions: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    def __and__(self, other: Where) -> Where:
        return Where(self.conditions + other.conditions, {**self.values, **other.values})

    @property
    def sql(self) -> str:
        """WHERE and the conditions; nothing for none."""
        return "WHERE " + " AND ".join(self.conditions) if self.conditions else ""


@runtime_checkable
class Condition(Protocol):
    """Marks a parameter as a filter; gives what it asks."""

    def where(self, name: str, given: Any) -> Where: ...


@dataclass(frozen=True)
class AnyOf:
    """The column is one of the values; `null` among them is a value that was not published."""

    column: str
    nullable: bool = False
    party: str = ""
    """suppliers or buyers, whose old ids are understood."""
    choices: str = ""
    """The field of api_choices.sql that holds the values that an edition has."""

    def where(self, name: str, given: Any) -> Where:
        named = [value for value in given if not (self.nullable and value == NOT_PUBLISHED)]
        values = {f"{name}_{place}": value for place, value in enumerate(dict.fromkeys(named))}
        parts = [f"{self.column} IN ({', '.join(f':{key}' for key in values)})"] if values else []
        if len(named) < len(given):
            parts.append(f"{self.column} IS NULL")
        return Where((f"({' OR '.join(parts)})",), values)


@dataclass(frozen=True)
class Least:
    """The column is the value or over."""

    column: str

    def where(self, name: str, given: Any) -> Where:
        value = least_pence(given) if isinstance(given, Decimal) else given
        return Where((f"{self.column} >= :{name}",), {name: value})


@dataclass(frozen=True)
class Most:
    """The column is the value or under."""

    column: str

    def where(self, name: str, given: Any) -> Where:
        value = most_pence(given) if isinstance(given, Decimal) else given
        return Where((f"{self.column} <= :{name}",), {name: value})


@dataclass(frozen=True)
class Is:
    """The column, 1 or 0, is true or false."""

    column: str

    def where(self, name: str, given: Any) -> Where:
        return Where((f"{self.column} = :{name}",), {name: int(given)})


@dataclass(frozen=True)
class Described:
    """The line's description has all the words, whatever their endings."""

    def where(self, name: str, given: Any) -> Where:
        words = search.fts(given)
        if words is None:
            # Without a letter or digit there is no word, and no line has it.
            return Where(("0",))
        found = f"SELECT rowid FROM spend_fts WHERE spend_fts MATCH :{name}"  # noqa: S608 - our name
        return Where((f"spend.rowid IN ({found})",), {name: words})


@dataclass(frozen=True)
class Named:
    """One of the published names of the party has all the words somewhere, in any case."""

    column: str
    party: str

    def where(self, name: str, given: Any) -> Where:
        words = given.lower().split()[:MOST_WORDS]
        if not words:
            return Where(("0",))
        values = {f"{name}_{place}": word for place, word in enumerate(words)}
        # instr() takes time with the length of both; LIKE could be made to take for ever.
        each = " AND ".join(f"instr(lower(published_name), :{key})" for key in values)
        names = f"SELECT {self.party}_id FROM {self.party}_names WHERE {each}"  # noqa: S608 - ours
        return Where((f"{self.column} IN ({names})",), values)
