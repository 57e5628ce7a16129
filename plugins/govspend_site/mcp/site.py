"""The site as a tool sees it: the request's edition, absolute addresses, and what to name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from govspend_site import credit, proof_page

# A longer address is more than servers and browsers on the way may take.
_LONGEST_ADDRESS = 7_000
Pairs = Mapping[str, object] | Sequence[tuple[str, object]] | None
"""The arguments of an address; as pairs where one can come twice."""


class Refusal(Exception):
    """What was asked cannot be answered. The text says why and what can be, in plain words."""


class Source(BaseModel):
    """Where an answer is from, how it may be used, and whom to name."""

    edition_id: str | None = Field(description="Id of the published edition that answers")
    newest_month: str | None = Field(description="Newest month of its data, as its first day")
    illustrative: bool = Field(description="Whether the figures are invented: never cite those")
    licence: str
    licence_url: str
    attribution: list[str] = Field(description="Sentences that the licence asks for")
    page_url: str = Field(description="The page of the site for people")
    lasting_url: str | None = Field(
        description="The same page in this edition, where it never changes: cite this one"
    )
    json_url: str | None = None
    csv_url: str | None = Field(None, description="All rows as a file")


@dataclass(frozen=True)
class Site:
    """Datasette and the request that asks."""

    datasette: Any
    request: Any

    def url(self, path: str, arguments: Pairs = None) -> str:
        """The absolute address of a page, within the edition that the request is pinned to."""
        local = self.datasette.urls.path(_with(path, arguments))
        return str(self.datasette.absolute_url(self.request, local))

    async def source(
        self,
        path: str,
        arguments: Pairs = None,
        json: str | None = None,
        csv: str | None = None,
    ) -> Source:
        """What to say of an answer whose page is at `path`, with its JSON and CSV if it has any.

        Where the address would be too long for its way, the page without arguments is named.
        """
        fits = len(_with(path, arguments)) < _LONGEST_ADDRESS
        if not fits:
            arguments = json = csv = None
        said = await credit.body(self.datasette)
        of = said["edition"] or {}
        page = _with(path, arguments)
        return Source(
            edition_id=of.get("edition_id"),
            newest_month=of.get("newest_month"),
            illustrative=of.get("illustrative", False),
            licence=said["licence"]["name"],
            licence_url=said["licence"]["url"],
            attribution=said["attribution"],
            page_url=self.url(page),
            lasting_url=proof_page.kept_url(self.datasette, self.request, page),
            json_url=self.url(json, arguments) if json else None,
            csv_url=self.url(csv, arguments) if csv else None,
        )

    def metadata(self, key: str) -> dict[str, Any]:
        return dict(self.datasette.metadata(key) or {})

    def caveats(self, *keys: str) -> list[str]:
        """The sentences of metadata.yml by their names, those that it has."""
        sentences = self.metadata("caveats")
        return [" ".join(str(sentences[key]).split()) for key in keys if key in sentences]


def _with(path: str, arguments: Pairs) -> str:
    pairs = arguments.items() if isinstance(arguments, Mapping) else arguments or ()
    given = [(k, v) for k, v in pairs if v not in (None, "")]
    return f"{path}?{urlencode(given)}" if given else path
