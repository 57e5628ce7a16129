"""Feeds as declared in feeds.yml: read strictly, so that a mistake is one sentence with its line.

A feed may say `like: OTHER` to take every setting it does not give itself from feed OTHER of the
same file or, failing that, of the feeds.yml that comes with this package.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ingest import numbered_yaml, reference
from ingest.errors import DeclarationError

DEFAULT_FEEDS = Path(__file__).with_name("feeds.yml")

# The fields of a line of spend, by the names that they keep all the way to the page.
FieldName = Literal[
    "month", "framework", "lot", "sector", "supplier_size", "supplier", "buyer", "description",
    "amount",
]  # fmt: skip
ShardKey = Literal["financial_year", "month", "framework", "sector"]
Text = Annotated[str, Field(min_length=1)]
Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
Day = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])-\d{2}$")]


def _compiles(pattern: str) -> str:
    """The pattern itself. Raises ValueError, for pydantic, where Python cannot search by it."""
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return pattern


Pattern = Annotated[Text, AfterValidator(_compiles)]


class Strict(BaseModel):
    """Refuses keys that it does not know and values of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(Strict):
    """What every kind of source may say about where its files come from."""

    provenance: Text | None = None
    """One sentence on how the file came to be there, where that is not the publisher's own site."""
    published_date: Day | None = None
    encoding: Text | None = None
    """Overrides detection, for a file whose encoding is known."""
    tried_on: Literal["published file", "fixture"] = "fixture"
    """Whether this format was tried on the publisher's own file or only on one of ours."""


class UrlSource(Source):
    kind: Literal["url"]
    url: Annotated[str, Field(pattern=r"^https?://")]


class GovukSource(Source):
    """A GOV.UK publication, through the Content API."""

    kind: Literal["govuk"]
    path: Annotated[str, Field(pattern=r"^/")]
    match: Pattern = r"\.csv$"
    """Regular expression that an attachment's URL, filename or title must hold."""
    site: Annotated[str, Field(pattern=r"^https?://")] = "https://www.gov.uk"


class CkanSource(Source):
    """A dataset of a CKAN catalogue, through `package_show`."""

    kind: Literal["ckan"]
    site: Annotated[str, Field(pattern=r"^https?://")]
    dataset: Text
    match: Pattern = r"(?i)csv"
    """Regular expression that a resource's URL, name or format must hold."""


class FileSource(Source):
    """A file, or several by a glob, relative to the folder of the declaration."""

    kind: Literal["file"]
    path: Text


AnySource = Annotated[
    UrlSource | GovukSource | CkanSource | FileSource, Field(discriminator="kind")
]


class Money(Strict):
    unit: Literal["pounds", "pence"] = "pounds"
    dash_is_zero: bool = True
    """Excel's accounting format shows nought as a dash."""


class Dates(Strict):
    order: Literal["day-first", "month-first"] = "day-first"
    """How 01/04/2014 is read when the column itself does not settle it."""
    serials: bool = True
    """Whether bare numbers are days since 1899-12-30, as spreadsheets count them."""


class Limits(Strict):
    max_mb: Annotated[int, Field(gt=0)] = 512
    seconds: Annotated[float, Field(gt=0)] = 300.0
    """The whole time that one file may take."""
    stall_seconds: Annotated[float, Field(gt=0)] = 30.0
    """The longest silence."""
    tries: Annotated[int, Field(gt=0, le=10)] = 4


