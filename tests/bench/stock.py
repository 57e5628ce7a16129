"""The stock stack: csvs-to-sqlite with the same columns, indexes and search as our table of spend.

It gets one clean CSV of our own finished lines, names in place of ids: no mending of formats, no
joining of names, no earlier releases. Writing that CSV is not counted.
"""

from __future__ import annotations

import csv
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from .run import BIN, Figures, Run, median_of, timed

COLUMNS = {
    "month": "month", "financial_year": "financial_year", "framework": "framework", "lot": "lot",
    "sector": "sector", "supplier_size": "supplier_size", "supplier_id": "supplier",
    "buyer_id": "buyer", "description": "description", "amount_pence": "amount",
}  # fmt: skip
"""Column of ours -> of the stock table."""
_LINES = """
SELECT month, financial_year, framework, lot, sector, supplier_size, supplier_name, buyer_name,
    description, printf('%.2f', amount) FROM spend_named
"""


def measure(run: Run) -> Figures:
    if not run.has_stock:
        return {}
    lines = run.folder / "spend.csv"
    write_csv(run.edition, lines)
    took = median_of(run.runs, lambda: timed(lambda: load(lines, run.stock, indexes(run.edition))))
    size = run.stock.stat().st_size / lines.stat().st_size
    lines.unlink()
    return {"stock_build_s": took, "stock_size_vs_csv": size}


def ready(run: Run) -> None:
    """The stock database to serve, where a part of the bench runs by itself."""
    if run.has_stock and not run.stock.exists():
        lines = run.folder / "spend.csv"
        write_csv(run.edition, lines)
        load(lines, run.stock, indexes(run.edition))
        lines.unlink()


def write_csv(edition: Path, target: Path) -> None:
    source = sqlite3.connect(f"{edition.as_uri()}?mode=ro&immutable=1", uri=True)
    with closing(source), target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS.values())
        writer.writerows(source.execute(_LINES))


def indexes(edition: Path) -> list[str]:
    """The indexes of our table of spend in the words of --index; it has some in any case."""
    source = sqlite3.connect(f"{edition.as_uri()}?mode=ro&immutable=1", uri=True)
    found: dict[str, None] = {}
    with closing(source):
        for row in source.execute("PRAGMA index_list(spend_keyed)").fetchall():
            columns = [item[2] for item in source.execute(f"PRAGMA index_info([{row[1]}])")]
            known = [COLUMNS[column] for column in columns if column in COLUMNS]
            if known:
                found[",".join(known)] = None
    return list(found)


def load(lines: Path, target: Path, wanted: list[str]) -> None:
    target.unlink(missing_ok=True)
    options = [part for index in wanted for part in ("--index", index)]
    subprocess.run(
        [str(BIN / "csvs-to-sqlite"), "--just-strings", "--fts", "description", *options,
         str(lines), str(target)],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
