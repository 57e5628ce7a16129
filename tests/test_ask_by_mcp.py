"""An assistant asks the site by MCP: a real client, a real server, figures held against SQL."""
# ruff: noqa: S608 - SQL is what this is about

from __future__ import annotations

import html
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import hostile
import httpx
import pytest
from assistant import MODES, PATH, InTurn, asks, called, edition_of, fields, message, post, text
from conftest import ROOT, Site, serving
from govspend_site.mcp import tools
from mcp import Client
from mcp_types import CallToolResult


def sql(site: Site, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{site.db}?mode=ro", uri=True)) as database:
        return database.execute(statement, values).fetchall()


@pytest.mark.parametrize("mode", MODES)
def test_a_client_learns_what_there_is(real_site: Site, mode: str) -> None:
    """Protects who connects: what the data is, tools with schemas that only read, and texts."""

    async def work(client: Client) -> tuple[Any, ...]:
        texts = {
            found.uri: (await client.read_resource(found.uri)).contents[0]
            for found in (await client.list_resources()).resources
        }
        return client.instructions, (await client.list_tools()).tools, texts

    instructions, shown, texts = asks(real_site.url + PATH, work, mode)
    for needed in ("first sale through G-Cloud", "as published", "provisional", "lasting_url"):
        assert needed in instructions
    assert "illustrative" not in instructions.lower()
    assert {tool.name for tool in shown} == set(tools.TOOLS)
    for tool in shown:
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        assert tool.input_schema["additionalProperties"] is False
        assert all("description" in p for p in tool.input_schema.get("properties", {}).values())
        assert {"source", "note", "caveats"} <= set(tool.output_schema["properties"])
    assert set(texts) == {"govspend://glossary", "govspend://caveats", "govspend://data-dictionary"}
    assert "spend_named" in texts["govspend://data-dictionary"].text
    assert "Quarantine" in texts["govspend://glossary"].text
    assert all(edition_of(real_site) in found.text for found in texts.values())


@pytest.mark.parametrize("mode", MODES)
def test_a_party_is_found_with_its_figures_and_pages(real_site: Site, mode: str) -> None:
    """Protects the figures of a name: those of SQL, and each address leads to them."""
    (answer,) = called(real_site.url + PATH, ("find_party", {"words": "home off"}), mode=mode)
    found = fields(answer)
    (party,) = (p for p in found["parties"] if p["id"] == "home-office")
    ((lines, pence),) = sql(
        real_site,
        "SELECT count(*), sum(amount_pence) FROM spend WHERE buyer_id = ?", "home-office",
    )  # fmt: skip
    assert (party["kind"], party["line_count"], party["amount_pence"]) == ("buyer", lines, pence)
    assert party["amount"] in text(answer)
    for address in (party["page_url"], party["json_url"], party["lines_url"]):
        assert httpx.get(address, timeout=30).status_code == 200
    source = found["source"]
    assert source["edition_id"] == edition_of(real_site)
    assert (
        source["lasting_url"] == f"{real_site.url}/as-of/{edition_of(real_site)}/search?q=home+off"
    )
    assert httpx.get(source["lasting_url"], timeout=30).status_code == 200
    assert any("Open Government Licence" in sentence for sentence in source["attribution"])
    assert source["licence_url"] in text(answer)


def test_a_name_that_is_misspelt_is_offered_its_likeness(real_site: Site) -> None:
    """Protects who cannot spell a firm; and says how many there are when only some are given."""
    none, some = map(
        fields,
        called(
            real_site.url + PATH,
            ("find_party", {"words": "Cabinett Offfice"}),
            ("find_party", {"words": "ltd", "kind": "supplier", "limit": 3}),
        ),
    )
    assert none["parties"] == []
    assert "cabinet-office" in {party["id"] for party in none["similar"]}
    assert len(some["parties"]) == 3 < some["supplier_count"]
    assert some["buyer_count"] == 0
    assert "first 3" in some["note"]


def test_every_question_is_answered_as_its_page_answers(real_site: Site) -> None:
    """Protects the questions: with nothing chosen, the same rows as the question's JSON."""
    url = real_site.url + PATH
    listed = fields(called(url, ("list_questions", {}))[0])["questions"]
    assert len(listed) == len(list((ROOT / "canned_queries").glob("*.sql")))
    names = [question["name"] for question in listed]
    calls = [("ask_question", {"name": name, "limit": 1000}) for name in names]
    for name, answer in zip(names, called(url, *calls), strict=True):
        found = fields(answer)
        page = real_site.get(f"/govspend/{name}.json").json()
        assert found["columns"] == page["columns"]
        assert found["rows"] == page["rows"]
        assert found["truncated"] == page["truncated"]
        assert found["caveats"] == [" ".join(found_.split()) for found_ in found["caveats"]]
        assert found["source"]["csv_url"].startswith(f"{real_site.url}/govspend/{name}.csv")


def test_a_question_takes_its_parameters_and_says_what_applied(real_site: Site) -> None:
    """Protects a narrowed figure: it is that of SQL, and its page has the same choices."""
    asked = {"name": "sme-spend-by-lot", "parameters": {"financial_year": "2013-14"}}
    found = fields(called(real_site.url + PATH, ("ask_question", asked))[0])
    pence = found["columns"].index("amount_pence")
    ((total,),) = sql(
        real_site, "SELECT sum(amount_pence) FROM spend WHERE financial_year = '2013-14'"
    )
    assert sum(row[pence] for row in found["rows"]) == total
    assert found["parameters"]["financial_year"] == "2013-14"
    assert found["source"]["page_url"].endswith("/govspend/sme-spend-by-lot?financial_year=2013-14")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"name": "no-such"}, "sme-spend-by-month"),
        ({"name": "sme-spend-by-lot", "parameters": {"year": "2013-14"}}, "financial_year"),
        ({"name": "sme-spend-by-lot", "parameters": {"financial_year": "2013"}}, "2013-14"),
        ({"name": "what-one-buyer-bought", "parameters": {"buyer": "home-ofice"}}, "home-office"),
        ({"name": "top-sme-suppliers", "parameters": {"top": 0}}, "1"),
        ({"name": "first-sale-size-of-smes", "parameters": {"since": "soon"}}, "2014-06"),
        ({"name": "search", "parameters": {"words": "x" * 201}}, "200"),
        ({"name": "search", "parameters": {"words": ["x"]}}, "parameters.words"),
        ({"name": "search", "limit": 10_000}, "1000"),
        ({}, "name is missing"),
        ({"name": "search", "colour": "red"}, "colour is not an argument"),
    ],
)
def test_a_mistake_in_asking_says_what_can_be_asked(
    real_site: Site, asked: dict[str, Any], says: str
) -> None:
    """Protects the next try: an assistant reads what was wrong, and mends it."""
    answer = called(real_site.url + PATH, ("ask_question", asked))[0]
    assert answer.is_error
    assert says in text(answer)
    assert "pydantic" not in text(answer)


