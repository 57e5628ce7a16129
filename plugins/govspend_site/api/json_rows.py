"""Rows as JSON shows them: pounds exact to the penny, lists as lists, true and false."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import simplejson

from govspend_site.api.asking import Column


def pounds(pence: int | None) -> Decimal | None:
    """1234560 pence are 12345.60, with both decimals; unknown is unknown."""
    return None if pence is None else Decimal(pence).scaleb(-2)


def shown(value: Any, column: Column) -> Any:
    """A value of the database; of a column in pounds it is in pence."""
    if value is None:
        return None
    if column.pence:
        return pounds(value)
    if column.type is bool:
        return bool(value)
    return json.loads(value) if column.storage == "text" and column.type is not str else value


def row(found: Mapping[str, Any], fields: tuple[str, ...], known: dict[str, Column]) -> Any:
    return {name: shown(found[name], known[name]) for name in fields}


def dumps(body: Any) -> str:
    """JSON whose decimals are numbers as they are written, never through a float."""
    return f"{simplejson.dumps(body, use_decimal=True, ensure_ascii=False)}\n"
