"""Visitors are hostile: their SQL and their addresses cost nobody else the site, or anything."""

from __future__ import annotations

import asyncio
import hashlib
import re
import sqlite3
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import hostile
import httpx
import pytest
from conftest import Site, in_a_loop
from datasette.database import QueryInterrupted
from govspend_site import lane, visits

SECONDS = 0.5
MEGABYTE = 1_000_000
REFUSED = re.compile(
    r"not authorized|cannot modify|no such function|syntax error|one statement|denied|"
    r"unknown database|may not"
)
# What only the lane refuses: Datasette's own connections would answer, with the file's place.
MARK = "SELECT count(*) FROM pragma_database_list"


def database_of(build: Path) -> Any:
    return SimpleNamespace(path=str((build / "govspend.db").resolve()), is_mutable=False)


def peak_megabytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    return int(found[1]) // 1000 if found else 0


def workers_of(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(child) for child in found.stdout.split()]


async def one_by_one(
    database: Any, statements: dict[str, str]
) -> dict[str, tuple[str, float, int]]:
    """name -> what came of it, seconds it took, and megabytes that the worker had at most."""
    pool = lane.Pool(1, 1, 300 * MEGABYTE, 128 * MEGABYTE)
    found = {}
    for name, sql in statements.items():
        async with pool.worker() as ready:
            # A new worker takes a moment to start, which is not the statement's.
            async for _ in ready.messages(lane.task_of(database, "SELECT 1"), 20):
                pass
        started = time.monotonic()
        try:
            answer = await lane.ask(database, sql, limits=lane.Limits(SECONDS), pool=pool)
            outcome = f"{len(answer.rows)} rows"
        except QueryInterrupted:
            outcome = "interrupted"
        except sqlite3.Error as error:
            outcome = str(error)
        took = time.monotonic() - started
        alive = [w for w in pool.idle if w.alive]
        found[name] = (outcome, took, peak_megabytes(alive[0].pid) if alive else 0)
    await pool.close()
    return found


def test_no_hostile_statement_outlives_its_limit_takes_memory_or_writes(sample_build: Path) -> None:
    """Each of the corpus: over in its time and half a second, within its memory, nothing written.

    A statement that fills the time is either interrupted or killed with its worker.
    """
    database = database_of(sample_build)
    before = hashlib.sha256(Path(database.path).read_bytes()).hexdigest()
    found = in_a_loop(one_by_one(database, hostile.STATEMENTS))
    assert len(found) >= 60
    late = {name: took for name, (_, took, _) in found.items() if took > SECONDS + 0.5}
    assert not late
    large = {name: peak for name, (*_, peak) in found.items() if peak > 300}
    assert not large
    for name in hostile.FORBIDDEN:
        assert REFUSED.search(found[name][0]), (name, found[name][0])
    # Patterns are cut short by their own limit; all others have to be stopped.
    stopped = [name for name in hostile.ENDLESS if found[name][0] == "interrupted"]
    assert len(stopped) > len(hostile.ENDLESS) / 2
    assert hashlib.sha256(Path(database.path).read_bytes()).hexdigest() == before
    assert not list(Path(database.path).parent.glob("*-journal"))
    assert not Path("/tmp/govspend-copy.db").exists()
    assert not Path("/tmp/govspend-written").exists()


