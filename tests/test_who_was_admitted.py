"""A rate stands beside its denominator: of the firms admitted to a framework, how many sold.

A list of them is declared like a feed. What is known by other means here: which names of the
published file the list was made from, and which were invented.
"""

from __future__ import annotations

import asyncio
import csv
import html
import io
import json
import re
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import formats
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT, SHARED, Site, ingest, serving
from datasette.app import Datasette
from govspend_site import admitted
from hypothesis import given, settings
from hypothesis import strategies as st
from shown import published, table

from ingest import admitted as admitting
from ingest import audit, feeds
from ingest.archive import Archive

SQL = ROOT / "plugins" / "govspend_site" / "sql"
HOSTILE = "Invented 3 <script>alert(1)</script> Ltd"
OPENED = {"G-Cloud 3": "2013-05", "G-Cloud 4": "2013-10", "G-Cloud 5": "2014-05"}
LIKE = "    like: digital-marketplace\n"


@dataclass(frozen=True)
class Listed:
    """A line of the list, and the name in the published file that means the same firm, if any."""

    framework: str
    name: str
    same_as: str | None = None
    size: str = ""


def the_list(names: Sequence[str]) -> list[Listed]:
    """Of the published `names` every tenth, one of them spelled otherwise; and invented firms."""
    frameworks = ("G-Cloud 3", "G-Cloud 4")
    sold = [Listed(frameworks[n % 2], name, name) for n, name in enumerate(names[::10])]
    limited = next(n for n, line in enumerate(sold) if line.name.endswith(" Limited"))
    other = f"THE {sold[limited].name.removesuffix(' Limited').upper()} LTD."
    sold[limited] = replace(sold[limited], name=other)
    invented = [Listed(frameworks[n % 2], f"Invented {n} Ltd") for n in range(12)]
    invented[3] = replace(invented[3], name=HOSTILE)
    late = [Listed("G-Cloud 12", names[0], names[0]), Listed("G-Cloud 12", "Invented 2020 Ltd")]
    return [*sold, *invented, *late]


def the_sized_list(names: Sequence[str]) -> list[Listed]:
    return [
        Listed("G-Cloud 5", name, name, "SME" if n % 3 else "Large")
        for n, name in enumerate(names[::4])
    ]


def as_published(lines: Sequence[Listed]) -> bytes:
    """A title, Mac line ends, frameworks as the marketplace writes them, and three bad lines."""
    rows = [["Suppliers of our frameworks"], [], ["Framework", "Supplier name", "Contact email"]]
    rows += [[line.framework.lower().replace(" ", "-"), line.name, ""] for line in lines]
    rows += [
        ["g-cloud-4", "  ", "someone@example.org"],
        ["G-Cloud <script>99</script>", "Acme Ltd", ""],
        [rows[3][0], rows[3][1], "another@example.org"],
    ]
    return formats.table(rows, end="\r", encoding="mac_roman")


def declaration(folder: Path, release: str, lists: str) -> Path:
    """A feeds.yml of one release and of the lists."""
    path = folder / "feeds.yml"
    start = "feeds:\n  gcloud-sales:\n    like: gcloud-sales\n    sources:\n"
    path.write_text(f"{start}      - {{kind: file, path: '{release}'}}\nadmitted_lists:\n{lists}")
    return path


def one_list(path: str, more: str = "", name: str = "suppliers") -> str:
    return f"  {name}:\n{LIKE}{more}    sources:\n      - {{kind: file, path: '{path}'}}\n"


@dataclass(frozen=True)
class Case:
    """A site over the real July 2014 release and two lists, and what went into them."""

    site: Site
    said: str
    lines: list[Listed]
    rows: list[dict[str, str]]


