"""SQL of the site's own pages, kept in sql/."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from govspend_site import visits

# Every edition is published under this name, whatever its file is called.
DATABASE = "govspend"


@functools.cache
def sql(name: str) -> str:
    """The text of NAME.sql without its leading comment lines."""
    lines = (Path(__file__).parent / "sql" / f"{name}.sql").read_text("utf-8").splitlines()
    while lines and lines[0].startswith("--"):
        lines.pop(0)
    return "\n".join(lines).strip()


def database(datasette: Any) -> Any:
    """The edition being served, or None when it is not there."""
    return datasette.databases.get(DATABASE)


async def rows(
    datasette: Any, name: str, parameters: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """Rows of NAME.sql as dictionaries."""
    with visits.ours():
        result = await database(datasette).execute(sql(name), dict(parameters or {}))
    return [dict(row) for row in result.rows]
