"""Datasette's facet that gives sum and SME share of each value beside the number of its lines."""

from __future__ import annotations

from typing import Any

from datasette.database import QueryInterrupted
from datasette.facets import Facet, load_facet_configs
from datasette.utils import path_with_added_args, path_with_removed_args
from datasette.utils.asgi import BadRequest

from govspend_site import filters, pounds

TABLE = "spend"


class PoundFacet(Facet):  # type: ignore[misc]
    """Of the table spend alone: elsewhere there are no pounds to add up."""

    type = "pounds"

    async def facet_results(self) -> tuple[list[dict[str, Any]], list[str]]:
        """The breakdowns as Datasette has them, and the columns that took too long."""
        asked = await self._asked()
        # A page after the first would break down the rest of the lines and not all of them.
        if not asked or self.request.args.get("_next"):
            return [], []
        where = self.sql.partition(f" from {TABLE}")[2]
        pairs = self.get_querystring_pairs()
        try:
            found = await pounds.by_value(self.ds, pairs, where, self.params, list(asked))
        except QueryInterrupted:
            return [], list(asked)
        # The page's headline is the sum of any of them.
        pounds.remember(self.request, where, next(iter(found.values())))
        return [await self._told(name, asked[name], found[name], pairs) for name in asked], []

    async def _asked(self) -> dict[str, str]:
        """column -> the argument that asks for it, empty for those of metadata.yml."""
        configs = load_facet_configs(self.request, self.metadata)
        if self.table != TABLE:
            if configs.get(self.type):
                raise BadRequest("Only the table spend can be broken down in pounds.")
            return {}
        known = await self.ds.get_database(self.database).table_columns(TABLE)
        asked: dict[str, str] = {}
        for kind, argument in ((self.type, "_facet_pounds"), ("column", "_facet")):
            for one in configs.get(kind, []):
                column = one["config"].get("column") or one["config"].get("simple")
                if column in known:
                    asked.setdefault(column, "" if one["source"] == "metadata" else argument)
                elif kind == self.type:
                    raise BadRequest(f"There is no column “{column}” to break down by.")
        return asked

    async def _told(
        self, column: str, argument: str, found: dict[Any, dict[str, Any]], pairs: filters.Pairs
    ) -> dict[str, Any]:
        """One breakdown, the value with the most lines first."""
        known = {value: sums for value, sums in found.items() if value is not None}
        order = sorted(known, key=lambda value: (-known[value]["lines"], value))
        size = self.get_facet_size()
        labels = await self.ds.expand_foreign_keys(self.database, TABLE, column, order[:size])
        removed = path_with_removed_args(self.request, {argument: column})
        return {
            "name": column,
            "type": self.type,
            "hideable": bool(argument),
            "toggle_url": self.ds.urls.path(removed),
            "results": [
                {
                    "value": value,
                    "label": labels.get((column, value), value),
                    **self._toggle(column, value, pairs),
                    **_figures(known[value]),
                }
                for value in order[:size]
            ],
            "truncated": len(order) > size,
            "not_published": _figures(found[None]) if None in found else None,
        }

    def _toggle(self, column: str, value: Any, pairs: filters.Pairs) -> dict[str, Any]:
        """Whether the page is filtered by the value, and the address that turns that over."""
        selected = (column, str(value)) in pairs
        turned = path_with_removed_args if selected else path_with_added_args
        path = turned(self.request, {column: str(value) if selected else value})
        url = self.ds.absolute_url(self.request, self.ds.urls.path(path))
        return {"toggle_url": url, "selected": selected}


def _figures(sums: dict[str, Any]) -> dict[str, Any]:
    return {
        "count": sums["lines"],
        "amount_pence": sums["pence"],
        "sme_share": pounds.sme_share(sums),
    }
