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
from conftest import SHARED, Site, ingest, serving
from datasette.app import Datasette
from govspend_site import admitted
from shown import published, table

HOSTILE = "Invented 3 <script>alert(1)</script> Ltd"
OPENED = {"G-Cloud 3": "2013-05", "G-Cloud 4": "2013-10", "G-Cloud 5": "2014-05"}


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
    five = formats.one_list("five.csv", "    constants: {framework: G-Cloud 5}\n", "g-cloud-5")
    path = formats.declare_lists(folder, str(release), formats.one_list("list.csv") + five)
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
