"""What the API offers: each resource with its fields, filters, orders, ids and SQL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from govspend_site.api import parameters, rows

_SORT = "The order of the rows; with - the largest or newest first. Unknown values come last."
_FIELDS = "Only these fields, in this order. Several are parted by commas, or given one by one."
ENDINGS = ("json", "csv", "ndjson", "xml", "xlsx", "parquet")


@dataclass(frozen=True)
class Resource:
    """A list of rows, and one row of it where it has an id."""

    name: str
    sql: str
    """Its file under sql/, with the place for the filters."""
    table: str
    """The table of metadata.yml that describes its columns."""
    row: type[BaseModel]
    filters: type[parameters.Parameters]
    sorts: dict[str, str]
    """What it can be ordered by -> the column that does it."""
    usual_sort: str
    keys: tuple[str, ...]
    """Columns that tell its rows apart, after which rows that are alike are ordered."""
    item_id: str = ""
    """The column in the address of one row; '' where rows have none."""
    item: type[BaseModel] | None = None
    party: str = ""
    """suppliers or buyers, whose old ids are understood."""

    @property
    def columns(self) -> list[str]:
        return list(self.row.model_fields)

    @property
    def sort_names(self) -> list[str]:
        return [sign + name for name in self.sorts for sign in ("", "-")]

    @cached_property
    def parameters(self) -> Any:
        """The model of its parameters: its filters, orders and fields."""
        order: Any = Literal[tuple(self.sort_names)]
        field: Any = Literal[tuple(self.columns)]
        extra: dict[str, Any] = {
            "sort": (order, Field(self.usual_sort, description=_SORT)),
            "fields": (list[field], Field([], description=_FIELDS)),
        }
        return create_model(f"{self.row.__name__}Parameters", __base__=self.filters, **extra)


_LISTED = (
    Resource(
        name="spend",
        sql="api_spend",
        table="spend_named",
        row=rows.Spend,
        filters=parameters.SpendFilters,
        sorts={"month": "month", "amount": "amount_pence"},
        usual_sort="-month",
        keys=("spend_id",),
        item_id="spend_id",
        item=rows.SpendItem,
    ),
    Resource(
        name="suppliers",
        sql="api_suppliers",
        table="suppliers",
        row=rows.Supplier,
        filters=parameters.SupplierFilters,
        sorts={
            "name": "name", "amount": "amount_pence", "line_count": "line_count",
            "buyer_count": "buyer_count", "first_month": "first_month", "last_month": "last_month",
        },
        usual_sort="-amount",
        keys=("supplier_id",),
        item_id="supplier_id",
        item=rows.Supplier,
        party="suppliers",
    ),
    Resource(
        name="buyers",
        sql="api_buyers",
        table="buyers",
        row=rows.Buyer,
        filters=parameters.BuyerFilters,
        sorts={
            "name": "name", "amount": "amount_pence", "sme_amount": "sme_amount_pence",
            "sme_share": "sme_share", "line_count": "line_count",
            "supplier_count": "supplier_count", "first_month": "first_month",
            "last_month": "last_month",
        },
        usual_sort="-amount",
        keys=("buyer_id",),
        item_id="buyer_id",
        item=rows.Buyer,
        party="buyers",
    ),
    Resource(
        name="releases",
        sql="api_releases",
        table="releases",
        row=rows.Release,
        filters=parameters.ReleaseFilters,
        sorts={"newest_month": "newest_month", "loaded_amount": "loaded_pence"},
        usual_sort="-newest_month",
        keys=("release_id",),
        item_id="release_id",
        item=rows.Release,
    ),
    Resource(
        name="revisions",
        sql="api_revisions",
        table="revisions",
        row=rows.Revision,
        filters=parameters.RevisionFilters,
        sorts={"month": "month", "change_amount": "change_pence"},
        usual_sort="-month",
        keys=("release_id", "month"),
    ),
    Resource(
        name="summary",
        sql="api_summary",
        table="spend_named",
        row=rows.Summary,
        filters=parameters.SummaryFilters,
        sorts={
            "group": "", "amount": "amount_pence", "line_count": "line_count",
            "supplier_count": "supplier_count", "buyer_count": "buyer_count",
            "sme_amount": "sme_amount_pence", "sme_share": "sme_share",
        },
        usual_sort="group",
        keys=(),
    ),
)  # fmt: skip

RESOURCES = {resource.name: resource for resource in _LISTED}
