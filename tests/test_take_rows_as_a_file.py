"""An analyst takes rows as a file: whole, of the right type, and the same in every format."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import httpx
import openpyxl
import pyarrow.parquet as pq
import pytest
from conftest import Site, in_a_loop
from govspend_site import export, lane, lane_worker, parquet_writer, writers
from hypothesis import given, settings
from hypothesis import strategies as st

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
Row = dict[str, Any]


def rows_of_csv(data: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


def rows_of_ndjson(data: bytes) -> list[Row]:
    return [json.loads(line) for line in data.decode("utf-8").split("\n")[:-1]]


def rows_of_xml(data: bytes) -> list[Row]:
    return [
        {cell.get("name") or cell.tag: None if cell.get(NIL) else cell.text or "" for cell in row}
        for row in ElementTree.fromstring(data)
    ]


def rows_of_xlsx(data: bytes) -> list[Row]:
    sheet = openpyxl.load_workbook(io.BytesIO(data), read_only=True)["Rows"]
    heading, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, heading), row, strict=True)) for row in rows]


def rows_of_parquet(data: bytes) -> list[Row]:
    found: list[Row] = pq.read_table(io.BytesIO(data)).to_pylist()
    return found


READERS = {
    "csv": rows_of_csv, "ndjson": rows_of_ndjson, "xml": rows_of_xml, "xlsx": rows_of_xlsx,
    "parquet": rows_of_parquet,
}  # fmt: skip


def taken(site: Site, path: str, ending: str, **arguments: str) -> list[Row]:
    query = f"?{urlencode(arguments)}" if arguments else ""
    answer = site.get(f"{path}.{ending}{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == export.FORMATS[ending].content_type
    assert answer.headers["content-disposition"].endswith(f'.{ending}"')
    return READERS[ending](answer.content)


def as_text(rows: list[Row]) -> list[dict[str, str]]:
    """Rows with every value as CSV has it, so that formats can be held against each other."""
    return [{name: said(value) for name, value in row.items()} for row in rows]


def said(value: Any) -> str:
    if value is None:
        return ""
    text = str(value)
    try:
        # Spreadsheets keep sixteen digits of a fraction, and 12.0 is 12 to them.
        return f"{float(text):.14g}" if "." in text else text
    except ValueError:
        return text


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("/govspend/spend", {"sector": "Local Government", "_sort": "spend_id"}),
        ("/govspend/spend_named", {"month": "2014-06-01"}),
        ("/govspend/spend", {"_search": "hosting", "_sort_desc": "line_number"}),
        ("/govspend/spend", {"_search": "cloud", "_where": "amount < 0", "_sort": "spend_id",
                             "_nocol": "amount"}),
        ("/govspend/revisions", {}),
        ("/govspend/releases", {}),
        ("/govspend/who-sells", {"words": "security"}),
        ("/govspend", {"sql": "select supplier_size, sum(amount_pence) as pence, null as unknown, "
                              "avg(amount) as mean from spend group by 1"}),
        ("/govspend", {"sql": "select name from suppliers where name like :like", "like": "%ltd"}),
    ],
)  # fmt: skip
def test_every_format_holds_the_same_rows(
    real_site: Site, path: str, arguments: dict[str, str]
) -> None:
    """A table, a view, a search, a question and SQL: the same rows in the same order."""
    found = {ending: as_text(taken(real_site, path, ending, **arguments)) for ending in READERS}
    assert found["csv"]
    for ending, rows in found.items():
        assert rows == found["csv"], ending


def test_a_file_holds_all_rows_and_not_a_page_of_them(real_site: Site) -> None:
    """Every line to the penny, in each format; fewer only where fewer are asked for."""
    with sqlite3.connect(f"file:{real_site.db}?mode=ro", uri=True) as db:
        count, pence = db.execute("SELECT count(*), sum(amount_pence) FROM spend").fetchone()
    for ending in READERS:
        rows = taken(real_site, "/govspend/spend_named", ending, _col="amount_pence")
        assert (len(rows), sum(int(row["amount_pence"]) for row in rows)) == (count, pence), ending
    assert len(taken(real_site, "/govspend/spend", "csv", _size="7")) == 7
    assert len(taken(real_site, "/govspend/spend", "csv", _size="max", _stream="on")) == count


def test_text_stays_text(real_site: Site) -> None:
    """`@UK PLC` is a real supplier; what looks like a formula is that text, no formula."""
    texts = [
        "@UK PLC",
        "=1+1",
        "+44",
        "-1",
        "00123",
        "1e5",
        "TRUE",
        'a "b", c',
        "two\nlines",
        "é🙂",
    ]
    sql = " union all ".join(f"select {n} as n, :t{n} as text" for n in range(len(texts)))
    given_ = {f"t{n}": text for n, text in enumerate(texts)}
    for ending in READERS:
        rows = taken(real_site, "/govspend", ending, sql=sql, **given_)
        assert [row["text"] for row in rows] == texts, ending
    data = real_site.get(f"/govspend.xlsx?{urlencode({'sql': sql, **given_})}").content
    cells = openpyxl.load_workbook(io.BytesIO(data))["Rows"]["B"]
    assert {cell.data_type for cell in cells} == {"s"}
    names = {row["name"] for row in taken(real_site, "/govspend/suppliers", "csv")}
    assert "@UK PLC" in names


def test_typed_files_have_types(real_site: Site) -> None:
    """A month is a day, pence are whole numbers, and the file says what it is and whose."""
    data = real_site.get("/govspend/spend_named.parquet").content
    schema = pq.read_schema(io.BytesIO(data))
    kinds = {name: str(schema.field(name).type) for name in schema.names}
    assert kinds["month"] == "date32[day]"
    assert kinds["amount_pence"] == "int64"
    assert kinds["amount"] == "double"
    assert set(kinds.values()) == {"string", "int64", "double", "date32[day]"}
    about = {key.decode(): value.decode() for key, value in schema.metadata.items()}
    assert about["edition"].startswith("2014-06-")
    assert "Open Government Licence" in about["licence"]
    book = openpyxl.load_workbook(
        io.BytesIO(real_site.get("/govspend/suppliers.xlsx").content)
    )["About"]  # fmt: skip
    assert {row[0].value for row in book.rows} >= {"edition", "licence", "attribution"}
    xml = ElementTree.fromstring(real_site.get("/govspend/suppliers.xml").content)
    assert xml.get("edition") == about["edition"]


def test_a_csv_for_excel_begins_with_the_mark_that_it_knows(real_site: Site) -> None:
    """The same bytes with a BOM before them, on request and not otherwise."""
    plain = real_site.get("/govspend/suppliers.csv").content
    assert real_site.get("/govspend/suppliers.csv?_bom=on").content == b"\xef\xbb\xbf" + plain
    assert not plain.startswith(b"\xef\xbb\xbf")


def test_both_readers_of_sqlite_give_the_same_parquet(real_site: Site) -> None:
    """Our own rows go by Arrow's driver, a visitor's by Python: nobody can tell which."""
    ours = real_site.get("/govspend/spend_named.parquet?_sort=line_number").content
    theirs = real_site.get("/govspend/spend_named.parquet?_sort=line_number&_where=1").content
    first, second = (pq.read_table(io.BytesIO(data)) for data in (ours, theirs))
    assert first.equals(second)
    assert first.schema.equals(second.schema, check_metadata=True)


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/govspend/spend.csv?nonsense=1", 400, "There is no column “nonsense”"),
        ("/govspend/no-such-table.xlsx", 404, "Page not found"),
        ("/govspend.parquet", 400, "Give the SQL in sql="),
        ("/govspend.ndjson?sql=select+x", 400, "no such column: x"),
        ("/govspend.xml?sql=delete+from+spend", 400, "Statement must be a SELECT"),
        ("/govspend/spend.csv?_size=x", 400, "_size cannot be 'x'"),
        ("/govspend/spend.csv?_where=(", 400, "syntax error"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_had_says_why(
    sample_site: Site, path: str, status: int, says: str
) -> None:
    """In plain text with the right status, before anything is sent."""
    answer = sample_site.get(path)
    assert answer.status_code == status
    assert says in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


def test_more_rows_than_a_worksheet_holds_are_refused(sample_site: Site) -> None:
    """Refused whole, naming what can hold them; as CSV a visitor's million is the end, and loud."""
    counting = "with recursive c(n) as (select 1 union all select n+1 from c) select n from c"
    answer = sample_site.get(f"/govspend.xlsx?{urlencode({'sql': f'{counting} limit 1000001'})}")
    assert answer.status_code == 400
    assert "more than the 1,000,000 rows" in answer.text
    with pytest.raises(httpx.RemoteProtocolError):
        sample_site.get(f"/govspend.csv?{urlencode({'sql': counting})}")
    task = {"sql": f"{counting} limit 1048576", "parameters": {}, "types": {}, "about": {},
            "format": "xlsx", "rows": 10**9, "bytes": 10**9, "ours": True}  # fmt: skip
    sent: list[Any] = []
    with pytest.raises(lane_worker.TooMuch, match="CSV or Parquet"):
        writers.write(sqlite3.connect(":memory:"), task, sent.append)
    assert not sent


