"""SQL of a visitor's own, as a test asks it: addresses, rows, and what its page says."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlencode

from conftest import Site
from hypothesis import strategies as st

HOSTILE = "<script>alert(1)</script>"
BY_MONTH = "select month, sum(amount_pence) / 100.0 as amount from spend group by 1 order by 1"
ANY_VALUE = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.binary()


def address(sql: str, ending: str = "", **more: str) -> str:
    return f"/govspend{ending}?{urlencode({'sql': sql, **more})}"


def asked(site: Site, sql: str, **more: str) -> Any:
    return site.get(address(sql, **more))


def rows(site: Site, sql: str, **more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.get(address(sql, ".json", _shape="array", **more)).json()
    return found


def words_of(page: str) -> str:
    """What a page says outside its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def links_of(page: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page)]


def in_editor(page: str) -> str:
    found = re.search(r'<textarea id="sql-editor"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])
