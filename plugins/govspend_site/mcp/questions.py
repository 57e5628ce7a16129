"""The site's questions, checked before they are asked as on their pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datasette.database import QueryInterrupted
from rapidfuzz import process

from govspend_site import canned, canned_choices, queries
from govspend_site.mcp.answers import Blank, Question, QuestionRows
from govspend_site.mcp.site import Refusal, Site

# Choices to show of a parameter that has many, such as all buyers.
_MOST_CHOICES = 30


def _parameters(said: Mapping[str, Any]) -> dict[str, canned.Parameter]:
    """The parameters of a question as Datasette has it."""
    found = said.get("parameters") or {}
    return {name: canned.Parameter.model_validate(given) for name, given in found.items()}


async def _known(site: Site) -> dict[str, Mapping[str, Any]]:
    """name -> question, of those that may be asked."""
    actor = site.request.actor
    found = await site.datasette.get_canned_queries(queries.DATABASE, actor)
    return {name: said for name, said in found.items() if "title" in said}


async def all_of(site: Site) -> list[Question]:
    found = []
    for name, said in (await _known(site)).items():
        blanks = [await _blank(site, key, p) for key, p in _parameters(said).items()]
        told = Question(
            name=name,
            title=said["title"],
            description=_line(said.get("description")) or "",
            measured=_line(said.get("measured")),
            parameters=blanks,
            page_url=site.url(f"/{queries.DATABASE}/{name}"),
        )
        found.append(told)
    return found


async def _blank(site: Site, name: str, parameter: canned.Parameter) -> Blank:
    choices = await canned_choices.choices_of(site.datasette, parameter)
    default = await canned_choices.default_of(site.datasette, parameter)
    return Blank(
        name=name,
        label=parameter.label,
        kind=parameter.kind,
        help=parameter.help,
        default=default or parameter.any,
        choices=dict(list(choices.items())[:_MOST_CHOICES]),
        choice_count=len(choices),
        minimum=parameter.minimum,
        maximum=parameter.maximum,
    )


async def ask(site: Site, name: str, given: Mapping[str, str], most: int) -> QuestionRows:
    """The rows of a question. Raises Refusal for a name or value that it does not know."""
    known = await _known(site)
    if name not in known:
        raise Refusal(f"There is no question “{name}”. There are: {', '.join(known)}.")
    said = known[name]
    asked = await _asked(site, name, _parameters(said), given)
    try:
        database = queries.database(site.datasette)
        found = await database.execute(said["sql"], {**asked}, truncate=True)
    except QueryInterrupted:
        raise Refusal(
            "The site is busy, and the question took too long. Ask it again in a few seconds, or "
            "for less, such as one financial year."
        ) from None
    rows = [list(row) for row in found.rows[:most]]
    truncated = found.truncated or len(found.rows) > most
    path = f"/{queries.DATABASE}/{name}"
    return QuestionRows(
        name=name,
        title=said["title"],
        measured=_line(said.get("measured")),
        parameters=await _applied(site, _parameters(said), asked),
        columns=[column[0] for column in found.description],
        rows=rows,
        row_count=len(rows),
        truncated=truncated,
        note=f"Only the first {len(rows):,} rows are given. Ask for more with limit, or take "
        "csv_url, which has all of them." if truncated else None,
        caveats=site.caveats(*said.get("caveats", ())),
        source=await site.source(path, asked, f"{path}.json", f"{path}.csv"),
    )  # fmt: skip


async def _asked(
    site: Site, name: str, parameters: Mapping[str, canned.Parameter], given: Mapping[str, str]
) -> dict[str, str]:
    """Every parameter with what was given, '' for what was not. Raises Refusal."""
    for key in given:
        if key not in parameters:
            takes = ", ".join(parameters) or "none"
            raise Refusal(f"{name} has no parameter “{key[:100]}”. It takes: {takes}.")
    asked = {key: given.get(key, "").strip() for key in parameters}
    for key, value in asked.items():
        choices = await canned_choices.choices_of(site.datasette, parameters[key])
        wrong = canned.problem(parameters[key], value, choices) if value else None
        if wrong:
            raise Refusal(f"{key}: {wrong}.{_instead(value, choices)}")
    return asked


def _instead(value: str, choices: Mapping[str, str]) -> str:
    """The choices that there are, or of many those that are most like the value."""
    if len(choices) <= _MOST_CHOICES:
        return f" There are: {', '.join(choices)}." if choices else ""
    like = process.extract(value[:100], choices, limit=5)
    return f" Did you mean {', '.join(key for _, _, key in like)}? find_party gives ids."


async def _applied(
    site: Site, parameters: Mapping[str, canned.Parameter], asked: Mapping[str, str]
) -> dict[str, str]:
    """What applied in the question, given or by default, in a reader's words."""
    applied = {}
    for key, parameter in parameters.items():
        default = await canned_choices.default_of(site.datasette, parameter)
        applied[key] = asked[key] or default or parameter.any or ""
    return {key: value for key, value in applied.items() if value}


def _line(text: str | None) -> str | None:
    return " ".join(text.split()) if text else None
