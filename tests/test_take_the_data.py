"""An analyst takes the data as a whole: every file is what the list says, and they all agree."""

from __future__ import annotations

import csv
import datetime
import gzip
import hashlib
import html
import io
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Site, absent
from frictionless import validate
from govspend_site import file_answer
from hypothesis import given
from hypothesis import strategies as st
from taken import listed, taken

from ingest import bulk

VIEW = "SELECT * FROM spend_named ORDER BY month, spend_id"


@pytest.fixture(scope="module")
def folder(real_site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every file that the real site offers, in one folder, as a person would save them."""
    place = tmp_path_factory.mktemp("taken")
    for name in listed(real_site):
        (place / name).write_bytes(taken(real_site, name))
    return place


def test_every_file_is_what_the_list_says(real_site: Site, folder: Path) -> None:
    """Protects who checks what was fetched: size, hash, type and name are those of the bytes."""
    page = real_site.get("/downloads").text
    found = listed(real_site)
    assert {"spend.csv.gz", "spend.parquet", "govspend.db", "datapackage.json"} < set(found)
    for name, file in found.items():
        data = (folder / name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["byte_count"], file["sha256"])
        assert file["sha256"] in page
        assert file["description"], f"metadata.yml says nothing of {file['kind']}"
        head = httpx.head(file["url"], timeout=30)
        assert head.headers["content-length"] == str(len(data))
        assert head.headers["content-type"] == file["media_type"]
        assert "content-encoding" not in head.headers
        saved = re.fullmatch(r'attachment; filename="(.+)"', head.headers["content-disposition"])
        assert saved is not None
        assert re.fullmatch(r"govspend-2014-06-[0-9a-f]{8}[.-].+", saved[1])
    # Datasette's own address of the database still gives the same file.
    assert real_site.get("/govspend.db").content == (folder / "govspend.db").read_bytes()
    assert 'href="/govspend.db"' in page
    # The database holds postcodes, whose owners ask to be named wherever they go.
    assert "Contains OS data" in page and "Royal Mail" in page


def test_the_commands_on_the_page_work(real_site: Site, tmp_path: Path) -> None:
    """Protects the newcomer: what the page tells to type fetches, verifies and opens the data."""
    for tool in ("curl", "sha256sum", "sqlite3"):
        if shutil.which(tool) is None:
            absent(tool)
    page = real_site.get("/downloads").text
    blocks = [html.unescape(b) for b in re.findall(r"<code>(.*?)</code></pre>", page, re.DOTALL)]
    check = next(block for block in blocks if block.startswith("curl"))
    # Begun and broken off: the command goes on from there.
    whole = taken(real_site, "spend.csv.gz")
    (tmp_path / "spend.csv.gz").write_bytes(whole[:1000])
    for _ in range(2):
        done = subprocess.run(
            ["sh", "-c", check], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.stdout.strip() == "spend.csv.gz: OK", done.stderr
    pandas = next(block for block in blocks if block.startswith("import pandas"))
    said = subprocess.run(
        [sys.executable, "-c", f"{pandas}; print(spend.amount.sum())"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if shutil.which("Rscript"):
        script = next(block for block in blocks if block.startswith("download.file"))
        shown = f"{script}; cat(sprintf('%.0f', sum(spend$amount_pence)), nrow(spend))"
        told = subprocess.run(
            ["Rscript", "-e", shown], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        assert told.split() == ["21745567458", "13492"]
    query = next(block for block in blocks if block.startswith("sqlite3"))
    name = query.split()[2]
    (tmp_path / name).write_bytes(taken(real_site, "govspend.db"))
    pence = subprocess.run(
        ["sh", "-ec", query], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert Decimal(said.strip()) * 100 == int(pence) == 21745567458


def test_csv_parquet_and_database_agree_to_the_penny(folder: Path) -> None:
    """Protects every figure that is made of a file: each cell of each line is the database's."""
    with sqlite3.connect(folder / "govspend.db") as db:
        db.row_factory = sqlite3.Row
        rows = [dict(row) for row in db.execute(VIEW)]
    text = gzip.decompress((folder / "spend.csv.gz").read_bytes())
    assert not text.startswith(b"\xef\xbb\xbf")
    lines = list(csv.DictReader(io.StringIO(text.decode("utf-8"), newline="")))
    table = pq.read_table(folder / "spend.parquet").to_pylist()
    for found in (lines, table):
        # In the order of the one release that they come from.
        numbers = [int(line["line_number"]) for line in found]
        assert numbers == sorted(numbers)
        found.sort(key=lambda line: (line["month"], line["spend_id"]))
    assert len(rows) == len(lines) == len(table) == 13_492
    assert list(rows[0]) == list(lines[0]) == list(table[0])
    for row, line, typed in zip(rows, lines, table, strict=True):
        amount = Decimal(row["amount_pence"]).scaleb(-2)
        expected = {**row, "amount": f"{amount:.2f}"}
        assert line == {key: "" if cell is None else str(cell) for key, cell in expected.items()}
        month = datetime.date.fromisoformat(row["month"])
        assert typed == {**row, "amount": amount, "month": month}
    assert sum(row["amount_pence"] for row in rows) == 21745567458
    assert any(line["supplier_name"].startswith("@UK") for line in lines)


def test_the_parquet_file_says_whose_it_is_and_can_be_filtered(folder: Path) -> None:
    """Protects a file that was passed on: edition, licence and attribution travel within it."""
    file = pq.ParquetFile(folder / "spend.parquet")
    terms = {key.decode(): text.decode() for key, text in file.schema_arrow.metadata.items()}
    assert re.fullmatch(r"2014-06-[0-9a-f]{8}", terms["edition_id"])
    assert terms["license"] == "OGL-UK-3.0"
    assert "Crown Commercial Service" in terms["attribution"]
    kinds = {field.name: field.type for field in file.schema_arrow}
    assert kinds["month"] == pa.date32()
    assert kinds["amount"] == pa.decimal128(18, 2)
    assert kinds["amount_pence"] == pa.int64()
    assert pa.types.is_dictionary(kinds["supplier_size"])
    month = file.metadata.row_group(0).column(file.schema_arrow.names.index("month"))
    assert month.statistics.min == datetime.date(2012, 4, 1)


def test_a_release_is_given_as_published_and_as_read(folder: Path, real_files: Path) -> None:
    """Protects who goes back to the source: the publisher's bytes, and the lines read in them."""
    published = (folder / "gcloud-sales-2014-06-as-published.csv").read_bytes()
    source = real_files / "gcloud" / "G-Cloud-Spend-14-07-14-v2-For-import.csv"
    assert published == source.read_bytes()
    read = pq.read_table(folder / "gcloud-sales-2014-06-as-staged.parquet")
    assert (read.num_rows, sum(read["amount_pence"].to_pylist())) == (13_492, 21745567458)
    assert "lot_published" in read.column_names


def test_the_data_package_validates_and_notices_a_changed_byte(folder: Path) -> None:
    """Protects programs that read data packages: hash, size, schema and every cell hold."""
    report = validate(folder / "datapackage.json")
    assert report.valid, report.flatten(["name", "type", "note"])
    tables = {task.name: task.type for task in report.tasks}
    assert tables["spend.csv.gz"] == "table"
    package = json.loads((folder / "datapackage.json").read_text())
    assert {item["path"] for item in package["resources"]} == {
        path.name for path in folder.iterdir()
    } - {"datapackage.json"}
    assert package["licenses"][0]["name"] == "OGL-UK-3.0"
    fields = {field["name"]: field for item in package["resources"] if "schema" in item
              for field in item["schema"]["fields"]}  # fmt: skip
    assert fields["amount_pence"]["description"].startswith("Amount without VAT, in pence")
    spoilt = folder.parent / "spoilt"
    shutil.copytree(folder, spoilt, dirs_exist_ok=True)
    text = gzip.decompress((spoilt / "spend.csv.gz").read_bytes())
    (spoilt / "spend.csv.gz").write_bytes(gzip.compress(text.replace(b"SME", b"Sme", 1)))
    assert not validate(spoilt / "datapackage.json").valid


def test_the_dictionary_has_every_column_and_counts_what_is_empty(
    real_site: Site, folder: Path
) -> None:
    """Protects who reads a column for the first time: type, unit, meaning, and how full it is."""
    text = (folder / "data-dictionary.csv").read_text("utf-8")
    rows = {(row["table"], row["column"]): row for row in csv.DictReader(io.StringIO(text))}
    page = html.unescape(real_site.get("/data-dictionary").text)
    with sqlite3.connect(folder / "govspend.db") as db:
        for (table, column), row in rows.items():
            assert row["description"] and row["description"] in page
            if row["row_count"]:
                sql = f"SELECT count(*), count(*) - count([{column}]) FROM [{table}]"  # noqa: S608
                assert (int(row["row_count"]), int(row["empty_count"])) == db.execute(
                    sql
                ).fetchone()
        columns = [row[1] for row in db.execute("PRAGMA table_xinfo(spend)")]
    assert [column for table, column in rows if table == "spend"] == columns
    assert (rows["spend", "amount_pence"]["type"], rows["spend", "amount_pence"]["unit"]) == (
        "integer",
        "pence",
    )
    assert rows["revisions", "change_pct"]["type"] == "real"


CELLS = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.sampled_from(
        ["=cmd|' /C calc'!A0", "@UK PLC", '"', '""', ",", "\r", "\n", "\r\n", "a\u2028b", "🏛",
         " x ", "-1", "+1", "\ufeff", "\x00", 'say "no"', "a,b"]
    ),
)  # fmt: skip