@pytest.fixture(scope="module")
def case(real_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    folder = tmp_path_factory.mktemp("admitted")
    rows = published(SHARED, "gcloud-sales-2014-06")
    for row in rows:
        row.update({key: " ".join(row[key].split()) for key in ("supplier", "buyer")})
    names = sorted({row["supplier"] for row in rows if int(row["pence"]) > 0})
    lines, sized = the_list(names), the_sized_list(names)
    (folder / "list.csv").write_bytes(as_published(lines))
    table_of = [["Company", "Organisation size"], *([line.name, line.size] for line in sized)]
    (folder / "five.csv").write_bytes(formats.table(table_of, end="\r\n", encoding="utf-8-sig"))
    release = real_files / "gcloud" / "G-Cloud-Spend-14-07-14-v2-For-import.csv"
    five = one_list("five.csv", "    constants: {framework: G-Cloud 5}\n", "g-cloud-5")
    path = declaration(folder, str(release), one_list("list.csv") + five)
    done = ingest("build", "--feeds", path, "--build", folder / "build")
    assert done.returncode == 0, done.stderr
    with serving(folder / "build") as site:
        yield Case(site, done.stdout, [*lines, *sized], rows)


def worked_out(case: Case, framework: str, size: str = "") -> tuple[int, int, int]:
    """(admitted, sold, reached a second buyer), from the list and the published file alone.

    Buyers are told apart as the site does: two spellings of one are one.
    """
    lines = [line for line in case.lines if line.framework == framework]
    lines = [line for line in lines if line.size == size or not size]
    with closing(sqlite3.connect(case.site.db)) as db:
        buyer = dict(db.execute("SELECT published_name, buyer_id FROM buyer_names"))
        firm = dict(db.execute("SELECT published_name, supplier_id FROM supplier_names"))
    met: dict[str, set[str]] = defaultdict(set)
    for row in case.rows:
        if int(row["pence"]) > 0 and row["month"] >= OPENED[framework]:
            met[firm[row["supplier"]]].add(buyer[row["buyer"]])
    firms = {firm[line.same_as] if line.same_as else line.name for line in lines}
    return (
        len(firms),
        sum(name in met for name in firms),
        sum(len(met.get(name, ())) > 1 for name in firms),
    )


def plain(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def figures(case: Case, query: str = "") -> dict[str, dict[str, Any]]:
    rows = case.site.get(f"/firms-like-mine/admitted.json?{query}").json()
    return {row["framework"]: row for row in rows}


COUNTS = ("admitted_count", "sold_count", "second_buyer_count")


def test_of_those_admitted_so_many_sold(case: Case) -> None:
    """The page, its JSON and the SQL behind it say what the list and the file say, counted apart.

    A name that a rule joins counts as the firm that it is; one that only looks alike does not.
    """
    told = figures(case, "size=any")
    page = case.site.get("/firms-like-mine?size=any").text
    shown = table(page, "Admitted, and how many").body()
    for framework in OPENED:
        own = worked_out(case, framework)
        assert own[0] > own[1] > own[2] > 0 or framework == "G-Cloud 5"
        assert tuple(told[framework][key] for key in COUNTS) == own
        admitted_count, sold, second, share = shown[f"{framework}: the firms that were admitted"]
        assert (int(admitted_count), int(sold), int(second)) == own
        assert share == f"{100 * own[1] / own[0]:.1f}%"
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page)]
    (sql,) = [link for link in links if "sql=WITH+frameworks_listed" in link]
    rows = case.site.get(sql.replace("/govspend?", "/govspend.json?") + "&_shape=array").json()
    assert rows == list(told.values())
    said = case.site.get("/firms-like-mine.json?size=any").json()["admitted"]
    assert said == rows
    answer = case.site.get("/firms-like-mine/admitted.csv?size=any").text
    assert [row["framework"] for row in csv.DictReader(io.StringIO(answer))] == list(told)


def test_what_is_not_known_is_said(case: Case) -> None:
    """No zero for a framework that opened after the data ends; no claim on which G-Cloud it was."""
    late = figures(case)["G-Cloud 12"]
    assert [late[key] for key in COUNTS] == [2, None, None]
    page = plain(case.site.get("/firms-like-mine").text)
    assert "G-Cloud 12 : the firms that were admitted 2 not known not known" in page
    assert "do not say which G-Cloud they went through" in page
    assert "G-Cloud 3 from May 2013, G-Cloud 4 from October 2013" in page
    assert "How many were admitted to the other G-Cloud frameworks is not known" in page
    assert "How many more were admitted to sell, and sold nothing, is not known" not in page
    caveat = case.site.get("/-/metadata.json").json()["caveats"]["admitted-by-name"]
    assert caveat in page


def test_the_size_applies_only_where_the_list_has_sizes(case: Case) -> None:
    """SMEs are no share of firms of all sizes: both or neither are counted by size."""
    for size in ("SME", "Large"):
        told = figures(case, f"size={size}")
        own = worked_out(case, "G-Cloud 5", size)
        assert tuple(told["G-Cloud 5"][key] for key in COUNTS) == own
        assert tuple(told["G-Cloud 4"][key] for key in COUNTS) == worked_out(case, "G-Cloud 4")
    page = plain(case.site.get("/firms-like-mine").text)
    assert "for G-Cloud 3, G-Cloud 4 and G-Cloud 12 do not give each firm a size, so firms" in page
    # Neither lot nor words narrow the denominators, and the page says so.
    assert figures(case, "words=hosting") == figures(case)
    assert "Of your choices only the size applies here" in page
    assert "Your choices do not apply here" in plain(
        case.site.get("/firms-like-mine?size=any").text
    )


