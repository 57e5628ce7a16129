"""What each tool takes. Whatever else is given is refused, with what could have been."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from govspend_site import search
from govspend_site.api.parameters import MOST_GROUPS, Group

MOST_PARTIES = 50
MOST_ROWS = 1_000
_LONGEST_SQL = 50_000
_INTEGER = 2**63


def _is_text(text: str) -> str:
    """Refuses what is no text: half of a letter outside Unicode's first plane."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("is not text in Unicode") from None
    return text


Unicode = AfterValidator(_is_text)
Text = Annotated[str, Unicode]
Integer = Annotated[int, Field(ge=-_INTEGER, lt=_INTEGER)]


class Arguments(BaseModel):
    """What every tool's arguments do: refuse any that it does not know."""

    model_config = ConfigDict(extra="forbid")


class FindParty(Arguments):
    words: Annotated[str, Field(min_length=1, max_length=search.LONGEST), Unicode] = Field(
        description="Words of the name, all of them; the last may be the beginning of a word",
        examples=["home off"],
    )
    kind: Literal["any", "supplier", "buyer"] = Field(
        "any", description="A supplier is a firm that sold, a buyer a public body that bought"
    )
    limit: int = Field(10, ge=1, le=MOST_PARTIES, description="Most of each kind to give")


class ListQuestions(Arguments):
    pass


class AskQuestion(Arguments):
    name: Annotated[str, Field(max_length=100), Unicode] = Field(
        description="Name of the question, from list_questions", examples=["sme-spend-by-month"]
    )
    parameters: dict[Text, Text | Integer | float] = Field(
        default={},
        max_length=20,
        description="Values of its parameters by their names; what is left out has its default",
        examples=[{"financial_year": "2013-14"}],
    )
    limit: int = Field(100, ge=1, le=MOST_ROWS, description="Most rows to give")


_month = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


def _any_of(what: str) -> Any:
    return Field(default=[], max_length=50, description=f"Only these {what}; any of several")


class SpendSummary(Arguments):
    group_by: list[Group] = Field(
        default=[],
        max_length=MOST_GROUPS,
        description=f"What to add up by, up to {MOST_GROUPS}; without it, one row for all lines",
        examples=[["financial_year", "supplier_size"]],
    )
    supplier_id: list[Text] = _any_of("suppliers, by the ids of find_party")
    buyer_id: list[Text] = _any_of("buyers, by the ids of find_party")
    framework: list[Text] = _any_of("frameworks; null is not published")
    lot: list[Text] = _any_of("lots; null is not published")
    sector: list[Text] = _any_of("sectors; null is not published")
    supplier_size: list[Literal["SME", "Large", "null"]] = _any_of("sizes; null: not published")
    financial_year: list[Text] = _any_of("financial years, such as 2013-14")
    month_from: Annotated[str, Field(pattern=_month)] | None = Field(
        None, description="This month and later ones", examples=["2013-04"]
    )
    month_to: Annotated[str, Field(pattern=_month)] | None = Field(
        None, description="This month and earlier ones", examples=["2014-03"]
    )
    q: Annotated[str, Field(min_length=1, max_length=200), Unicode] | None = Field(
        None, description="Words of what was sold, all of them", examples=["hosting"]
    )
    sort: Literal["group", "-group", "amount", "-amount", "sme_share", "-sme_share"] = Field(
        "group", description="Order of the groups; with - the largest or newest first"
    )
    limit: int = Field(100, ge=1, le=MOST_ROWS, description="Most groups to give")


class DescribeData(Arguments):
    table: Annotated[str, Field(max_length=100), Unicode] | None = Field(
        None, description="One table, to see what its columns mean", examples=["spend_named"]
    )


class RunSql(Arguments):
    sql: Annotated[str, Field(min_length=1, max_length=_LONGEST_SQL), Unicode] = Field(
        description="One SELECT (or WITH … SELECT) in SQLite's SQL, with a blank such as :id for "
        "each value",
        examples=["SELECT sum(amount_pence) FROM spend WHERE buyer_id = :id"],
    )
    parameters: dict[Text, Text | Integer | float | None] = Field(
        default={}, max_length=50, description="Value of each blank by its name, without the colon"
    )
    shard: Annotated[str, Field(max_length=80), Unicode] = Field(
        "",
        description="Only where a refusal says that the edition keeps its lines in several files: "
        "the one to ask",
        examples=["2013-14"],
    )
    limit: int = Field(100, ge=1, le=MOST_ROWS, description="Most rows to give")