WAYS_IN = {
    "page": f"/govspend?sql={quote(MARK)}",
    "json": f"/govspend.json?sql={quote(MARK)}",
    "json objects": f"/govspend.json?sql={quote(MARK)}&_shape=array",
    "csv": f"/govspend.csv?sql={quote(MARK)}",
    "ndjson": f"/govspend.ndjson?sql={quote(MARK)}",
    "xml": f"/govspend.xml?sql={quote(MARK)}",
    "xlsx": f"/govspend.xlsx?sql={quote(MARK)}",
    "parquet": f"/govspend.parquet?sql={quote(MARK)}",
    "chart": f"/govspend?_chart=bar&sql={quote(MARK)}",
    "image": f"/govspend.svg?sql={quote(MARK)}",
    "image of a where": f"/govspend/spend.svg?_where=1+IN+({quote(MARK)})",
    "encoded name": f"/govspend?%73%71%6c={quote(MARK)}",
    "encoded path": f"/govs%70end?sql={quote(MARK)}",
    "tilde path": f"/govspend~2Ejson?sql={quote(MARK)}",
    "twice": f"/govspend?sql={quote(MARK)}&sql=select+1",
    "parameter": f"/govspend?sql={quote(MARK + ' WHERE name != :x')}&x=1",
    "where": f"/govspend/spend?_where=1+IN+({quote(MARK)})",
    "where json": f"/govspend/spend.json?_where=1+IN+({quote(MARK)})",
    "where csv": f"/govspend/spend.csv?_where=1+IN+({quote(MARK)})",
    "where xlsx": f"/govspend/spend.xlsx?_where=1+IN+({quote(MARK)})",
    "where parquet": f"/govspend/spend.parquet?_where=1+IN+({quote(MARK)})",
    "where encoded": f"/govspend/spend.json?%5f%77here=1+IN+({quote(MARK)})",
    "where of a view": f"/govspend/spend_named.json?_where=1+IN+({quote(MARK)})",
    "where twice": f"/govspend/spend.json?_where=1&_where=1+IN+({quote(MARK)})",
    "where and facet": f"/govspend/spend?_facet=lot&_where=1+IN+({quote(MARK)})",
    "where in tildes": f"/govspend/spend~2Ejson?_where=1+IN+({quote(MARK)})",
}


# The same for SQL that comes in the body of a request.
POSTED = {
    "mcp": ("/-/mcp", {"sql": MARK}),
    "mcp with a slash": ("/-/mcp/", {"sql": MARK}),
    "mcp with an address": (f"/-/mcp?sql={quote(MARK)}", {"sql": MARK}),
    "mcp with a parameter": ("/-/mcp", {"sql": MARK + " WHERE name != :x", "parameters": {"x": 1}}),
    "mcp behind a comment": ("/-/mcp", {"sql": f"-- x\n/* y */ {MARK}"}),
    "mcp behind with": ("/-/mcp", {"sql": f"WITH a AS ({MARK}) SELECT * FROM a"}),  # noqa: S608
}


OTHER_PAGES = (
    "/", "/suppliers", "/buyers", "/market", "/search", "/releases", "/map", "/firms-like-mine",
    "/proof/", "/govspend/suppliers", "/suppliers.json", "/govspend/who-sells",
    "/govspend/who-sells.json", "/govspend/who-sells.csv",
)  # fmt: skip


@pytest.mark.parametrize("name", WAYS_IN)
def test_every_way_in_takes_the_lane(sample_site: Site, name: str) -> None:
    """Whatever the address and the format, SQL of a visitor runs where it can be killed."""
    for prefix in ("", kept(sample_site)):
        answer = sample_site.get(prefix + WAYS_IN[name], follow_redirects=True)
        assert answer.status_code in (400, 404), (answer.status_code, answer.text[:300])
        if answer.status_code == 400:
            assert "not authorized" in answer.text
        assert str(sample_site.build) not in answer.text


@pytest.mark.parametrize("name", POSTED)
def test_every_way_in_by_post_takes_the_lane(sample_site: Site, name: str) -> None:
    """An assistant's SQL, too, in either generation of its protocol."""
    path, arguments = POSTED[name]
    params = {"name": "run_sql", "arguments": arguments}
    new = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call"}
    headers["mcp-name"] = "run_sql"
    for prefix in ("", kept(sample_site)):
        for said, sent in ((params, {}), ({**params, "_meta": new}, headers)):
            answer = httpx.post(
                sample_site.url + prefix + path,
                json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": said},
                headers={"accept": "application/json", **sent},
                timeout=30,
            )
            assert answer.json()["result"]["isError"], answer.text
            assert "not authorized" in answer.text
            assert str(sample_site.build) not in answer.text