@given(st.lists(st.tuples(CELLS, CELLS, st.integers(-(10**17), 10**17)), min_size=1))
def test_csv_is_byte_for_byte_what_the_csv_module_writes(
    rows: list[tuple[str | None, str | None, int]],
) -> None:
    """Protects hostile and odd texts: nothing is added, nothing lost, nothing leaves its cell."""
    first, second, pence = (list(column) for column in zip(*rows, strict=True))
    digits = pa.array(pence, pa.int64()).cast(pa.decimal128(19, 0))
    amounts = pa.Array.from_buffers(pa.decimal128(18, 2), len(pence), digits.buffers())
    batch = pa.record_batch(
        {
            "first": pa.array(first, pa.string()),
            "second": pa.array(second, pa.string()).dictionary_encode(),
            "amount": amounts,
        }
    )
    out = io.StringIO(newline="")
    expected = [(a, b, f"{Decimal(c).scaleb(-2):.2f}") for a, b, c in rows]
    csv.writer(out).writerows(expected)
    made = bulk.csv_lines(batch)
    assert made == out.getvalue().encode("utf-8")
    read = list(csv.reader(io.StringIO(made.decode("utf-8"), newline="")))
    assert read == [[a or "", b or "", c] for a, b, c in expected]


SIZES = st.integers(1, 60)
PLACES = st.one_of(st.just(""), st.integers(0, 80).map(str))


