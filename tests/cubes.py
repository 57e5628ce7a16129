"""The cubes of a database whose lines were written by hand, as the build would make them."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from pathlib import Path

import pyarrow as pa

from ingest import columnar, fill, relate
from ingest.engines.local import LocalEngine

OF_SPEND = {"pair_months", "pair_years", "pair_totals", "party_months", "usual_deals"}
_FACETS = ("month", "framework", "lot", "sector", "supplier_size")


def make(db: sqlite3.Connection) -> None:
    """Fills the cubes of the lines of `spend`, which are all of one release."""
    lines = db.execute(
        f"SELECT release_id, line_number, {', '.join(_FACETS)}, supplier_id, buyer_id, "  # noqa: S608
        "amount_pence FROM spend ORDER BY rowid"
    ).fetchall()
    suppliers, buyers = (sorted({line[place] for line in lines}) for place in (7, 8))
    keys = relate.Keys(
        sorted({line[0] for line in lines}), ["feed"], suppliers, buyers,
        {name: [] for name in _FACETS}, ["", *suppliers], ["", *buyers],
    )  # fmt: skip
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(LocalEngine(Path(folder) / "engine")) as engine,
    ):
        _hold(engine, lines, suppliers, buyers)
        for what, name, sql in relate.statements():
            if what == "view":
                engine.define(name, sql)
            elif what == "table":
                engine.make(name, sql)
        fill.fill(db, engine, keys, OF_SPEND)


def _hold(
    engine: LocalEngine, lines: list[tuple[object, ...]], suppliers: list[str], buyers: list[str]
) -> None:
    numbers = list(range(len(lines)))
    facets = dict(zip(_FACETS, zip(*(line[2:7] for line in lines), strict=True), strict=True))
    under = {name: facets.get(name.removesuffix("_published")) for name in columnar.COUNTED_UNDER}
    years = [relate.financial_year(str(month)) for month in facets["month"]]
    engine.hold("under", pa.table({
        "under_key": numbers, "financial_year": years,
        **{name: pa.array(values, pa.string()) for name, values in under.items()},
    }))  # fmt: skip
    engine.hold("staged", pa.table({
        "release_key": [0] * len(lines), "line_number": [line[1] for line in lines],
        "base_id": numbers, "under_key": numbers,
        "supplier_place": [suppliers.index(str(line[7])) for line in lines],
        "buyer_place": [buyers.index(str(line[8])) for line in lines],
        "description": pa.array([None] * len(lines), pa.string()),
        "amount_pence": [line[9] for line in lines],
    }))  # fmt: skip
    engine.hold("releases", pa.table({
        "release_key": [0], "feed_key": [0], "position": [1], "is_current": [1], "adds": [0],
    }))  # fmt: skip
    none = pa.array([], pa.int64())
    engine.hold("followers", pa.table({"release_key": none, "previous_key": none}))
    for kind, parties in (("supplier", suppliers), ("buyer", buyers)):
        places = list(range(len(parties)))
        ids = [place + 1 for place in places]
        engine.hold(f"{kind}_places", pa.table({f"{kind}_place": places, f"{kind}_name_id": ids}))
        engine.hold(f"{kind}_names", pa.table({f"{kind}_name_id": ids, f"{kind}_key": places}))
