"""Someone who never saw the project copies the first example of /api for what she has, and runs it.

Each example is taken from the page of the running site, so that what is tried is what is shown.
"""

from __future__ import annotations

import csv
import html
import io
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import Site, absent

Months = list[tuple[str, str, float]]


@pytest.fixture(scope="module")
def examples(real_site: Site) -> dict[str, str]:
    """The text of each example of the page, by its key."""
    found = re.findall(
        r'<code data-example="([a-z]+)">(.*?)</code>', real_site.get("/api").text, re.DOTALL
    )
    return {key: html.unescape(text) for key, text in found}


@pytest.fixture(scope="module")
def months(real_site: Site) -> Months:
    """Month, SME pounds and SME share, from the database file itself."""
    with closing(sqlite3.connect(f"file:{real_site.db}?mode=ro", uri=True)) as db:
        rows = db.execute(
            """SELECT month, sum(amount_pence) FILTER (WHERE supplier_size = 'SME'),
                sum(amount_pence) FROM spend GROUP BY month ORDER BY month"""
        ).fetchall()
    assert len(rows) == 27
    return [(month, f"{sme / 100:.2f}", sme / total) for month, sme, total in rows]


def run(*command: str | Path, **options: Any) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, **options
    )
    assert done.returncode == 0, done.stderr + done.stdout
    text: str = done.stdout
    return text


def in_csv(text: str) -> Months:
    rows = csv.DictReader(io.StringIO(text))
    return [(r["month"], f"{float(r['sme_amount']):.2f}", float(r["sme_share"])) for r in rows]


def same(found: Months, months: Months) -> bool:
    return [row[:2] for row in found] == [row[:2] for row in months] and all(
        abs(one[2] - other[2]) < 1e-6 for one, other in zip(found, months, strict=True)
    )


def test_the_page_has_an_example_for_each(examples: dict[str, str]) -> None:
    """None of those who come is left out."""
    assert list(examples) == ["curl", "python", "javascript", "r", "excel", "pages"]


def test_curl(examples: dict[str, str], months: Months) -> None:
    """In a shell, as it stands."""
    assert same(in_csv(run("sh", "-c", examples["curl"])), months)


def test_python_into_a_pandas_frame(
    examples: dict[str, str], months: Months, tmp_path: Path
) -> None:
    """The program runs as it stands, and its frame holds days, pounds and shares."""
    program = tmp_path / "months.py"
    program.write_text(examples["python"])
    assert str(months[0][0]) in run(sys.executable, program)
    program.write_text(
        examples["python"]
        + "\nassert str(months.dtypes['month']).startswith('datetime64')"
        + "\nassert str(months.dtypes['sme_amount']) == 'float64'"
        + f"\nmonths.to_csv({str(tmp_path / 'months.csv')!r}, index=False)\n"
    )
    run(sys.executable, program)
    assert same(in_csv((tmp_path / "months.csv").read_text()), months)


def from_lines(text: str) -> Months:
    rows = [line.split(" ") for line in text.splitlines()]
    return [(month, f"{float(amount):.2f}", float(share)) for month, amount, share in rows]


def test_javascript_on_a_page_of_another_site(
    examples: dict[str, str], months: Months, sample_site: Site, page: Any
) -> None:
    """In a browser, from a page that is not of this site."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    # Another port is another site to a browser. A text has no rules of its own on whom it may ask.
    page.goto(f"{sample_site.url}/robots.txt")
    page.evaluate(f"async () => {{ {examples['javascript']} }}")
    assert same(from_lines("\n".join(said)), months)


@pytest.mark.skipif(shutil.which("node") is None, reason="the same program runs in the browser")
def test_javascript_in_node(examples: dict[str, str], months: Months, tmp_path: Path) -> None:
    """As a module, where there is Node."""
    program = tmp_path / "months.mjs"
    program.write_text(examples["javascript"])
    assert same(from_lines(run("node", program)), months)


def test_r(examples: dict[str, str], months: Months, tmp_path: Path) -> None:
    """With R as it is installed, without a package."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        absent("Rscript (Debian's package r-base-core)")
    assert rscript is not None
    program = tmp_path / "months.R"
    program.write_text(
        examples["r"] + "\nstopifnot(inherits(months$month, 'Date'), is.numeric(months$amount))"
        f"\nwrite.csv(months, {str(tmp_path / 'months.csv')!r}, row.names = FALSE)\n"
    )
    run(rscript, program)
    assert same(in_csv((tmp_path / "months.csv").read_text()), months)


def test_excel_from_web(examples: dict[str, str], months: Months, real_site: Site) -> None:
    """The address gives CSV with a heading and plain numbers, which is what From Web reads."""
    answer = real_site.get(examples["excel"].removeprefix(real_site.url))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.splitlines()[0] == "month,amount,sme_amount,sme_share"
    assert same(in_csv(answer.text), months)


def test_every_line_page_by_page(examples: dict[str, str], real_site: Site, tmp_path: Path) -> None:
    """The program that follows `next` counts what the database counts."""
    program = tmp_path / "lines.py"
    program.write_text(examples["pages"])
    with closing(sqlite3.connect(f"file:{real_site.db}?mode=ro", uri=True)) as db:
        sql = "SELECT count(*), sum(amount_pence) FROM spend WHERE supplier_size = 'SME'"
        count, pence = db.execute(f"{sql} AND sector = 'Education'").fetchone()
    assert count > 100
    assert run(sys.executable, program) == f"{count} lines, {pence} pence\n"