def test_every_line_is_admitted_or_says_why_not(case: Case) -> None:
    """Nothing is lost in silence: the build, the tables and the audit account for each line."""
    lines = len(case.lines) - sum(line.framework == "G-Cloud 5" for line in case.lines)
    said = f"list.csv: {lines + 3} lines read, {lines} admitted, 1 repeated, 2 could not be taken."
    assert said in case.said
    assert "has no supplier's name" in case.said
    found = case.site.get("/govspend/admitted_left_out.json?_shape=array").json()
    assert [(row["code"], row["field"]) for row in found] == [
        ("missing-cell", "supplier"), ("constraint-error", "framework"), ("duplicate-row", None),
    ]  # fmt: skip
    assert found[2]["reason"] == "repeats line 4 of list.csv"
    # A list may name whom to call; nobody asked for that to be published.
    assert "example.org" not in json.dumps(found)
    report = json.loads((case.site.build / "report.json").read_text())
    proofs = [proof for proof in report["proofs"] if proof["subject"] == "suppliers list.csv"]
    assert [proof["holds"] for proof in proofs] == [True, True]
    assert str(lines + 3) in {proof["expected"] for proof in proofs}
    page = case.site.get("/data-quality").text
    assert "2 of list.csv" in plain(page)


def test_a_list_leads_to_its_file_and_its_publisher(case: Case) -> None:
    """What the licence asks for is said beside the names, and each file has its receipt."""
    (row, _) = case.site.get("/govspend/admitted_files.json?_shape=array&_sort_desc=list_id").json()
    assert (row["list_id"], row["filename"]) == ("suppliers", "list.csv")
    assert len(row["sha256"]) == 64
    for path in ("/about", "/firms-like-mine"):
        assert row["attribution"] in plain(case.site.get(path).text)


def test_a_supplier_shows_what_it_was_admitted_to(case: Case) -> None:
    """A firm's own page names the lists that it is on; a firm on none has no such line."""
    with closing(sqlite3.connect(case.site.db)) as db:
        sql = "SELECT supplier_id, framework FROM admitted WHERE published_name LIKE 'THE %LTD.'"
        ((supplier_id, framework),) = db.execute(sql).fetchall()
        sql = "SELECT supplier_id FROM suppliers EXCEPT SELECT supplier_id FROM admitted LIMIT 1"
        (none,) = db.execute(sql).fetchone()
    page = case.site.get(f"/suppliers/{supplier_id}")
    assert "Admitted to, by the lists declared here" in page.text
    told = case.site.get(f"/suppliers/{supplier_id}.json").json()
    assert framework in told["admitted_to"]
    assert "Admitted to" not in case.site.get(f"/suppliers/{none}").text
    assert case.site.get(f"/suppliers/{none}.json").json()["admitted_to"] == []


@pytest.mark.parametrize(
    "path",
    ["/govspend/admitted?published_name__contains=Invented", "/govspend/admitted_left_out",
     "/firms-like-mine", "/data-quality", "/govspend/admitted_files"],
)  # fmt: skip
def test_a_hostile_list_is_only_text(case: Case, path: str) -> None:
    """A list is written by somebody else: nothing in it is obeyed by a browser."""
    page = case.site.get(path)
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<script>99" not in page.text


def test_the_section_is_for_everybody(case: Case, browser: Any) -> None:
    """axe finds nothing, on a wide screen or a phone, and nothing runs off sideways."""
    for width in (1280, 320):
        context = browser.new_context(viewport={"width": width, "height": 900})
        page = context.new_page()
        page.goto(f"{case.site.url}/firms-like-mine", wait_until="networkidle")
        results = Axe().run(page, context="section[aria-labelledby=admitted]")
        found = [violation["id"] for violation in results.response["violations"]]
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        context.close()
        assert found == []


