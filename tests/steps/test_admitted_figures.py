"""What must hold for every list of admitted suppliers and for all sales."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import writable
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

SQL = ROOT / "plugins" / "govspend_site" / "sql"
COUNTS = ("admitted_count", "sold_count", "second_buyer_count")
FIRMS, BUYERS = ("a", "b", "c", "d"), ("x", "y", "z")
FRAMEWORKS = ("G-Cloud", "G-Cloud 3", "G-Cloud 4", "G-Cloud 12", "Digital Outcomes and Specialists")
MONTHS = ("2012-05-01", "2013-05-01", "2014-01-01")
lines_of_a_list = st.lists(
    st.tuples(
        st.sampled_from(FRAMEWORKS), st.sampled_from((*FIRMS, "idle", "other")),
        st.sampled_from((None, "SME", "Large")),
    ),
    max_size=12,
)  # fmt: skip
sales = st.lists(
    st.tuples(
        st.sampled_from((None, *FRAMEWORKS)), st.sampled_from(FIRMS), st.sampled_from(BUYERS),
        st.sampled_from(MONTHS), st.sampled_from((-5, 0, 7)),
    ),
    max_size=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def empty() -> Iterator[sqlite3.Connection]:
    """The tables of an edition, with the frameworks and nothing else."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.row_factory = sqlite3.Row
        for part in ("schema.sql", "views.sql"):
            db.executescript((ROOT / "ingest" / part).read_text())
        writable.make(db)
        with (ROOT / "ingest" / "reference" / "frameworks.csv").open() as file:
            db.executemany(
                "INSERT INTO frameworks VALUES (:framework, :agreement_number, "
                "nullif(:first_month, ''), :family, :note)",
                csv.DictReader(file),
            )
        yield db


# As the build adds them up.
CUBE = """
INSERT INTO pair_years
SELECT buyer_id, supplier_id, financial_year, framework, lot, sector, supplier_size, count(*),
    sum(amount_pence), sum(amount_pence > 0), sum(max(amount_pence, 0)), min(month), max(month),
    min(CASE WHEN amount_pence > 0 THEN month END), max(CASE WHEN amount_pence > 0 THEN month END)
FROM spend
GROUP BY buyer_id, supplier_id, financial_year, framework, lot, sector, supplier_size
"""


def filled(db: sqlite3.Connection, listed: Any, sold: Any) -> None:
    db.executescript("DELETE FROM spend; DELETE FROM pair_years; DELETE FROM admitted;")
    known = {firm for _, firm, _, _, _ in sold}
    db.executemany(
        "INSERT INTO admitted VALUES (?, 'l', 'u', 0, ?, NULL, ?, ?, ?, ?)",
        [(str(n), framework, size, firm, firm, firm if firm in known else None)
         for n, (framework, firm, size) in enumerate(listed)],
    )  # fmt: skip
    db.executemany(
        "INSERT INTO spend (spend_id, release_id, line_number, framework, supplier_id, buyer_id, "
        "month, amount_pence, supplier_name_id, buyer_name_id) "
        "VALUES (?, 'r', 0, ?, ?, ?, ?, ?, 0, 0)",
        [(str(n), *sale) for n, sale in enumerate(sold)],
    )
    db.execute(CUBE)


def may_be_through(db: sqlite3.Connection, asked: str, published: str | None, month: str) -> bool:
    """Whether a sale counts for a framework, told one sale at a time."""
    family, opened = db.execute(
        "SELECT family, first_month FROM frameworks WHERE framework = ?", [asked]
    ).fetchone()
    if published is None or published == asked:
        return published == asked
    if asked == family:
        return published.startswith(family)
    return published == family and month[:7] >= (opened or "")


@settings(max_examples=150)
@given(listed=lines_of_a_list, sold=sales, size=st.sampled_from(("SME", "Large", "any")))
def test_who_reached_a_second_buyer_sold_and_who_sold_was_admitted(
    empty: sqlite3.Connection, listed: Any, sold: Any, size: str
) -> None:
    """For every list and all sales: admitted >= sold >= second buyer, and each is a plain count."""
    filled(empty, listed, sold)
    sql = (SQL / "admitted.sql").read_text()
    found = {row["framework"]: row for row in empty.execute(sql, {"size": size})}
    assert set(found) == {framework for framework, _, _ in listed}
    for framework, row in found.items():
        own = [(firm, its) for name, firm, its in listed if name == framework]
        by_size = size != "any" and all(its for _, its in own)
        firms = {firm for firm, its in own if not by_size or its == size}
        counted = [
            (firm, buyer) for name, firm, buyer, month, pence in sold
            if pence > 0 and may_be_through(empty, framework, name, month)
        ]  # fmt: skip
        met = {firm: {buyer for who, buyer in counted if who == firm} for firm in firms}
        expected: tuple[int | None, ...] = (len(firms), None, None)
        if counted:
            expected = (len(firms), sum(map(bool, met.values())),
                        sum(len(buyers) > 1 for buyers in met.values()))  # fmt: skip
            assert row["admitted_count"] >= row["sold_count"] >= row["second_buyer_count"] >= 0
        assert tuple(row[key] for key in COUNTS) == expected
