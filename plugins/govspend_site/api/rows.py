"""The fields of every resource. What each means is in metadata.yml; null is unknown."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, WithJsonSchema

from govspend_site.api.kinds import Day, PoundsOf

_NUMBER = WithJsonSchema({"type": "number"})
_Amount = Annotated[Decimal, PoundsOf("amount_pence"), _NUMBER]
_SmeAmount = Annotated[Decimal, _NUMBER]


class Spend(BaseModel):
    """One published line."""

    spend_id: str
    month: Day
    financial_year: str
    supplier_id: str
    supplier_name: str
    buyer_id: str
    buyer_name: str
    framework: str | None
    lot: str | None
    sector: str | None
    supplier_size: str | None
    description: str | None
    amount: _Amount
    amount_pence: int
    release_id: str
    line_number: int


class Held(BaseModel):
    """A release that held a line."""

    release_id: str
    newest_month: Day
    published_date: Day | None
    is_current: bool


class SpendItem(Spend):
    """One published line, with the releases that held it, oldest first."""

    releases: list[Held]


class Supplier(BaseModel):
    """A firm that sold, with what all its lines come to."""

    supplier_id: str
    name: str
    amount: _Amount
    amount_pence: int
    line_count: int
    buyer_count: int
    first_month: Day | None
    last_month: Day | None
    published_names: list[str]


class Buyer(BaseModel):
    """A public body that bought, with what all its lines come to and where its head office is."""

    buyer_id: str
    name: str
    amount: _Amount
    amount_pence: int
    sme_amount: Annotated[_SmeAmount | None, PoundsOf("sme_amount_pence")]
    sme_amount_pence: int | None
    sme_share: float | None
    line_count: int
    supplier_count: int
    first_month: Day | None
    last_month: Day | None
    published_names: list[str]
    postcode: str | None
    latitude: float | None
    longitude: float | None
    region: str | None
    area: str | None


class Release(BaseModel):
    """An issue of a feed: what was fetched, what was read in it and what was loaded."""

    release_id: str
    feed_id: str
    newest_month: Day
    oldest_month: Day
    sequence: int
    is_current: bool
    published_date: Day | None
    fetched_at: str
    url: str
    filename: str
    byte_count: int
    sha256: str
    etag: str | None
    last_modified: str | None
    provenance: str | None
    tried_on: str
    encoding: str
    line_ends: str
    heading_line: int
    headings: list[str]
    unknown_headings: list[str]
    line_count: int
    blank_count: int
    loaded_count: int
    quarantined_count: int
    unreadable_count: int
    credit_count: int
    zero_count: int
    undescribed_count: int
    rounded_count: int
    published_amount: str
    loaded_amount: Annotated[Decimal, PoundsOf("loaded_pence"), _NUMBER]
    loaded_pence: int
    quarantined_amount: Annotated[Decimal, PoundsOf("quarantined_pence"), _NUMBER]
    quarantined_pence: int
    rounding_amount: str
    accepted_despite: str | None


class Revision(BaseModel):
    """What a release says of a month beside what the release before it said."""

    feed_id: str
    month: Day
    release_id: str
    previous_release_id: str
    before_count: int
    after_count: int
    before_amount: Annotated[Decimal, PoundsOf("before_pence"), _NUMBER]
    before_pence: int
    after_amount: Annotated[Decimal, PoundsOf("after_pence"), _NUMBER]
    after_pence: int
    change_amount: Annotated[Decimal, PoundsOf("change_pence"), _NUMBER]
    change_pence: int
    change_pct: float | None


class Summary(BaseModel):
    """What lines come to, for each group that was asked for. Groups not asked for are absent."""

    month: Day
    quarter: str
    financial_year: str
    framework: str | None
    lot: str | None
    sector: str | None
    supplier_size: str | None
    supplier_id: str
    supplier_name: str
    buyer_id: str
    buyer_name: str
    amount: _Amount
    amount_pence: int
    line_count: int
    supplier_count: int
    buyer_count: int
    sme_amount: Annotated[_SmeAmount | None, PoundsOf("sme_amount_pence")]
    sme_amount_pence: int | None
    sme_share: float | None
    is_provisional: bool