def kept(site: Site) -> str:
    """The address of the edition itself."""
    return f"/as-of/{(site.build / 'govspend.db').resolve().stem.removeprefix('govspend-')}"


def test_no_page_of_the_site_tells_where_its_file_lies(sample_site: Site) -> None:
    """SQL given to a page that takes none is not run."""
    sql = quote("SELECT file FROM pragma_database_list")
    for path in OTHER_PAGES:
        answer = sample_site.get(f"{path}?sql={sql}")
        assert str(sample_site.build) not in answer.text, path


@pytest.mark.parametrize("number", range(len(hostile.ADDRESSES)))
def test_a_hostile_address_gets_a_plain_answer(sample_site: Site, number: int) -> None:
    """Never a fault of ours, never long, nothing of it executed."""
    path = hostile.ADDRESSES[number]
    started = time.monotonic()
    answer = sample_site.get(path)
    assert answer.status_code in (200, 301, 302, 400, 404, 414), (path[:200], answer.text[:500])
    assert time.monotonic() - started < 10
    assert hostile.SCRIPT not in answer.text
    assert "Traceback" not in answer.text


def test_while_eight_run_their_worst_everybody_else_is_served(sample_site: Site) -> None:
    """Pages answer, the server does not grow, and one too many is told when to come again."""
    server = server_of(sample_site)
    sample_site.get("/")
    before = rss_megabytes(server)
    worst = [*hostile.HUGE.values(), *hostile.LARGE.values(), *hostile.ENDLESS.values()]
    stop, statuses = threading.Event(), []

    def attack(place: int) -> None:
        with httpx.Client(base_url=sample_site.url, timeout=60) as client:
            while not stop.is_set():
                place += 8
                sql = worst[place % len(worst)]
                ending = ("", ".json", ".csv", ".parquet")[place // 8 % 4]
                # A statement that no address can hold is not sent.
                if len(sql) < 8000:
                    answer = answered(client, f"/govspend{ending}", sql)
                    statuses.append(answer)

    attackers = [threading.Thread(target=attack, args=(n,)) for n in range(8)]
    for attacker in attackers:
        attacker.start()
    try:
        peak = 0
        for path in (
            "/",
            "/govspend/spend",
            "/suppliers",
            "/market",
            "/buyers",
            "/search?q=data",
        ) * 3:
            assert sample_site.get(path).status_code == 200
            peak = max(peak, rss_megabytes(server))
    finally:
        stop.set()
        for attacker in attackers:
            attacker.join()
    assert set(statuses) <= {200, 400, 503, None}, set(statuses)
    assert peak - before < 200, (before, peak)
    assert sample_site.get("/govspend.json?sql=select+1").status_code == 200


def answered(client: httpx.Client, path: str, sql: str) -> int | None:
    """The status; None where a file broke off."""
    try:
        return client.get(path, params={"sql": sql}).status_code
    except httpx.RemoteProtocolError:
        return None


def server_of(site: Site) -> int:
    """The process that listens at the site's port."""
    port = site.url.rpartition(":")[2]
    found = subprocess.run(
        ["pgrep", "-f", f"govspend_site.serve.*--port {port}"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return int(found.stdout.split()[-1])


def rss_megabytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 // MEGABYTE


def test_one_too_many_is_told_when_to_come_again(sample_build: Path) -> None:
    """So many may wait; the next is refused at once, and the queue moves on in its order."""
    database = database_of(sample_build)

    async def run() -> tuple[list[Any], float]:
        pool = lane.Pool(1, 2, 300 * MEGABYTE, 128 * MEGABYTE)
        slow = lane.ask(database, hostile.ENDLESS["recursion"], limits=lane.Limits(1), pool=pool)
        tasks = [asyncio.ensure_future(slow)]
        await asyncio.sleep(0.3)
        tasks += [
            asyncio.ensure_future(lane.ask(database, f"SELECT {n}", pool=pool)) for n in (1, 2)
        ]
        await asyncio.sleep(0)
        started = time.monotonic()
        with pytest.raises(lane.Busy):
            await lane.ask(database, "SELECT 3", pool=pool)
        refused = time.monotonic() - started
        found = await asyncio.gather(*tasks, return_exceptions=True)
        await pool.close()
        return found, refused

    found, refused = in_a_loop(run())
    assert isinstance(found[0], QueryInterrupted)
    assert [answer.rows for answer in found[1:]] == [[(1,)], [(2,)]]
    assert refused < 0.2


def test_a_visitor_who_leaves_frees_the_place(sample_build: Path) -> None:
    """Closing the browser ends the work: the worker is killed and the next question answered."""
    database = database_of(sample_build)

    async def run() -> lane.Answer:
        pool = lane.Pool(1, 2, 300 * MEGABYTE, 128 * MEGABYTE)
        slow = lane.ask(database, hostile.ENDLESS["recursion"], limits=lane.Limits(30), pool=pool)
        task = asyncio.ensure_future(slow)
        await asyncio.sleep(0.5)
        task.cancel()
        found = await asyncio.wait_for(lane.ask(database, "SELECT 1", pool=pool), 10)
        await pool.close()
        return found

    assert in_a_loop(run()).rows == [(1,)]


@pytest.mark.parametrize("ending", ["", ".json"])
def test_busy_is_503_with_a_time_to_come_again(sample_site: Site, ending: str) -> None:
    """Many slow questions at once: some are told to come again, in words and in a header.

    The page that says so asks the database what edition it is, and must not wait for that.
    """
    sql = hostile.ENDLESS["cross join"]

    async def run() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=sample_site.url, timeout=60) as client:
            given = {"sql": sql, "_timelimit": "500"}
            asked = [client.get(f"/govspend{ending}", params=given) for _ in range(16)]
            return await asyncio.gather(*asked)

    answers = in_a_loop(run())
    assert {answer.status_code for answer in answers} == {400, 503}
    refused = [answer for answer in answers if answer.status_code == 503]
    assert all(answer.headers["retry-after"] == "5" for answer in refused)
    assert "Nothing is lost" in refused[0].text


@pytest.mark.parametrize(
    ("query", "brings"),
    [("sql=select+1", True), ("%73ql=1", True), ("_where=1", True), ("a=1&_where=", True),
     ("a=1;sql=2", False), ("nosql=1", False), ("q=sql", False), ("", False)],
)  # fmt: skip
def test_what_brings_sql(query: str, brings: bool) -> None:
    """Read as Datasette reads it, so that no other spelling slips by."""
    assert visits.brings_sql(query) is brings


def test_answers_are_those_that_sqlite_gives(sample_build: Path) -> None:
    """The lane changes nothing of an answer: values, nulls, bytes, names and order."""
    database = database_of(sample_build)
    statements = [
        "SELECT 1 AS a, 2 AS a, NULL, x'00ff', 1.5, 'é', 9223372036854775807",
        "SELECT * FROM spend_named ORDER BY spend_id LIMIT 50",
        "SELECT name, count(*) FROM suppliers GROUP BY 1 ORDER BY 2, 1 LIMIT 7",
        "SELECT * FROM spend WHERE 0",
    ]

    async def ask(sql: str) -> lane.Answer:
        return await lane.ask(database, sql, limits=lane.Limits(20))

    async def run(asked: Callable[[str], Awaitable[lane.Answer]]) -> list[lane.Answer]:
        found = [await asked(sql) for sql in statements]
        await lane.QUESTIONS.close()
        return found

    with sqlite3.connect(f"file:{database.path}?mode=ro", uri=True) as direct:
        for sql, answer in zip(statements, in_a_loop(run(ask)), strict=True):
            cursor = direct.execute(sql)
            assert answer.rows == cursor.fetchall()
            assert answer.columns == [column[0] for column in cursor.description]
            assert not answer.truncated
            shown = visits.results(answer)
            assert [tuple(row) for row in shown.rows] == answer.rows
