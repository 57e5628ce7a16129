"""Relations to rows, column by column: what Arrow makes of numbers is what Python would."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import load
from ingest.ahead import ahead
from ingest.errors import IngestError
from ingest.fill import UNDER, digits, insert, spend_ids
from ingest.read_back import Numbers
from ingest.relate import Keys

WHOLE = st.integers(-(1 << 63), (1 << 63) - 1)
COUNTS = ("supplier_count", "buyer_count", "new_supplier_count", "new_buyer_count")
TEXTS = st.lists(st.sampled_from(["Derby", "Derry", "", "é", None]), max_size=20)


@given(st.lists(WHOLE, max_size=20), st.integers(0, 5))
def test_an_id_has_its_sixteen_digits(numbers: list[int], left_out: int) -> None:
    """Protects links to lines, of which half have ids below nought."""
    column = pa.array(numbers, pa.int64()).slice(left_out)
    found = digits(column)
    found.validate(full=True)
    assert found.to_pylist() == [f"{n & (1 << 64) - 1:016x}" for n in numbers[left_out:]]


@given(st.lists(st.tuples(WHOLE, st.integers(1, 300)), max_size=20))
def test_twins_are_told_apart(lines: list[tuple[int, int]]) -> None:
    ids, places = [n for n, _ in lines], [place for _, place in lines]
    found = spend_ids(pa.array(ids, pa.int64()), pa.array(places, pa.int64())).to_pylist()
    assert found == [
        f"{n & (1 << 64) - 1:016x}" + (f"-{place}" if place > 1 else "") for n, place in lines
    ]


@given(TEXTS, TEXTS)
def test_the_same_text_has_the_same_number_in_all_tables(one: list[str], two: list[str]) -> None:
    """Protects the audit, which compares numbers where the tables have texts."""
    numbers, found = Numbers({"name": None}), []
    for texts in (one, two):
        table = pa.table({"name": pa.array(texts, pa.string()), "place": range(len(texts))})
        rows = numbers.of(table.to_reader(max_chunksize=3)).read_all()
        assert rows.column("place").to_pylist() == list(range(len(texts)))
        found += rows.column("name").to_pylist()
    pairs = set(zip([*one, *two], found, strict=True))
    assert len({text for text, _ in pairs}) == len({number for _, number in pairs}) == len(pairs)
    assert all((text is None) == (number is None) for text, number in pairs)


def test_one_item_is_made_while_another_is_in_use() -> None:
    """It would wait for ever if the second began only when the first is done with."""
    second = threading.Event()

    def items() -> Iterator[int]:
        yield 0
        second.set()
        yield from (1, 2)

    found = []
    for item in ahead(items()):
        assert second.wait(30)
        found.append(item)
    assert found == [0, 1, 2]


def test_what_goes_wrong_in_the_making_is_told() -> None:
    """A build must not take the first half of the lines for all of them."""

    def items() -> Iterator[int]:
        yield 0
        raise OSError("the disk is full")

    found = []
    with pytest.raises(OSError, match="the disk is full"):
        for item in ahead(items()):
            found.append(item)
    assert found == [0]


def test_rows_that_cannot_be_made_stop_the_build_with_their_own_words(tmp_path: Path) -> None:
    """Whoever runs the build reads why, and not what a driver makes of it."""
    path = tmp_path / "new.db"
    load.create(path).close()
    keys = Keys([], [], [], [], {name: [] for name in UNDER}, [], [])

    def batches() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch({"month": ["2014-06-01"], **{key: [1] for key in COUNTS}})
        raise IngestError("DuckDB needs more than 96 MB")

    with pytest.raises(IngestError, match="needs more than 96 MB"):
        insert(path, "party_months", batches(), keys)


def test_rows_that_do_not_fit_their_table_stop_the_build(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    load.create(path).close()
    keys = Keys([], [], [], [], {name: [] for name in UNDER}, [], [])
    twice = pa.record_batch({"month": ["2014-06-01"] * 2, **{key: [1, 1] for key in COUNTS}})
    with pytest.raises(Exception, match="UNIQUE constraint failed: party_months"):
        insert(path, "party_months", iter([twice]), keys)
