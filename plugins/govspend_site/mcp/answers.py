"""What the tools answer, as fields for programs and as text for who reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, Field

from govspend_site.mcp.site import Source

Value = str | int | float | None


class Answer(BaseModel):
    """What every answer ends with."""

    note: str | None = Field(
        default=None, description="Whether rows were cut, and what to do about it"
    )
    caveats: list[str] = Field(default=[], description="What to say beside the figures")
    source: Source

    def blocks(self) -> Iterable[str]:
        """The answer's own paragraphs and tables."""
        raise NotImplementedError

    def text(self) -> str:
        """The whole answer as text in Markdown."""
        notes = [self.note] if self.note else []
        caveats = [f"Bear in mind: {' '.join(self.caveats)}"] if self.caveats else []
        return "\n\n".join([*self.blocks(), *notes, *caveats, credits(self.source)])


class Party(BaseModel):
    """A supplier or a buyer, and what its lines come to."""

    kind: str = Field(description="supplier or buyer")
    id: str
    name: str
    line_count: int
    amount_pence: int = Field(description="Sum without VAT, credits taken off, in pence")
    amount: str = Field(description="The same in pounds")
    page_url: str
    json_url: str
    lines_url: str = Field(description="Page of its lines of spend")


class Similar(BaseModel):
    """A party whose name looks like what was asked for."""

    kind: str
    id: str
    name: str
    page_url: str


class Parties(Answer):
    """What find_party found, the largest first."""

    words: str
    supplier_count: int = Field(description="Suppliers found, shown or not")
    buyer_count: int = Field(description="Buyers found, shown or not")
    parties: list[Party]
    similar: list[Similar] = Field(default=[], description="Where nothing was found")

    def blocks(self) -> Iterable[str]:
        yield (
            f"Names with “{self.words}”: {self.supplier_count} suppliers and "
            f"{self.buyer_count} buyers."
        )
        if self.parties:
            yield _listed(
                self.parties,
                ("kind", "id", "name", "line_count", "amount", "page_url", "lines_url"),
            )
        if self.similar:
            yield "Names that look like it:"
            yield _listed(self.similar, ("kind", "id", "name", "page_url"))


class Blank(BaseModel):
    """A parameter of a question."""

    name: str
    label: str
    kind: str = Field(description="choice, text, month (2014-06), number or words")
    help: str | None = None
    default: str | None = Field(None, description="What applies when it is not given")
    choices: dict[str, str] = Field(default={}, description="Value: name, the first of them")
    choice_count: int = 0
    minimum: int | None = None
    maximum: int | None = None

    def line(self) -> str:
        """The parameter in one line."""
        parts = [f"{self.label} ({self.kind})"]
        parts += [self.help] if self.help else []
        parts += [f"default {self.default}"] if self.default else []
        if self.kind == "number":
            parts.append(f"from {self.minimum} to {self.maximum}")
        if self.choices:
            more = self.choice_count - len(self.choices)
            shown = ", ".join(self.choices)
            parts.append(f"one of: {shown}" + (f" and {more} more" if more else ""))
        return f"  - `{self.name}`: {'; '.join(parts)}"


class Question(BaseModel):
    """A question that the site answers."""

    name: str
    title: str
    description: str
    measured: str | None = Field(None, description="What exactly is counted or added up")
    parameters: list[Blank] = []
    page_url: str


class Questions(Answer):
    """What list_questions gives."""

    questions: list[Question]

    def blocks(self) -> Iterable[str]:
        yield "Ask one of these by its name with ask_question."
        for question in self.questions:
            head = f"- **{question.name}**: {question.title}. {question.description}"
            yield "\n".join([head, *(blank.line() for blank in question.parameters)])


class Rows(Answer):
    """Rows of a question or of SQL."""

    columns: list[str]
    rows: list[list[Value]]
    row_count: int = Field(description="Rows given here")
    truncated: bool = Field(description="Whether there are more rows than are given here")

    def heading(self) -> list[str]:
        return []

    def blocks(self) -> Iterable[str]:
        yield from self.heading()
        yield f"{self.row_count:,} rows" + (", and there are more:" if self.truncated else ":")
        yield table(self.columns, self.rows)


class QuestionRows(Rows):
    """What ask_question gives."""

    name: str
    title: str
    measured: str | None
    parameters: dict[str, str] = Field(description="What applied, given or by default")

    def heading(self) -> list[str]:
        said = ", ".join(f"{key}: {value}" for key, value in self.parameters.items())
        first = f"{self.title}" + (f" ({said})" if said else "")
        return [first, *([self.measured] if self.measured else [])]


class SummaryRows(Rows):
    """What spend_summary gives: a row for each group. sme_share is of 1; null is not known."""


class SqlRows(Rows):
    """What run_sql gives. A value of bytes is written as SQL writes it, x'00ff'."""

    sql: str


class ColumnTold(BaseModel):
    """A column of a table."""

    name: str
    type: str
    description: str


class TableTold(BaseModel):
    """A table or view."""

    name: str
    title: str
    description: str
    column_names: list[str]
    columns: list[ColumnTold] = Field(default=[], description="Where one table was asked for")
    page_url: str


class Description(Answer):
    """What describe_data gives."""

    tables: list[TableTold]

    def blocks(self) -> Iterable[str]:
        for told in self.tables:
            yield f"**{told.name}**: {told.description}"
            if told.columns:
                rows = ([c.name, c.type, c.description] for c in told.columns)
                yield table(("column", "type", "meaning"), rows)
            else:
                yield f"Columns: {', '.join(told.column_names)}"


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as a table in Markdown; unknown is empty."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _listed(rows: Iterable[BaseModel], columns: Sequence[str]) -> str:
    return table(columns, ([getattr(row, column) for column in columns] for row in rows))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return " ".join(str(value).split()).replace("|", "\\|")


def credits(source: Source) -> str:
    """Where the figures are from and how to cite them."""
    lines = [f"Source: GovSpend, edition {source.edition_id}, {source.page_url}"]
    if source.illustrative:
        lines.insert(0, "ILLUSTRATIVE SAMPLE: these figures are invented. Do not cite them.")
    elif source.lasting_url:
        lines.append(f"Cite: {source.lasting_url}")
    files = [f"JSON: {source.json_url}"] if source.json_url else []
    files += [f"CSV: {source.csv_url}"] if source.csv_url else []
    licence = f"Licence: {source.licence}, {source.licence_url}"
    return "\n".join([*lines, *files, licence, *source.attribution])