@pytest.mark.parametrize("mode", MODES)
def test_spend_is_summed_up_as_sql_and_the_api_sum_it(real_site: Site, mode: str) -> None:
    """Protects sums with filters: those of SQL, and those at the addresses that are named."""
    asked = {
        "group_by": ["financial_year", "supplier_size"],
        "sector": ["Central Government", "Health"],
        "month_from": "2013-01",
        "sort": "-amount",
    }
    cut = {"group_by": ["supplier"], "sort": "-amount", "limit": 5}
    whole, part = map(
        fields,
        called(real_site.url + PATH, ("spend_summary", asked), ("spend_summary", cut), mode=mode),
    )
    place = [whole["columns"].index(c) for c in ("financial_year", "supplier_size", "amount_pence")]
    statement = """SELECT financial_year, supplier_size, sum(amount_pence) FROM spend
        WHERE sector IN ('Central Government', 'Health') AND month >= '2013-01-01'
        GROUP BY 1, 2 ORDER BY 3 DESC"""
    assert [tuple(row[n] for n in place) for row in whole["rows"]] == sql(real_site, statement)
    api = httpx.get(whole["source"]["json_url"], timeout=30).json()["rows"]
    assert [list(row.values()) for row in api] == whole["rows"]
    assert part["truncated"]
    assert part["row_count"] == 5
    assert "first 5 groups" in part["note"]
    assert "Provisional" in whole["note"]
    file = httpx.get(part["source"]["csv_url"], timeout=60).text.splitlines()
    ((suppliers,),) = sql(real_site, "SELECT count(DISTINCT supplier_id) FROM spend")
    assert len(file) == suppliers + 1
    assert httpx.get(part["source"]["lasting_url"], timeout=30).status_code == 200


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"sector": ["Helth"]}, "Health"),
        ({"group_by": ["colour"]}, "financial_year"),
        ({"group_by": ["month", "lot", "sector", "buyer"]}, "at most 3"),
        ({"month_from": "2013-13"}, "month_from"),
        ({"supplier_size": ["Small"]}, "SME"),
    ],
)
def test_a_mistake_in_summing_up_says_what_there_is(
    real_site: Site, asked: dict[str, Any], says: str
) -> None:
    """Protects the next try: a value that no line has is refused, with those that there are."""
    answer = called(real_site.url + PATH, ("spend_summary", asked))[0]
    assert answer.is_error, text(answer)
    assert says in text(answer)


