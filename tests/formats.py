"""Small releases in every format that was published over the years, from one list of lines."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One sale as a person would tell it. `month` is YYYY-MM, `pounds` a plain decimal."""

    supplier: str
    buyer: str
    month: str
    pounds: str
    lot: int = 4
    framework: str = "G-Cloud 4"
    description: str | None = "Agile coaching, with care"
    sector: str = "Central Government"
    size: str = "SME"


LINES = (
    Line("Acme Ltd", "Department of Lamps", "2013-11", "1234.00"),
    Line("Acme Ltd", "Department of Lamps", "2013-11", "1234.00"),
    Line("Brix & Co Ltd", "Borough of Nowhere", "2013-12", "-12.00", lot=3,
         sector="Local Government", size="Large", description="Café™ – “quoted”"),
    Line("Acme Limited", "Department of Lamps", "2014-01", "99.5", lot=1, description="VM® server"),
    Line("@UK PLC", "Trust of Somewhere", "2014-01", "0", lot=2, sector="Health"),
)  # fmt: skip

ROMAN = {1: "G-Cloudi", 2: "G-Cloud Services II", 3: "G-Cloud III", 4: "G-Cloud 4"}
WORDS = {
    1: "Infrastructure as a Service (IaaS)",
    2: "Platform as a Service (PaaS)",
    3: "Software as a Service (SaaS)",
    4: "Specialist Cloud Services",
}


def table(rows: Sequence[Sequence[object]], *, end: str, encoding: str) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end).writerows(rows)
    return out.getvalue().encode(encoding)


def december_2013(lines: Sequence[Line]) -> bytes:
    """CR alone, Mac Roman, months with a stray letter, Roman framework numbers."""
    heading = ["Framework", "Lot", "Supplier", "Customer", "For_Month",
               "Product_Service_Description", "Total_Charge"]  # fmt: skip
    rows = [
        [ROMAN[int(line.framework[-1])], line.lot, line.supplier, line.buyer,
         f"{line.month}-01l", line.description, line.pounds]
        for line in lines
    ]  # fmt: skip
    return table([heading, *rows], end="\r", encoding="mac_roman")


def january_2014(lines: Sequence[Line]) -> bytes:
    """The same, with runs of trailing commas behind some lines."""
    texts = december_2013(lines).split(b"\r")
    return b"\r".join(text + b"," * (number % 3 * 4) for number, text in enumerate(texts))


def july_2014(lines: Sequence[Line]) -> bytes:
    """Framework flattened, lots as numbers, mojibake."""
    heading = ["ID", "Framework", "LotDescription", "SupplierName", "CustomerName", "ReturnMonth",
               "ProjectNameAndDescription", "EvidencedSpend", "Sector", "SMEorLarge"]  # fmt: skip
    rows = [
        [number, "G-Cloud", line.lot, line.supplier, line.buyer, f"{line.month}-01",
         (line.description or "").replace("®", "Â®").replace("™", "â„¢"), line.pounds,
         line.sector, line.size]
        for number, line in enumerate(lines, 1)
    ]  # fmt: skip
    return table([heading, *rows], end="\r", encoding="mac_roman")


def november_2014(lines: Sequence[Line]) -> bytes:
    """Lot in words, dd/mm/yyyy, no framework, commas and line breaks inside cells."""
    heading = ["Lot", "Month", "Spend", "Sector", "SME", "Product", "Supplier", "Customer"]
    rows = [
        [WORDS[line.lot], _slashed(line.month), line.pounds, line.sector, line.size,
         (line.description or "").replace(", ", ",\r\n"), line.supplier, line.buyer]
        for line in lines
    ]  # fmt: skip
    return table([heading, *rows], end="\r\n", encoding="utf-8")