def test_a_file_that_takes_too_long_ends_with_its_worker(sample_build: Path) -> None:
    """Whether it gives rows or none: when its time is up it is over."""
    database = SimpleNamespace(path=str((sample_build / "govspend.db").resolve()), is_mutable=False)
    slow = "select count(*) from spend a, spend b, spend c"

    async def run() -> float:
        pool = lane.Pool(1, 1, 10**9, 128 * 10**6)
        task = {**lane.task_of(database, slow), "types": {}, "about": {}, "format": "csv",
                "ours": False}  # fmt: skip
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            async with pool.worker() as worker:
                async for _ in worker.messages(task, 0.5):
                    pass
        await pool.close()
        return time.monotonic() - started

    assert in_a_loop(run()) < 1.5


def test_memory_stays_flat_as_rows_grow(sample_build: Path) -> None:
    """A worker writes ten times the rows in the same memory, once they fill its batches."""
    database = SimpleNamespace(path=str((sample_build / "govspend.db").resolve()), is_mutable=False)
    every = "select a.* from spend_named a, (select 1 from spend limit :times)"

    async def run() -> list[int]:
        pool = lane.Pool(1, 1, 10**9, 128 * 10**6)
        peaks = []
        for times in (20, 200):
            task = {**lane.task_of(database, every, {"times": times}), "types": {}, "about": {},
                    "format": "csv", "rows": 10**9, "bytes": 10**10, "ours": True}  # fmt: skip
            async with pool.worker() as worker:
                async for _ in worker.messages(task, 120):
                    pass
            status = Path(f"/proc/{pool.idle[0].pid}/status").read_text()
            peaks.append(int(status.partition("VmHWM:")[2].split()[0]) // 1000)
        await pool.close()
        return peaks

    few, many = in_a_loop(run())
    assert many - few < 10, (few, many)


CELLS = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.text(max_size=20), st.binary(max_size=9),
    st.floats(allow_nan=False),
)  # fmt: skip