def test_the_data_is_described_table_by_table(real_site: Site) -> None:
    """Protects who writes SQL: the tables of metadata.yml, each column with its meaning."""
    whole, one, none = called(
        real_site.url + PATH,
        ("describe_data", {}),
        ("describe_data", {"table": "spend"}),
        ("describe_data", {"table": "spendd"}),
    )
    tables = {table["name"]: table for table in fields(whole)["tables"]}
    assert {"spend", "spend_named", "release_months", "editions"} <= set(tables)
    assert len(fields(whole)["caveats"]) >= 10
    (spend,) = fields(one)["tables"]
    columns = sql(real_site, "SELECT name, type FROM pragma_table_xinfo('spend')")
    assert {(c["name"], c["type"]) for c in spend["columns"]} == {
        (name, kind.partition(" ")[0].lower()) for name, kind in columns
    }
    assert all(column["description"] for column in spend["columns"])
    assert none.is_error
    assert "spend_named" in text(none)


@pytest.mark.parametrize("mode", MODES)
def test_sql_is_answered_to_the_penny_and_says_when_rows_were_cut(
    real_site: Site, mode: str
) -> None:
    """Protects an analyst's figure, and that a part is never taken for the whole."""
    total, cut, named = map(
        fields,
        called(
            real_site.url + PATH,
            ("run_sql", {"sql": "SELECT sum(amount_pence) AS pence, count(*) FROM spend"}),
            ("run_sql", {"sql": "SELECT spend_id FROM spend ORDER BY 1", "limit": 7}),
            (
                "run_sql",
                {
                    "sql": "SELECT count(*) FROM spend WHERE supplier_size = :size AND month < :m",
                    "parameters": {"size": "SME", "m": "2014-01-01"},
                },
            ),
            mode=mode,
        ),
    )
    assert total["rows"] == [[21_745_567_458, 13_492]]
    assert (total["columns"], total["truncated"], total["note"]) == (
        ["pence", "count(*)"],
        False,
        None,
    )
    every = sql(real_site, "SELECT spend_id FROM spend ORDER BY 1")
    assert [tuple(row) for row in cut["rows"]] == every[:7]
    assert cut["truncated"]
    assert "first 7 rows" in cut["note"]
    file = httpx.get(cut["source"]["csv_url"], timeout=60).text.splitlines()
    assert len(file) == len(every) + 1
    ((count,),) = sql(
        real_site,
        "SELECT count(*) FROM spend WHERE supplier_size = 'SME' AND month < '2014-01-01'",
    )
    assert named["rows"] == [[count]]
    again = httpx.get(named["source"]["json_url"], timeout=30).json()
    assert again["rows"] == [[count]]


def test_values_that_json_lacks_are_told_as_text(sample_site: Site) -> None:
    """Protects readers of odd values: bytes, infinity, null, and text that looks like a table."""
    asked = {"sql": "SELECT x'00ff' AS b, 9e999 AS i, NULL AS n, 'a|b' || char(10) || 'c' AS t"}
    answer = called(sample_site.url + PATH, ("run_sql", asked))[0]
    assert fields(answer)["rows"] == [["x'00ff'", "inf", None, "a|b\nc"]]
    assert "| x'00ff' | inf |  | a\\|b c |" in text(answer)


def test_a_sample_says_that_it_is_invented(sample_site: Site) -> None:
    """Protects from invented figures that are told on as true."""

    async def work(client: Client) -> tuple[Any, CallToolResult]:
        return client.instructions, await client.call_tool("run_sql", {"sql": "SELECT 1"})

    instructions, answer = asks(sample_site.url + PATH, work)
    assert "ILLUSTRATIVE SAMPLE" in instructions
    assert "invented. Do not cite" in text(answer)
    assert fields(answer)["source"]["illustrative"] is True


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("SELECT sise FROM spend", "supplier_size"),
        ("SELECT 1 FROM spent", "spend"),
        ("SELECT :x", "no value in parameters"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("UPDATE spend SET amount_pence = 0", "SELECT"),
        ("SELECT sum( FROM spend", "could not be read"),
        ("", "at least 1 character"),
        (hostile.ENDLESS["cross join"], "release_months"),
        (hostile.LARGE["many large blobs"], "larger than 1 MB"),
    ],
)
def test_sql_that_fails_says_what_to_do(sample_site: Site, statement: str, says: str) -> None:
    """Protects the next try: a mistake is an answer in plain words, no fault of ours."""
    answer = called(sample_site.url + PATH, ("run_sql", {"sql": statement}))[0]
    assert answer.is_error
    assert says in text(answer)
    assert str(sample_site.build) not in text(answer)


