"""What a page shows, as a program reads it: its tables and links; and the published files."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser
from pathlib import Path

FILES = {
    "gcloud-sales-2013-11": "G-Cloud-Total-Spend-13-12-13.csv",
    "gcloud-sales-2014-06": "G-Cloud-Spend-14-07-14-v2-For-import.csv",
}
_NAMES = {
    "month": ("For_Month", "ReturnMonth"),
    "supplier": ("Supplier", "SupplierName"),
    "buyer": ("Customer", "CustomerName"),
    "amount": ("Total_Charge", "EvidencedSpend"),
    "size": ("SMEorLarge",),
    "sector": ("Sector",),
    "lot": ("Lot", "LotDescription"),
}


@dataclass
class Table:
    caption: str = ""
    rows: list[list[str]] = field(default_factory=list)

    def body(self) -> dict[str, list[str]]:
        """The rows below the headings, by their first cell."""
        return {row[0]: row[1:] for row in self.rows[1:]}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: list[Table] = []
        self.links: list[str] = []
        self._into: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.links.append(dict(attrs).get("href") or "")
        elif tag == "table":
            self.tables.append(Table())
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("td", "th", "caption"):
            self._into = []

    def handle_data(self, data: str) -> None:
        if self._into is not None:
            self._into.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("td", "th", "caption") or self._into is None:
            return
        text = " ".join("".join(self._into).split())
        self._into = None
        if tag == "caption":
            self.tables[-1].caption = text
        else:
            self.tables[-1].rows[-1].append(text)


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


def table(html: str, beginning: str) -> Table:
    """The one table whose caption begins so."""
    found = [one for one in read(html).tables if one.caption.startswith(beginning)]
    assert len(found) == 1, [one.caption for one in read(html).tables]
    return found[0]


def pounds(pence: int) -> str:
    return f"{'-' if pence < 0 else ''}£{abs(pence) // 100:,}.{abs(pence) % 100:02d}"


def published(folder: Path, release_id: str) -> list[dict[str, str]]:
    """The lines of a published file under our names, the amount as pence in digits."""
    text = (folder / "gcloud" / FILES[release_id]).read_bytes().decode("mac_roman")
    lines = []
    for cells in csv.DictReader(io.StringIO(text, newline="")):
        line = {ours: cells[t] for ours, theirs in _NAMES.items() for t in theirs if t in cells}
        amount = Decimal(line["amount"].replace(",", "").replace("£", "")) * 100
        line["pence"] = str(int(amount.quantize(Decimal(1), ROUND_HALF_UP)))
        line["month"] = line["month"][:7]
        lines.append(line)
    return lines


def by_month(lines: list[dict[str, str]]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[line["month"]] += int(line["pence"])
    return sums