def test_without_a_list_nothing_is_shown_or_claimed(real_site: Site) -> None:
    """As it was: how many were admitted is not known, and no table pretends otherwise."""
    page = real_site.get("/firms-like-mine").text
    assert "How many more were admitted to sell, and sold nothing, is not known" in plain(page)
    assert "Of those admitted" not in page
    assert real_site.get("/firms-like-mine.json").json()["admitted"] == []
    assert real_site.get("/firms-like-mine/admitted.csv").text == ""
    assert "Admitted to" not in real_site.get("/suppliers/bjss").text
    assert "admitted suppliers" not in real_site.get("/data-quality").text


def test_an_edition_from_before_there_were_lists_still_answers(tmp_path: Path) -> None:
    """A kept edition has no such tables; its pages say what they said."""
    path = tmp_path / "govspend.db"
    sqlite3.connect(path).execute("CREATE TABLE spend (month TEXT)").connection.close()
    datasette = Datasette([str(path)])

    async def asked() -> tuple[object, ...]:
        figures = await admitted.figures(datasette, "SME")
        files = await admitted.files(datasette)
        return figures, files, await admitted.frameworks_of(datasette, "bjss")

    # In a thread of its own: a browser's test may have left its loop running in this one.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(asked())).result() == (None, [], [])


def test_one_list_is_one_sentence() -> None:
    """A figure that can be cited without its table, with the size that it is of."""
    row = {"framework": "G-Cloud 4", "has_sizes": 0, "admitted_count": 1200, "sold_count": 300,
           "second_buyer_count": 150}  # fmt: skip
    assert admitted.sentence(row, "SME") == (
        "Of 1,200 firms admitted to G-Cloud 4, 300 (25.0%) sold and 150 reached a second buyer."
    )
    assert "1,200 SMEs" in admitted.sentence({**row, "has_sizes": 1}, "SME")
    assert "1,200 firms" in admitted.sentence({**row, "has_sizes": 1}, "any")
    assert "not known how many sold" in admitted.sentence({**row, "sold_count": None}, "SME")
    assert "0 sold" in admitted.sentence({**row, "admitted_count": 0, "sold_count": 0}, "SME")


# The publisher's year: lists that break, change and go, over a small release.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one small release, and a list of two of its firms and one that never sold."""
    (tmp_path / "a.csv").write_bytes(formats.july_2014(formats.many()))
    (tmp_path / "list.csv").write_text(
        "Framework,Supplier\nG-Cloud 4,Firm 1 Limited\nG-Cloud 4,FIRM 2\nG-Cloud 4,Idle Ltd\n"
    )
    declaration(tmp_path, "a.csv", one_list("list.csv"))
    return tmp_path


def operate(folder: Path, step: str = "build") -> Any:
    return ingest(step, "--feeds", folder / "feeds.yml", "--build", folder / "build")


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "build" / "govspend.db")) as db:
        return db.execute(sql).fetchall()


WHO = "SELECT published_name, supplier_id FROM admitted ORDER BY published_name"


BROKEN = {
    "heading": (b"Framework,Body\nG-Cloud 4,Firm 1\n", "heading.csv line 1: no column for"),
    "nothing": (b"", "nothing.csv: sent an empty file"),
    "workbook": (b"PK\x03\x04 [Content_Types].xml", "workbook.csv: sent an Excel workbook"),
    "lineless": (b"Framework,Supplier\n", "lineless.csv: it has a heading but no lines"),
    "unknown": (b"Framework,Supplier\nG-Cloud 99,Firm 1\n",
                "unknown.csv: none of its 1 lines could be taken. Line 2 has a framework that"),
    "zero": (b"Framework,Supplier\nG-Cloud 4,Fi\0rm\n", "zero.csv: holds binary data"),
}  # fmt: skip


def test_a_broken_list_is_reported_and_stops_nothing(folder: Path) -> None:
    """Whatever the publishers of lists do, the edition is published and a person is told."""
    lists = one_list("list.csv")
    for name, (data, _) in BROKEN.items():
        (folder / f"{name}.csv").write_bytes(data)
        lists += one_list(f"{name}.csv", name=name)
    declaration(folder, "a.csv", lists + one_list("gone.csv", name="gone"))
    done = operate(folder)
    assert done.returncode == 3, done.stderr
    for says in [*(says for _, says in BROKEN.values()), "gone.csv: no such file"]:
        assert says in done.stdout
    assert "published" in done.stdout
    assert len(rows(folder, WHO)) == 3
    assert rows(folder, "SELECT count(*) FROM spend") == [(200,)]