class Feed(Strict):
    feed_id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: Text
    publisher: Text
    licence: Text
    attribution: Text
    provenance: Text | None = None
    cadence: Literal["monthly", "quarterly", "annual", "irregular"]
    vat: Literal["excluded", "included", "unknown"]
    restates_history: bool
    period: Literal["newest-month"]
    """How a release is named: by the newest month among its lines."""
    first_month: Month
    """No line can be older; an older month is quarantined as an error."""
    constants: dict[FieldName, Text] = {}
    headings: dict[FieldName, list[Text]]
    ignored_headings: list[Text] = []
    required: list[FieldName]
    money: Money = Money()
    dates: Dates = Dates()
    limits: Limits = Limits()
    sources: list[AnySource]

    @field_validator("sources", "required")
    @classmethod
    def _not_empty(cls, value: list[Any]) -> list[Any]:
        if not value:
            raise ValueError("must name at least one")
        return value

    @model_validator(mode="after")
    def _required_have_headings(self) -> Feed:
        for name in self.required:
            if name not in self.headings and name not in self.constants:
                raise ValueError(
                    f"'{name}' is required but has neither headings nor a constant to come from"
                )
        return self

    @model_validator(mode="after")
    def _one_field_a_heading(self) -> Feed:
        owner: dict[str, str] = {}
        for field, aliases in self.headings.items():
            for alias in aliases:
                key = heading_key(alias)
                if owner.setdefault(key, field) != field:
                    raise ValueError(f"heading '{alias}' is given to both {owner[key]} and {field}")
        return self


class PublishedList(Strict):
    """What is declared of a list that is looked up in, and never added to spend."""

    feed_id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    title: Text
    publisher: Text
    licence: Text
    attribution: Text
    provenance: Text | None = None
    ignored_headings: list[Text] = []
    limits: Limits = Limits()
    sources: list[AnySource]


class CustomerList(PublishedList):
    """A publisher's list of public bodies with a postcode each: where places are looked up."""

    headings: dict[Literal["urn", "customer", "postcode"], list[Text]]

    @property
    def required(self) -> tuple[str, ...]:
        return ("customer", "postcode")

    @property
    def constants(self) -> dict[str, str]:
        """A list of customers, unlike a feed, has none."""
        return {}

    @field_validator("sources")
    @classmethod
    def _not_empty(cls, value: list[Any]) -> list[Any]:
        if not value:
            raise ValueError("must name at least one")
        return value

    @model_validator(mode="after")
    def _required_have_headings(self) -> CustomerList:
        for name in self.required:
            if name not in self.headings:
                raise ValueError(f"headings must say what '{name}' can be called")
        return self


class AdmittedList(PublishedList):
    """A publisher's list of the suppliers that were admitted to a framework, or to several.

    One with no `sources` brings nothing; it is there for others to be like.
    """

    headings: dict[Literal["framework", "lot", "supplier", "supplier_size"], list[Text]]
    constants: dict[Literal["framework"], Text] = {}
    """The framework, where the list is of one alone and has no column for it."""

    @property
    def required(self) -> tuple[str, ...]:
        return ("framework", "supplier")

    @model_validator(mode="after")
    def _required_can_be_had(self) -> AdmittedList:
        for name in self.required:
            if name not in self.headings and name not in self.constants:
                raise ValueError(f"headings must say what '{name}' can be called")
        given = self.constants.get("framework")
        if given and reference.framework(given) is None:
            raise ValueError(
                f"constants: '{given}' is no framework that ingest/reference/categories.csv "
                "and frameworks.csv know"
            )
        return self


Declared = Feed | CustomerList | AdmittedList
"""Whatever has sources to fetch from and headings to read by."""


class Declaration(Strict):
    """A whole feeds.yml. `folder` is where its relative paths start."""

    path: Path
    illustrative: bool = False
    """True for invented data: every page then says so."""
    shards: ShardKey | None = None
    """What an edition of very many lines is split by, a file of lines for each value."""
    feeds: dict[str, Feed]
    customer_lists: dict[str, CustomerList] = {}
    admitted_lists: dict[str, AdmittedList] = {}

    @property
    def folder(self) -> Path:
        return self.path.resolve().parent

    @model_validator(mode="after")
    def _one_id_each(self) -> Declaration:
        """What is fetched is filed by id alone: a list of that id would be read as releases."""
        seen: set[str] = set()
        for feed_id in (*self.feeds, *self.customer_lists, *self.admitted_lists):
            if feed_id in seen:
                raise ValueError(f"'{feed_id}' is the id of two: feeds and lists need one each")
            seen.add(feed_id)
        return self


