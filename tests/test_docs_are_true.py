"""What the documentation says is there is there, and what is there is documented."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import yaml
from conftest import ROOT, Site

METADATA: dict[str, Any] = yaml.safe_load((ROOT / "metadata.yml").read_text())
TABLES: dict[str, dict[str, Any]] = METADATA["databases"]["govspend"]["tables"]
LICENCE = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
KNOWN_KEYS = {
    "title", "description", "sort", "sort_desc", "size", "facets", "columns", "label_column",
    "hidden",
}  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> Iterator[dict[str, list[str]]]:
    """Table or view -> its columns, from the SQL that makes them."""
    with closing(sqlite3.connect(":memory:")) as db:
        for part in ("schema.sql", "views.sql"):
            db.executescript((ROOT / "ingest" / part).read_text())
        names = [
            row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type <> 'index'")
        ]
        # table_xinfo also lists generated columns.
        yield {
            name: [row[1] for row in db.execute(f"PRAGMA table_xinfo([{name}])")] for name in names
        }


def test_every_table_and_column_is_described(schema: dict[str, list[str]]) -> None:
    """The data dictionary has no gap and names nothing that is gone."""
    assert set(TABLES) == set(schema)
    for name, table in TABLES.items():
        assert list(table["columns"]) == schema[name], name
        assert table["title"], name
        assert table["description"], name
        assert all(str(text).strip() for text in table["columns"].values()), name


def test_units_are_told(schema: dict[str, list[str]]) -> None:
    """Who reads a figure learns what it is a number of."""
    units = METADATA["unit_by_ending"]
    for name, table in TABLES.items():
        for column, text in table["columns"].items():
            for ending, unit in units.items():
                if column.endswith(ending):
                    assert unit in text, f"{name}.{column}"


def facets(table: dict[str, Any]) -> list[str]:
    """The columns that a table opens broken down by, by lines or in pounds."""
    return [next(iter(f.values())) if isinstance(f, dict) else f for f in table.get("facets", [])]


def test_table_settings_name_columns_that_are_there(schema: dict[str, list[str]]) -> None:
    """A misspelt key or column would silently do nothing, or break the page."""
    for name, table in TABLES.items():
        # Datasette's own `units` raises on pence; a misspelt key does nothing at all.
        assert set(table) <= KNOWN_KEYS, name
        used = [table.get(key) for key in ("sort", "sort_desc", "label_column")]
        for column in [*filter(None, used), *facets(table)]:
            assert column in schema[name], f"{name}: {column}"


def test_licence_and_caveats_are_sentences() -> None:
    """The licence of the data is named and linked; a caveat stands by itself on any page."""
    for place in (METADATA, METADATA["databases"]["govspend"]):
        assert place["license"] == "Open Government Licence v3.0"
        assert place["license_url"] == LICENCE
    for name, sentence in METADATA["caveats"].items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
        assert sentence.endswith("."), name


def test_every_table_opens_as_described(real_site: Site) -> None:
    """Every table and view answers with its facets in time, under its title."""
    for name, table in TABLES.items():
        page = real_site.get(f"/govspend/{name}")
        assert page.status_code == 200, name
        assert table["title"] in page.text, name
        data = real_site.get(f"/govspend/{name}.json").json()
        # A facet that ran out of time is left out.
        if data["rows"]:
            assert list(data["facet_results"]) == facets(table), name


def test_the_main_table_opens_ready_to_use(real_site: Site) -> None:
    """The public's main page opens newest first, faceted, with names for suppliers and buyers."""
    data = real_site.get("/govspend/spend.json?_shape=objects&_labels=on").json()
    months = [row["month"] for row in data["rows"]]
    assert months == sorted(months, reverse=True)
    assert months[0] == "2014-06-01"
    assert list(data["facet_results"]) == ["supplier_size", "lot", "sector", "financial_year"]
    for key in ("supplier_id", "buyer_id"):
        named = data["rows"][0][key]
        assert named["label"] != named["value"]