@given(SIZES, PLACES, PLACES)
def test_a_range_is_the_bytes_that_the_standard_says(size: int, first: str, last: str) -> None:
    """Protects a download that goes on: never a byte too many, none missing, none made up."""
    data = bytes(range(size))
    try:
        part = file_answer.part_asked(f"bytes={first}-{last}", None, '"x"', size)
    except file_answer.OutOfRange:
        assert (int(first) >= size) if first else int(last) == 0
        return
    if first == last == "" or (first and last and int(last) < int(first)):
        assert part is None
    elif first:
        assert part is not None
        assert data[part[0] : part[1]] == data[int(first) :][: int(last or size) - int(first) + 1]
    else:
        assert part is not None
        assert data[part[0] : part[1]] == data[-int(last) :]


def test_a_download_can_be_resumed_and_is_not_sent_twice(real_site: Site) -> None:
    """Protects a slow line: ranges, If-Range and 304 by the strong ETag, as RFC 9110 has them."""
    path, whole = "/downloads/spend.parquet", taken(real_site, "spend.parquet")
    size, tag = len(whole), real_site.get(path).headers["etag"]
    assert tag == f'"{hashlib.sha256(whole).hexdigest()}"'

    def ask(**headers: str) -> httpx.Response:
        return real_site.get(path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    part = ask(range="bytes=100-199")
    assert (part.status_code, part.content) == (206, whole[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{size}"
    assert ask(range="bytes=-7").content == whole[-7:]
    assert ask(range=f"bytes={size - 5}-").content == whole[-5:]
    refused = ask(range=f"bytes={size}-")
    assert (refused.status_code, refused.content) == (416, b"")
    assert refused.headers["content-range"] == f"bytes */{size}"
    assert ask(range="bytes=0-9", if_range=tag).status_code == 206
    # Another file by now: the whole of it, so that two are never mixed.
    assert ask(range="bytes=0-9", if_range='"other"').content == whole
    for odd in ("bytes=0-1,5-6", "lines=1-2", "bytes=9-3", "bytes=-", "bytes=x-y"):
        assert (ask(range=odd).status_code, len(ask(range=odd).content)) == (200, size), odd
    for known in (tag, f"W/{tag}", f'"a", {tag}', "*"):
        again = ask(if_none_match=known)
        assert (again.status_code, again.content) == (304, b""), known
        assert again.headers["etag"] == tag
    assert ask(if_none_match='"other"').status_code == 200
    assert httpx.post(real_site.url + path, timeout=30).status_code in (403, 405)


def test_a_slow_visitor_keeps_nobody_waiting(real_site: Site, folder: Path) -> None:
    """Protects everybody else: a file that one takes slowly is there for the next at once."""
    with httpx.stream("GET", f"{real_site.url}/downloads/govspend.db", timeout=30) as slow:
        next(slow.iter_raw(1000))
        assert taken(real_site, "govspend.db") == (folder / "govspend.db").read_bytes()


@pytest.mark.parametrize(
    "name",
    ["manifest.json", "..%2f..%2fgovspend.db", "..", "%2e%2e%2freport.json", "%2fetc%2fpasswd",
     "spend.csv", "spend.csv.gz%00.txt", "x" * 5000, "<script>alert(1)</script>"],
)  # fmt: skip
def test_only_what_is_listed_is_given(real_site: Site, name: str) -> None:
    """Protects the publisher's disk: an address leads to a listed file or to nothing."""
    answer = real_site.get(f"/downloads/{name}", follow_redirects=True)
    # The client itself takes `..` for the folder above, which is the home page.
    assert answer.status_code == (200 if name == ".." else 404)
    assert "content-disposition" not in answer.headers
    assert "<script>alert" not in answer.text


def test_an_invented_file_says_so_by_its_name(sample_site: Site) -> None:
    """Protects who finds a file on a disk a year later, and nobody knows where it came from."""
    for file in listed(sample_site).values():
        said = httpx.head(file["url"], timeout=30).headers["content-disposition"]
        assert said.startswith('attachment; filename="illustrative-sample-'), said
    table = pq.read_table(io.BytesIO(taken(sample_site, "spend.parquet")))
    assert table.schema.metadata[b"title"] == b"Illustrative sample"