def heading_key(heading: str) -> str:
    """A heading without case, spaces, signs: `For_Month` is `For Month`, `Spend (£)` is `Spend`."""
    return re.sub(r"[^a-z0-9]+", "", heading.casefold())


def load(path: Path) -> Declaration:
    """The declaration at `path`. Raises DeclarationError, one sentence with the line."""
    document, lines = numbered_yaml.read(path)
    if not isinstance(document, dict) or not isinstance(document.get("feeds"), dict):
        raise DeclarationError(f"{path} line 1: must have a mapping called 'feeds'.")
    settings = {**document, "path": path}
    for section in ("feeds", "customer_lists", "admitted_lists"):
        settings[section] = _section(path, lines, document, section)
    try:
        return Declaration.model_validate(settings)
    except ValidationError as error:
        raise DeclarationError(_sentence(path, lines, error)) from None


def _section(
    path: Path, lines: dict[tuple[Any, ...], int], document: dict[str, Any], section: str
) -> dict[str, Any]:
    """The feeds or the lists of the document, each with what it takes from another."""
    declared = document.get(section) or {}
    if not isinstance(declared, dict):
        line = lines[(section,)]
        raise DeclarationError(f"{path} line {line}: '{section}' must be a mapping.")
    known = declared
    if path.resolve() != DEFAULT_FEEDS:
        known = {**(numbered_yaml.read(DEFAULT_FEEDS)[0].get(section) or {}), **declared}
    found = {}
    for feed_id, given in declared.items():
        if not isinstance(given, dict):
            line = lines[(section, feed_id)]
            raise DeclarationError(f"{path} line {line}: feed '{feed_id}' has no settings.")
        found[feed_id] = _inherit(path, lines, section, feed_id, given, known)
    return found


def _inherit(
    path: Path, lines: dict[tuple[Any, ...], int], section: str, feed_id: str,
    given: dict[str, Any], known: dict[str, Any],
) -> dict[str, Any]:  # fmt: skip
    settings: dict[str, Any] = {**given, "feed_id": feed_id}
    # A feed that is like one of its own name is like the one that comes with this package.
    at, packaged = feed_id, False
    seen = {(at, packaged)}
    while "like" in settings:
        other = settings.pop("like")
        at, packaged = other, packaged or other == at
        pool = numbered_yaml.read(DEFAULT_FEEDS)[0].get(section) or {} if packaged else known
        base = pool.get(other) if (at, packaged) not in seen else None
        if base is None:
            line = lines.get((section, feed_id, "like"), 1)
            raise DeclarationError(
                f"{path} line {line}: like: '{other}' names no other feed; "
                f"known are {', '.join(sorted(known))}."
            )
        seen.add((at, packaged))
        # No sources are nothing to take over: whoever means none says so.
        settings = {**{key: value for key, value in base.items() if value != []}, **settings}
    return settings


def _sentence(path: Path, lines: dict[tuple[Any, ...], int], error: ValidationError) -> str:
    """The first mistake as one sentence; pydantic's tags of the source kinds are left out."""
    first = error.errors()[0]
    place = tuple(part for part in first["loc"] if part not in ("[key]",))
    kinds = {"url", "govuk", "ckan", "file"}
    place = tuple(
        part
        for index, part in enumerate(place)
        if not (part in kinds and index >= 2 and isinstance(place[index - 1], int))
    )
    at = place
    while at and at not in lines:
        at = at[:-1]
    message = first["msg"].removeprefix("Value error, ")
    name = ".".join(str(part) for part in place) or "the declaration"
    value = first.get("input")
    shown = f" (given: {value!r})" if isinstance(value, str | int | float | bool) else ""
    hint = " No such setting." if first["type"] == "extra_forbidden" else ""
    return f"{path} line {lines.get(at, 1)}: {name}: {message}{shown}.{hint}"
