"""First examples for people: SME spend by month, in what they have at hand. A test runs each."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

_ASKED = {"group_by": "month", "fields": "month,amount,sme_amount,sme_share"}

_CURL = 'curl --fail --silent --show-error "{csv}"'

_PYTHON = """\
import httpx
import pandas

answer = httpx.get(
    "{summary}",
    params={{"group_by": "month", "fields": "{fields}", "limit": 1000}},
)
answer.raise_for_status()
months = pandas.DataFrame(answer.json()["rows"])
months["month"] = pandas.to_datetime(months["month"])
print(months)
"""

_JAVASCRIPT = """\
const answer = await fetch("{json}");
if (!answer.ok) throw new Error((await answer.json()).detail);
const {{ rows }} = await answer.json();
for (const row of rows) console.log(row.month, row.sme_amount, row.sme_share);
"""

_R = """\
months <- read.csv("{csv}")
months$month <- as.Date(months$month)
print(months)
"""

_PAGES = """\
import httpx

url = "{lines}"
lines = []
while url:
    answer = httpx.get(url)
    answer.raise_for_status()
    page = answer.json()
    lines += page["rows"]
    url = page["next"]
print(len(lines), "lines,", sum(line["amount_pence"] for line in lines), "pence")
"""


@dataclass(frozen=True)
class Example:
    """Something to copy: a program, or steps with an address."""

    key: str
    title: str
    text: str
    before: str = ""
    steps: tuple[str, ...] = ()


def first(root: str) -> list[Example]:
    """The examples for a site whose API is at `root`, such as https://host/api/v1."""
    query = urlencode(_ASKED, safe=",")
    places = {
        "summary": f"{root}/summary",
        "fields": _ASKED["fields"],
        "csv": f"{root}/summary.csv?{query}",
        "json": f"{root}/summary?{query}&limit=1000",
        "lines": f"{root}/spend?supplier_size=SME&sector=Education&limit=1000",
    }
    excel = (
        "In Excel, choose Data, then From Web.",
        "Paste this address and press OK.",
        "Check that month, amount, sme_amount and sme_share are columns, and press Load.",
    )
    return [
        Example("curl", "curl", _CURL.format(**places)),
        Example(
            "python", "Python, into a pandas frame", _PYTHON.format(**places),
            before="Needs httpx and pandas: pip install httpx pandas",
        ),
        Example(
            "javascript", "JavaScript", _JAVASCRIPT.format(**places),
            before="In a browser on any site (the API allows it), or as a module in Node.",
        ),
        Example("r", "R", _R.format(**places)),
        Example("excel", "Excel", places["csv"], steps=excel),
        Example(
            "pages", "Python, every line of a question, page by page", _PAGES.format(**places),
        ),
    ]  # fmt: skip
