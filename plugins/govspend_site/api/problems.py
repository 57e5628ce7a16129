"""What the API says when it cannot answer: a status and what was wrong, after RFC 9457."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"
LONGEST_GIVEN = 200
"""Characters of what was given that are said back."""


class Mistake(BaseModel):
    """One parameter that cannot be taken."""

    parameter: str = Field(description="The parameter that cannot be taken")
    given: str = Field(description=f"What was given, cut to {LONGEST_GIVEN} characters")
    allowed: str = Field(description="What can be given")


class Body(BaseModel):
    """The body of an answer that is a problem."""

    type: str = Field(
        default="about:blank", description="about:blank: the status says what kind it is"
    )
    title: str = Field(description="What the status means")
    status: int = Field(description="The HTTP status")
    detail: str = Field(description="What was wrong here, and what to do")
    errors: list[Mistake] = Field(
        default_factory=list, description="The parameters that cannot be taken, one by one"
    )


class Problem(Exception):
    """An answer that is no answer; `more` goes into the body, `headers` beside it."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[Mistake] = (),
        more: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = headers or {}
        said = Body(
            title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors)
        )
        self.body = {**said.model_dump(), **(more or {})}


def mistake(parameter: str, given: str, allowed: str) -> Mistake:
    return Mistake(parameter=cut(parameter), given=cut(given), allowed=allowed)


def refused(errors: Sequence[Mistake]) -> Problem:
    """400 for parameters that cannot be taken; the first is told in the detail."""
    first = errors[0]
    said = f"{first.parameter} cannot be “{first.given}”. Allowed: {first.allowed}."
    return Problem(400, said, errors)


def unknown(parameter: str, given: str, names: Sequence[str]) -> Mistake:
    """A parameter that there is not."""
    return mistake(parameter, given, f"the parameters {', '.join(names)}, and no other")


def cut(text: str) -> str:
    """As much of a visitor's text as is worth saying back, without halves of letters."""
    return text[:LONGEST_GIVEN].encode("utf-8", "replace").decode("utf-8")
