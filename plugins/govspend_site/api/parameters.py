"""The parameters of every resource: what each holds, and what it asks of the database."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from govspend_site.api.conditions import AnyOf, Described, Is, Least, Most, Named
from govspend_site.api.kinds import MOST_VALUES, Limit, Month, Pounds, Text, TrueOrFalse

USUAL_ROWS = 100
MOST_GROUPS = 3

Group = Literal[
    "month", "quarter", "financial_year", "framework", "lot", "sector", "supplier_size",
    "supplier", "buyer",
]  # fmt: skip
Size = Literal["SME", "Large", "null"]

_several: Any = Field(default=[], max_length=MOST_VALUES)
_words = "Words that one of the published names of the {} has somewhere, all of them."


class Parameters(BaseModel):
    """What every list takes. A parameter that is not here is refused."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit | None = Field(
        None,
        description=f"Rows of a page; {USUAL_ROWS} unless given. Formats other than JSON are whole "
        "unless it is given.",
        examples=[10],
    )
    cursor: str | None = Field(
        None, description="Where a page begins. Take the whole address that `next` holds."
    )
    count: TrueOrFalse = Field(
        False, description="true adds `total`, with how many rows all pages hold."
    )


class SpendFilters(Parameters):
    """The filters of lines."""

    supplier_id: Annotated[list[Text], AnyOf("spend.supplier_id", party="suppliers")] = _several
    buyer_id: Annotated[list[Text], AnyOf("spend.buyer_id", party="buyers")] = _several
    framework: Annotated[
        list[Text], AnyOf("spend.framework", nullable=True, choices="framework")
    ] = _several
    lot: Annotated[list[Text], AnyOf("spend.lot", nullable=True, choices="lot")] = _several
    sector: Annotated[list[Text], AnyOf("spend.sector", nullable=True, choices="sector")] = _several
    supplier_size: Annotated[list[Size], AnyOf("spend.supplier_size", nullable=True)] = _several
    financial_year: Annotated[
        list[Text], AnyOf("spend.financial_year", choices="financial_year")
    ] = _several
    month: Annotated[list[Month], AnyOf("spend.month")] = _several
    release_id: Annotated[list[Text], AnyOf("spend.release_id", choices="release_id")] = _several
    month_from: Annotated[Month | None, Least("spend.month")] = Field(
        None, description="This month and later ones.", examples=["2013-04"]
    )
    month_to: Annotated[Month | None, Most("spend.month")] = Field(
        None, description="This month and earlier ones.", examples=["2014-03"]
    )
    amount_from: Annotated[Pounds | None, Least("spend.amount_pence")] = Field(
        None, description="Lines of this many pounds and over.", examples=[1000]
    )
    amount_to: Annotated[Pounds | None, Most("spend.amount_pence")] = Field(
        None, description="Lines of this many pounds and under.", examples=[50000]
    )
    q: Annotated[Text | None, Described()] = Field(
        None,
        description="Words that the description of what was sold has, all of them.",
        examples=["hosting"],
    )
    supplier: Annotated[Text | None, Named("spend.supplier_id", "supplier")] = Field(
        None, description=_words.format("supplier"), examples=["limited"]
    )
    buyer: Annotated[Text | None, Named("spend.buyer_id", "buyer")] = Field(
        None, description=_words.format("buyer"), examples=["office"]
    )


class SummaryFilters(SpendFilters):
    """Those of lines, and what to group them by."""

    group_by: list[Group] = Field(
        default=[],
        max_length=MOST_GROUPS,
        description=f"What to group the lines by, up to {MOST_GROUPS}. Without it there is one "
        "row, of all lines.",
        examples=[["month"]],
    )


class SupplierFilters(Parameters):
    """The filters of suppliers."""

    supplier_id: Annotated[list[Text], AnyOf("suppliers.supplier_id", party="suppliers")] = _several
    q: Annotated[Text | None, Named("suppliers.supplier_id", "supplier")] = Field(
        None, description=_words.format("supplier"), examples=["limited"]
    )


class BuyerFilters(Parameters):
    """The filters of buyers."""

    buyer_id: Annotated[list[Text], AnyOf("buyers.buyer_id", party="buyers")] = _several
    q: Annotated[Text | None, Named("buyers.buyer_id", "buyer")] = Field(
        None, description=_words.format("buyer"), examples=["office"]
    )


class ReleaseFilters(Parameters):
    """The filters of releases."""

    feed_id: Annotated[list[Text], AnyOf("feed_id", choices="feed_id")] = _several
    is_current: Annotated[TrueOrFalse | None, Is("is_current")] = None


class RevisionFilters(Parameters):
    """The filters of revisions."""

    feed_id: Annotated[list[Text], AnyOf("feed_id", choices="feed_id")] = _several
    month: Annotated[list[Month], AnyOf("month")] = _several
    release_id: Annotated[list[Text], AnyOf("release_id", choices="release_id")] = _several
    month_from: Annotated[Month | None, Least("month")] = Field(
        None, description="This month and later ones.", examples=["2013-04"]
    )
    month_to: Annotated[Month | None, Most("month")] = Field(
        None, description="This month and earlier ones.", examples=["2014-03"]
    )