@settings(max_examples=25)
@given(st.lists(st.tuples(CELLS, CELLS, st.text(max_size=12)), max_size=12), st.data())
def test_what_goes_in_comes_out(rows: list[tuple[Any, ...]], data: st.DataObject) -> None:
    """Any values of any types, in every format: none is lost, moved or taken for another."""
    rows = [tuple(clean(value) for value in row) for row in rows]
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, a, b, c)")
    db.executemany("INSERT INTO t (a, b, c) VALUES (?, ?, ?)", rows)
    for ending, reader in READERS.items():
        sent: list[Any] = []
        task = {"sql": "SELECT a, b AS a, c AS 'ü <x>' FROM t ORDER BY n", "parameters": {},
                "types": {}, "about": {"note": "<&>"}, "format": ending, "rows": 100,
                "bytes": 10**7, "ours": False}  # fmt: skip
        writers.write(db, task, sent.append)
        assert sent[-1] == ["end", False]
        found = reader(b"".join(message[1] for message in sent[:-1]))
        assert [[told(v) for v in row.values()] for row in found] == [
            [told(writers.plain(v) if ending != "parquet" else v) for v in row] for row in rows
        ] or ending == "parquet", ending
        if ending == "parquet":
            assert len(found) == len(rows)
            assert [list(row.values())[2] for row in found] == [row[2] for row in rows]


@pytest.mark.parametrize(
    ("values", "kind"),
    [((2**53 + 1, 7), "int64"), ((2**53, 0.5), "double"), ((2**53 + 1, 0.5), "string")],
)
def test_a_whole_number_that_no_fraction_holds_is_not_rounded(
    values: tuple[Any, ...], kind: str
) -> None:
    """Protects numbers that go on to the last digit: what one type cannot hold is text."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE t (a)")
    db.executemany("INSERT INTO t VALUES (?)", [(value,) for value in values])
    sent: list[Any] = []
    task = {"sql": "SELECT a FROM t", "parameters": {}, "types": {}, "about": {},
            "format": "parquet", "rows": 9, "bytes": 10**6, "ours": False}  # fmt: skip
    writers.write(db, task, sent.append)
    found = pq.read_table(io.BytesIO(b"".join(message[1] for message in sent[:-1])))
    assert str(found.schema.field("a").type) == kind
    assert [
        type(value)(cell) for value, cell in zip(values, found["a"].to_pylist(), strict=True)
    ] == [*values]


def clean(value: Any) -> Any:
    """Text without what a database's text, a workbook or XML cannot hold."""
    if isinstance(value, str):
        kept = writers.in_xml(value.encode("utf-8", "replace").decode("utf-8"))
        return kept.replace("\r", "").replace("\x00", "")
    return value


def told(value: Any) -> str:
    """A value as text, numbers by their worth."""
    if value is None or value == "":
        return ""
    if isinstance(value, bytes):
        return value.hex()
    try:
        # A workbook keeps sixteen digits of a fraction.
        return f"{float(value):.12e}"
    except ValueError:
        return str(value)


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("select :a, :b, :a", ["a", "b"]),
        ("select ':no', \":no\", [:no], :yes -- :no\n, /* :no */ :also", ["yes", "also"]),
        ("select 'it''s :no', :p0", ["p0"]),
        ("select 1", []),
    ],
)
def test_parameters_are_numbered_as_sqlite_numbers_them(sql: str, names: list[str]) -> None:
    """What stands in quotes or comments is none."""
    assert parquet_writer.in_order(sql, {name: name for name in names}) == names
