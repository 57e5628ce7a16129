"""What a key stands for, looked up once for all the lines that have it: to join takes longer."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Lookup:
    """A column that another one decides: where `keys` has what is in column `by`, its value."""

    by: str
    keys: pa.Array
    values: pa.Array

    def of(self, cells: pa.RecordBatch) -> pa.Array:
        """The column, a dictionary of texts, for rows that have the other."""
        found = cells.column(self.by).dictionary_encode()
        # What few keys stand for is looked up once each.
        places = pc.index_in(found.dictionary, self.keys.cast(found.dictionary.type))
        values = self.values.take(places)
        return values.take(found.indices).dictionary_encode()


def read(db: sqlite3.Connection, sql: str) -> dict[str, Lookup]:
    """Column -> how it is looked up: the first column of what `sql` gives decides the others."""
    rows = db.execute(sql)
    by, *decided = (column[0] for column in rows.description)
    known = rows.fetchall()
    keys = pa.array([row[0] for row in known])
    return {
        name: Lookup(by, keys, pa.array([row[place] for row in known], pa.string()))
        for place, name in enumerate(decided, 1)
    }