@pytest.mark.parametrize("mode", MODES)
def test_two_servers_answer_by_turns_as_one(
    sample_site: Site, second_site: Site, mode: str
) -> None:
    """Protects a site of many processes: no call needs the one that answered before."""
    ports = [int(site.url.rpartition(":")[2]) for site in (sample_site, second_site)]
    balancer = InTurn(ports)

    async def work(client: Client) -> list[CallToolResult]:
        await client.list_tools()
        return [
            await client.call_tool("run_sql", {"sql": f"SELECT {n}, count(*) FROM spend"})
            for n in range(12)
        ]

    found = asks(sample_site.url + PATH, work, mode, balancer)
    ((count,),) = sql(sample_site, "SELECT count(*) FROM spend")
    assert [fields(answer)["rows"] for answer in found] == [[[n, count]] for n in range(12)]
    assert len(balancer.used) >= 13
    assert {balancer.used.count(port) for port in ports} <= {
        len(balancer.used) // 2, len(balancer.used) // 2 + 1
    }  # fmt: skip


@pytest.fixture(scope="module")
def second_site(sample_build: Any) -> Iterator[Site]:
    """Another server of the same edition, itself of two processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKERS", "2")
        with serving(sample_build) as site:
            yield site


@pytest.mark.parametrize("mode", MODES)
def test_two_processes_behind_one_address_answer_alike(second_site: Site, mode: str) -> None:
    """Protects `make serve WORKERS=2`: clients one after another, each on its own connection."""
    ((count,),) = sql(second_site, "SELECT count(*) FROM spend")
    for _ in range(6):
        found = called(
            second_site.url + PATH, ("run_sql", {"sql": "SELECT count(*) FROM spend"}), mode=mode
        )
        assert fields(found[0])["rows"] == [[count]]


def test_the_editions_own_address_answers_within_it(real_site: Site) -> None:
    """Protects what is cited: asked under /as-of/, every address stays there."""
    base = f"{real_site.url}/as-of/{edition_of(real_site)}"
    for mode in MODES:
        (answer,) = called(base + PATH, ("find_party", {"words": "bjss"}), mode=mode)
        found = fields(answer)
        assert found["parties"][0]["page_url"] == f"{base}/suppliers/bjss"
        assert found["source"]["lasting_url"] == found["source"]["page_url"]
        (summed,) = called(base + PATH, ("spend_summary", {}), mode=mode)
        assert fields(summed)["source"]["json_url"] == f"{base}/api/v1/summary"
    raw = post(real_site, message("ping"), f"/as-of/{edition_of(real_site)}{PATH}")
    assert raw.headers["cache-control"] == "no-store"


def test_an_edition_that_lacks_what_is_asked_says_so(sample_site: Site) -> None:
    """Protects who asks an old edition: it says what it is too old for, and answers the rest."""
    newest = sample_site.db.resolve()
    old = newest.with_name("govspend-2001-01-0ld.db")
    shutil.copy2(newest, old)
    try:
        with closing(sqlite3.connect(old)) as database:
            database.execute("DROP TABLE suppliers_fts")
        asked = ("find_party", {"words": "a"}), ("run_sql", {"sql": "SELECT count(*) FROM spend"})
        absent, there = called(f"{sample_site.url}/as-of/2001-01-0ld{PATH}", *asked)
    finally:
        old.unlink()
    assert absent.is_error
    assert "before the site had" in text(absent)
    assert fields(there)["rows"] == [list(sql(sample_site, "SELECT count(*) FROM spend")[0])]


def test_a_person_reads_how_to_connect_and_the_example_works(real_site: Site) -> None:
    """Protects who opens the address: a page with it, the tools, and Python that runs as it is."""
    answer = real_site.get(PATH, headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert all(f"<code>{name}</code>" in answer.text for name in tools.TOOLS)
    example_code = re.search(r'<code id="python">(.*?)</code>', answer.text, re.DOTALL)
    assert example_code
    ran = subprocess.run(
        [sys.executable, "-c", html.unescape(example_code[1])],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Home Office" in ran.stdout, ran.stderr
    config = re.search(r"<code>({.*?})</code>", answer.text)
    assert config
    servers = json.loads(html.unescape(config[1]))["mcpServers"]
    assert servers["govspend"]["url"] == real_site.url + PATH


def test_the_protocols_library_is_not_loaded_before_a_client_comes(sample_build: Any) -> None:
    """Protects the start: a site that no assistant asks pays neither its second nor its memory."""
    program = (
        "import sys, asyncio\n"
        "from pathlib import Path\n"
        "from datasette.app import Datasette\n"
        "from datasette.utils import parse_metadata\n"
        "root = Path(sys.argv[1])\n"
        "said = parse_metadata((root / 'metadata.yml').read_text())\n"
        "ds = Datasette(['govspend.db'], plugins_dir=root / 'plugins', metadata=said)\n"
        "asyncio.run(ds.invoke_startup())\n"
        "print(sorted({'mcp', 'mcp_types', 'starlette', 'cryptography'} & set(sys.modules)))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(ROOT)],
        cwd=sample_build, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ran.stdout.strip().endswith("[]"), ran.stdout + ran.stderr