def july_2017(lines: Sequence[Line]) -> bytes:
    """Serials mixed with d/m/yyyy in one column, non-digits in the spend."""
    heading = ["Framework", "Lot Description", "Supplier Name", "Customer Name", "Return Month",
               "Product Description", "Evidenced Spend", "Sector", "SME Status"]  # fmt: skip
    rows = [
        [line.framework, WORDS[line.lot], line.supplier, line.buyer,
         _serial(line.month) if number % 2 else _slashed(line.month).lstrip("0"),
         line.description, f" {_accounting(line.pounds)} ", line.sector, line.size]
        for number, line in enumerate(lines)
    ]  # fmt: skip
    return table([heading, *rows], end="\r\n", encoding="utf-8-sig")


def december_2017(lines: Sequence[Line]) -> bytes:
    """Months as Apr-12, money as £1,234.00 and (£12.00), cp1252, no description."""
    heading = ["Sector", "Lot", "Month", "Spend", "SME Status", "Supplier", "Customer", "Framework"]
    rows = [
        [line.sector, WORDS[line.lot], named(line.month), _accounting(line.pounds), line.size,
         line.supplier, line.buyer, line.framework]
        for line in lines
    ]  # fmt: skip
    return table([heading, *rows], end="\r\n", encoding="cp1252")


def dos_2017(lines: Sequence[Line]) -> bytes:
    """The same without a framework, in a file of its own; ISO-8859-1."""
    heading = ["Sector", "Lot", "Month", "Spend", "SME Status", "Supplier", "Customer"]
    rows = [
        [line.sector, "Digital Outcomes", named(line.month), _accounting(line.pounds), line.size,
         line.supplier, line.buyer]
        for line in lines
    ]  # fmt: skip
    return table([heading, *rows], end="\r\n", encoding="iso-8859-1")


GCLOUD: dict[str, Callable[[Sequence[Line]], bytes]] = {
    "Dec 2013": december_2013,
    "Jan 2014": january_2014,
    "Jul 2014": july_2014,
    "Nov 2014": november_2014,
    "Jul 2017": july_2017,
    "Dec 2017": december_2017,
}


def many(count: int = 200) -> list[Line]:
    """`count` whole lines over fourteen months, so that one bad one is no reason to hold."""
    months = [f"{2013 + number // 12}-{number % 12 + 1:02}" for number in range(14)]
    return [
        replace(LINES[0], month=months[number % 14], pounds=str(100 + number),
                supplier=f"Firm {number % 17} Ltd", buyer=f"Body {number % 11}")
        for number in range(count)
    ]  # fmt: skip


def declare(folder: Path, **feeds: str) -> Path:
    """A feeds.yml in `folder`: feed id (with _ for -) -> path or glob of its files."""
    text = "feeds:\n"
    for name, path in feeds.items():
        feed_id = name.replace("_", "-")
        like = "dos-sales" if feed_id.startswith("dos") else "gcloud-sales"
        text += (
            f"  {feed_id}:\n    like: {like}\n    sources:\n      - kind: file\n"
            f"        path: {path}\n"
        )
    target = folder / "feeds.yml"
    target.write_text(text)
    return target


def declare_lists(folder: Path, release: str, lists: str) -> Path:
    """A feeds.yml of one release and of lists of admitted suppliers, as `one_list` gives each."""
    path = folder / "feeds.yml"
    start = "feeds:\n  gcloud-sales:\n    like: gcloud-sales\n    sources:\n"
    path.write_text(f"{start}      - {{kind: file, path: '{release}'}}\nadmitted_lists:\n{lists}")
    return path


def one_list(path: str, more: str = "", name: str = "suppliers") -> str:
    """The declaration of a list; `more` are its other settings, a line each."""
    start = f"  {name}:\n    like: digital-marketplace\n{more}"
    return f"{start}    sources:\n      - {{kind: file, path: '{path}'}}\n"


def _slashed(month: str) -> str:
    return f"01/{month[5:]}/{month[:4]}"


def _serial(month: str) -> int:
    return (dt.date.fromisoformat(f"{month}-01") - dt.date(1899, 12, 30)).days


def named(month: str) -> str:
    """2012-04 as Apr-12."""
    return dt.date.fromisoformat(f"{month}-01").strftime("%b-%y")


def _accounting(pounds: str) -> str:
    value = float(pounds)
    return f"(£{-value:,.2f})" if value < 0 else f"£{value:,.2f}"