def test_a_list_whose_bytes_are_gone_stops_nothing(folder: Path) -> None:
    """A damaged archive costs the list alone."""
    operate(folder)
    ((sha256,),) = rows(folder, "SELECT sha256 FROM admitted_files")
    (folder / "build" / "archive" / "objects" / sha256).unlink()
    done = ingest(
        "build", "--no-fetch", "--feeds", folder / "feeds.yml", "--build", folder / "build"
    )
    assert done.returncode == 3
    assert "list.csv: its bytes cannot be read from the archive" in done.stdout


def test_an_edition_stands_on_its_lists(folder: Path) -> None:
    """Another list is another edition; the same list is none; one taken back counts no more."""
    assert "published" in operate(folder).stdout
    assert rows(folder, WHO) == [
        ("FIRM 2", "firm-2"), ("Firm 1 Limited", "firm-1"), ("Idle Ltd", None),
    ]  # fmt: skip
    assert "unchanged" in operate(folder, "refresh").stdout
    (folder / "list.csv").write_text("Framework,Supplier\nG-Cloud 4,Firm 3\n")
    assert "published" in operate(folder, "refresh").stdout
    assert rows(folder, WHO) == [("Firm 3", "firm-3")]
    # The same file by another name is the same list.
    shutil.copy(folder / "list.csv", folder / "new.csv")
    declaration(folder, "a.csv", one_list("new.csv"))
    operate(folder, "refresh")
    assert rows(folder, WHO) == [("Firm 3", "firm-3")]
    # Another file is declared instead: what the first one said is kept, and counts no more.
    (folder / "new.csv").write_text("Framework,Supplier\nG-Cloud 4,Firm 4\n")
    assert "published" in operate(folder, "refresh").stdout
    assert rows(folder, WHO) == [("Firm 4", "firm-4")]


HARM = {
    "DELETE FROM admitted WHERE line_number = 2": "lines read of a list",
    "UPDATE admitted SET supplier_id = NULL": "admitted firms that sold and are not joined",
    "UPDATE admitted SET framework = 'G-Cloud 99'": "keys that lead nowhere",
    "UPDATE admitted_files SET line_count = 9": "whose lines are not all admitted",
}


def test_a_list_that_was_tampered_with_is_not_proven(folder: Path) -> None:
    """One firm fewer, or one sale of it forgotten: the audit names what does not hold."""
    operate(folder)
    declared = feeds.load(folder / "feeds.yml").admitted_lists.values()
    files = admitting.read_lists(Archive(folder / "build" / "archive"), declared, folder, [])
    copy = folder / "copy.db"
    for harm, says in {"": "", **HARM}.items():
        shutil.copy(folder / "build" / "govspend.db", copy)
        copy.chmod(0o644)
        with closing(sqlite3.connect(copy)) as db:
            db.execute(harm)
            db.commit()
        broken = [proof.name for proof in audit.audit(copy, [], files) if not proof.holds]
        assert bool(broken) == bool(harm)
        assert any(says in name for name in broken) or not harm
        copy.unlink()


def test_a_name_that_is_withheld_is_gone_from_every_edition(folder: Path) -> None:
    """A list named a private person: the name goes, and the number admitted stays."""
    operate(folder)
    ((admitted_id,),) = rows(folder, "SELECT admitted_id FROM admitted WHERE line_number = 4")
    project = folder / "project"
    shutil.copytree(ROOT / "ingest", project / "ingest")
    with (project / "ingest" / "reference" / "withheld.csv").open("a") as file:
        file.write(f"{admitted_id},supplier,names a person,2026-01-01\n")
    done = ingest(
        "build", "--feeds", folder / "feeds.yml", "--build", folder / "build", project=project
    )
    assert done.returncode == 0, done.stderr
    assert rows(folder, "SELECT count(DISTINCT party_id) FROM admitted") == [(3,)]
    editions = list((folder / "build" / "editions").glob("*.db"))
    assert len(editions) == 1
    assert b"Idle" not in editions[0].read_bytes()
    assert b"idle" not in editions[0].read_bytes()


# What must hold for every list and every sale.

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
        db.executescript((ROOT / "ingest" / "schema.sql").read_text())
        with (ROOT / "ingest" / "reference" / "frameworks.csv").open() as file:
            db.executemany(
                "INSERT INTO frameworks VALUES (:framework, :agreement_number, "
                "nullif(:first_month, ''), :family, :note)",
                csv.DictReader(file),
            )
        yield db


def filled(db: sqlite3.Connection, listed: Any, sold: Any) -> None:
    db.executescript("DELETE FROM spend; DELETE FROM admitted;")
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
