"""The cubes of a database whose lines were written by hand, as the build would make them."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest import columnar, fill, relate
from ingest.engines.local import LocalEngine

OF_SPEND = {
    "pair_months_keyed", "pair_years", "pair_totals", "supplier_months_keyed", "buyer_months_keyed",
    "supplier_years", "buyer_years", "supplier_sizes", "supplier_totals", "buyer_totals",
    "party_months", "usual_deals",
}  # fmt: skip
_FACETS = ("month", "framework", "lot", "sector", "supplier_size")


def make(db: sqlite3.Connection) -> None:
    """Fills the cubes of the lines of `spend`, whose names are told by their numbers.

    The database is a file, in which nothing is begun.
    """
    (path,) = (row[2] for row in db.execute("PRAGMA database_list") if row[1] == "main")
    lines = db.execute(
        f"SELECT release_id, line_number, {', '.join(_FACETS)}, amount_pence, supplier_name_id, "  # noqa: S608
        "buyer_name_id, (SELECT categories_key FROM spend_keyed "
        "WHERE spend_keyed.rowid = spend.rowid) FROM spend ORDER BY rowid"
    ).fetchall()
    releases = _by_key(db, "release")
    ids = {kind: _by_key(db, kind) for kind in relate.KINDS}
    parties = {
        kind: dict(db.execute(f"SELECT DISTINCT {kind}_name_id, {kind}_id FROM spend"))  # noqa: S608
        for kind in relate.KINDS
    }
    of_name = {
        kind: [known.get(number, "") for number in range(max(known) + 1)]
        for kind, known in parties.items()
    }
    keys = relate.Keys(
        releases, ["feed"], ids["supplier"], ids["buyer"], {name: [] for name in fill.UNDER},
        of_name["supplier"], of_name["buyer"],
    )  # fmt: skip
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(LocalEngine(Path(folder) / "engine")) as engine,
    ):
        _hold(engine, lines, releases)
        for kind, known in parties.items():
            places = {party: key for key, party in enumerate(ids[kind])}
            numbers, keyed = [*known], [places[party] for party in known.values()]
            for name, column in (("places", f"{kind}_place"), ("names", f"{kind}_key")):
                values = numbers if name == "places" else keyed
                engine.hold(
                    f"{kind}_{name}", pa.table({f"{kind}_name_id": numbers, column: values})
                )
        for what, name, sql in relate.statements():
            if what == "view":
                engine.define(name, sql)
            elif what == "table":
                engine.make(name, sql)
        fill.fill(Path(path), engine, keys, OF_SPEND)


def _by_key(db: sqlite3.Connection, kind: str) -> list[str]:
    """Ids by the keys that stand for them."""
    known = dict(db.execute(f"SELECT {kind}_key, {kind}_id FROM {kind}s"))  # noqa: S608
    return [known.get(key, "") for key in range(max(known) + 1)]


def _hold(engine: LocalEngine, lines: list[tuple[Any, ...]], releases: list[str]) -> None:
    numbers = list(range(len(lines)))
    keys = [releases.index(line[0]) for line in lines]
    facets = dict(zip(_FACETS, zip(*(line[2:7] for line in lines), strict=True), strict=True))
    under = {name: facets.get(name.removesuffix("_published")) for name in columnar.COUNTED_UNDER}
    years = [relate.financial_year(month) for month in facets["month"]]
    engine.hold("under", pa.table({
        "under_key": numbers, "shard": [relate.ONE] * len(lines), "financial_year": years,
        "categories_key": [line[10] for line in lines],
        **{name: pa.array(values, pa.string()) for name, values in under.items()},
    }))  # fmt: skip
    engine.hold("staged", pa.table({
        "release_key": keys, "line_number": [line[1] for line in lines], "base_id": numbers,
        "under_key": numbers, "supplier_place": [line[8] for line in lines],
        "buyer_place": [line[9] for line in lines],
        "description": pa.array([None] * len(lines), pa.string()),
        "amount_pence": [line[7] for line in lines],
    }))  # fmt: skip
    every = list(range(len(releases)))
    one = [1] * len(releases)
    engine.hold("releases", pa.table({
        "release_key": every, "feed_key": [0] * len(releases), "position": every,
        "is_current": one, "adds": one,
    }))  # fmt: skip
    none = pa.array([], pa.int64())
    engine.hold("followers", pa.table({"release_key": none, "previous_key": none}))
