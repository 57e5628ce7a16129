"""The publisher serves from several machines: one dies, one is behind, all die, and few notice."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from bench import swap
from bench.server import Answer
from click.testing import CliRunner
from conftest import absent
from govspend_site import nginx
from many_machines import COMMANDS, COPY, ELSEWHERE, Fleet, reading, running, serves
from prometheus_client.parser import text_string_to_metric_families

from ingest import publish, schedule

# What the five seconds of s-maxage come to where nginx counts whole ones.
LONGEST_OLD = 6
PAGES = ("/", "/market", "/suppliers", "/digest", "/govspend/sme-spend-by-month")
CHEAP = "/govspend/editions.json"
# Pages that nobody asks for again until all machines are dead.
KEPT = ("/market?_k=2", "/suppliers?_k=2")
INSTANCES = [line for line in COMMANDS if line.startswith("make site")]
NGINX = next(line for line in COMMANDS if line.startswith("nginx "))


AMOUNTS = """
SELECT tables.name, columns.name
FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
WHERE tables.type = 'table' AND columns.name GLOB '*_pence'
"""


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that nginx's workers, who are nobody where root starts them, can enter."""
    for tool in ("nginx", "rsync"):
        if shutil.which(tool) is None:
            absent(f"{tool} (Debian's package of that name)")
    with tempfile.TemporaryDirectory(prefix="govspend-many-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def fleet(place: Path, sample_build: Path) -> Iterator[Fleet]:
    shutil.copytree(sample_build / "editions", place / "build" / "editions")
    publish.point(place / "build", str(publish.current(sample_build)))
    with running(place) as fleet:
        fleet.kept = {path: fleet.get(path).text for path in KEPT}
        fleet.kept_at = time.monotonic()
        yield fleet


@pytest.fixture(scope="module")
def newer(sample_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder with an edition of other amounts: the sample's, each of them twice.

    How it is built is no matter here, and takes ten times as long.
    """
    build, old = tmp_path_factory.mktemp("newer"), str(publish.current(sample_build))
    new = f"{old[:-8]}00000000"
    database = publish.edition_path(build, new)
    shutil.copytree(sample_build / "editions" / f"govspend-{old}", database.with_suffix(""))
    shutil.copyfile(publish.edition_path(sample_build, old), database)
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("UPDATE editions SET edition_id = ?", [new])
        for table, column in db.execute(AMOUNTS).fetchall():
            db.execute(f"UPDATE {table} SET {column} = 2 * {column}")  # noqa: S608 - our own names
    publish.point(build, new)
    return build


def edition_of(fleet: Fleet, number: int = 1) -> str:
    return str(publish.current(fleet.builds[number - 1]))


def counted(fleet: Fleet, number: int, name: str) -> float:
    """A counter of one instance, all its labels together."""
    text = fleet.direct(number, "/-/metrics").text
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    return sum(sample.value for sample in samples if sample.name == name)


def test_two_machines_give_the_same_bytes_and_the_same_etag(fleet: Fleet) -> None:
    """A page kept from one is known to the other; nothing of a process gets into it."""
    edition = edition_of(fleet)
    paths = (
        *PAGES, CHEAP, "/govspend/spend?supplier_size=SME", "/govspend/spend.json?_size=9",
        "/govspend/sme-spend-by-month.json?_shape=objects", "/proof/sme-share",
        "/govspend/sme-spend-by-month.svg", "/api/v1/spend.json?limit=5", "/digest.atom",
        "/downloads.json", f"/as-of/{edition}/govspend/spend.json",
    )  # fmt: skip
    for path in paths:
        first, second = fleet.both(path)
        assert first.status_code == second.status_code == 200, path
        assert first.content == second.content, path
        assert first.headers["etag"] == second.headers["etag"], path
        # Neither is anybody's own, and no cookie says who signed it.
        assert "set-cookie" not in first.headers, path
        known = {"if-none-match": first.headers["etag"]}
        assert fleet.get(path, **known, **{"accept-encoding": "gzip"}).status_code == 304, path


def test_what_the_site_says_of_keeping_is_kept_to(fleet: Fleet) -> None:
    """A page is kept once for all who take gzip; what is of one server, a file or an error, not."""
    whole = fleet.get("/buyers?_k=1", **{"accept-encoding": "gzip, deflate, br"})
    assert whole.headers["cache-status"] == "nginx; fwd=uri-miss"
    assert whole.headers["cache-control"] == "public, max-age=0, s-maxage=5, must-revalidate"
    # nginx puts a page in its place a moment after it has sent the last of it.
    asked = (fleet.get("/buyers?_k=1", **{"accept-encoding": "gzip"}) for _ in range(100))
    again = next(found for found in asked if found.headers["cache-status"] == "nginx; hit")
    assert again.headers["content-encoding"] == "gzip"
    assert again.headers["etag"] == whole.headers["etag"]
    known = {"if-none-match": whole.headers["etag"], "accept-encoding": "gzip"}
    assert fleet.get("/buyers?_k=1", **known).status_code == 304
    for plain in ("identity", "gzip;q=0", "br"):
        found = fleet.get("/buyers?_k=1", **{"accept-encoding": plain})
        assert "content-encoding" not in found.headers
        assert found.text == whole.text
    edition = edition_of(fleet)
    for path in ("/-/health", "/no-such-page", "/govspend/spend.csv", "/downloads/spend.csv.gz",
                 f"/as-of/{edition}/market"):  # fmt: skip
        for _ in range(2):
            assert "hit" not in fleet.get(path).headers.get("cache-status", ""), path
    part = fleet.get("/downloads/spend.parquet", range="bytes=0-3")
    assert (part.status_code, part.content) == (206, b"PAR1")
    style = fleet.get("/static/govspend.css", **{"accept-encoding": "gzip"})
    assert style.headers["content-encoding"] == "gzip"


def test_pages_name_the_address_of_the_site_whatever_is_asked(fleet: Fleet) -> None:
    """Nobody writes a name of his own into a page that others get, and the log knows who asked."""
    named = f"http://localhost:{fleet.ports['8000']}/"
    page = fleet.get("/proof/sme-share?_a=1", host="evil.example", **{"x-forwarded-proto": "https"})
    assert named in page.text
    assert "evil.example" not in page.text
    fleet.get("/market?_a=1", **{"x-forwarded-for": "192.0.2.7"})
    assert not any("192.0.2.7" in fleet.log(line).read_text() for line in INSTANCES)


@pytest.mark.parametrize(("number", "scheme"), [(1, "http"), (2, "https")])
def test_a_proxy_elsewhere_is_believed_where_it_is_named(
    fleet: Fleet, number: int, scheme: str
) -> None:
    """On many machines nginx is not on that of the site; anybody else's word is not taken."""
    transport = httpx.HTTPTransport(local_address=ELSEWHERE)
    url = f"http://127.0.0.1:{fleet.ports[f'800{number}']}/digest.atom"
    asked = {"x-forwarded-proto": "https", "host": "a.example", "x-forwarded-for": "192.0.2.8"}
    with httpx.Client(transport=transport, timeout=30) as client:
        assert f"{scheme}://a.example/" in client.get(url, headers=asked).text
    assert ("192.0.2.8" in fleet.log(INSTANCES[number - 1]).read_text()) == (scheme == "https")


def test_too_much_at_once_goes_no_further(fleet: Fleet) -> None:
    """503 is for the visitor: handed on to the other machine, it would take both out of service."""
    slow = "with recursive c(x) as (select 1 union all select x+1 from c where x<800000) "
    asked = {"sql": slow + "select count(*) from c"}  # noqa: S608 - a visitor's
    before = [counted(fleet, number, "govspend_lane_refused_total") for number in (1, 2)]
    with httpx.Client(base_url=fleet.url, timeout=60) as client, ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: client.get("/govspend.json", params=asked), range(20)))
    statuses = [answer.status_code for answer in found]
    assert set(statuses) == {200, 503}
    assert all("retry-after" in answer.headers for answer in found if answer.status_code == 503)
    after = [counted(fleet, number, "govspend_lane_refused_total") for number in (1, 2)]
    refused = [late - early for early, late in zip(before, after, strict=True)]
    assert sorted(refused) == [0, statuses.count(503)]
    assert {fleet.get(f"{CHEAP}?_b={number}").status_code for number in range(9)} == {200}


def test_nobody_notices_that_a_machine_dies_and_it_is_taken_back(fleet: Fleet) -> None:
    """64 visitors, SIGKILL in the middle: no request fails that the other machine could answer."""
    died = INSTANCES[0]
    with reading(fleet, PAGES, fresh=CHEAP, every=4) as readers:
        readers.answered(200)
        fleet.end(died)
        readers.answered(500)
    fleet.start(died)
    fleet.wait_for(1)
    before = counted(fleet, 1, "govspend_page_answers_total")
    deadline, asked = time.monotonic() + 15, 0
    while counted(fleet, 1, "govspend_page_answers_total") == before:
        assert time.monotonic() < deadline, "it is back and is not asked"
        asked += 1
        assert fleet.get(f"{CHEAP}?_back={asked}").status_code == 200
        time.sleep(0.05)
    assert readers.failed == []
    assert all(len(shown) == 1 for shown in readers.seen.values())


def test_an_edition_goes_out_machine_by_machine(fleet: Fleet, newer: Path) -> None:
    """Under 64 visitors: none fails, no page mixes two, a link to the new one is never broken."""
    old, new = edition_of(fleet), str(publish.current(newer))
    assert old in fleet.get("/glossary").text
    with reading(fleet, PAGES, fresh=PAGES[-1], every=60) as readers:
        readers.answered(200)
        _publish(fleet, newer, new)
        for number in range(6):
            # Some of these are asked first of the machine that has not got it.
            assert fleet.get(f"/as-of/{new}{CHEAP}?_b={number}").status_code == 200
        readers.answered(200)
        for line in COPY:
            fleet.run(line)
        swapped = time.monotonic()
        assert edition_of(fleet, 2) == new
        readers.answered(200)
        time.sleep(max(0, swapped + LONGEST_OLD - time.monotonic()))
        # The last is a page that nobody asked for meanwhile.
        for path in (*PAGES, "/glossary"):
            assert new in fleet.get(path).text, path
    assert readers.failed == []
    assert readers.editions == {old, new}
    for (path, edition), shown in readers.seen.items():
        assert shown == {_alone(fleet, path, edition)}, f"{path} of {edition}"


def _publish(fleet: Fleet, newer: Path, edition_id: str) -> None:
    """As a refresh does: an edition's files, its database, the link."""
    source, target = newer / "editions", fleet.builds[0] / "editions"
    name = f"govspend-{edition_id}"
    shutil.copytree(source / name, target / name)
    shutil.copy2(source / f"{name}.db", target / ".aside")
    (target / ".aside").replace(target / f"{name}.db")
    publish.point(fleet.builds[0], edition_id)


def _alone(fleet: Fleet, path: str, edition_id: str) -> swap.Shown:
    """What that page of that edition shows when nothing else happens."""
    page = fleet.direct(2, f"/as-of/{edition_id}{path}")
    named, shown = swap.shows(Answer(page.status_code, page.content, 0))
    assert named == edition_id
    return shown


def test_when_all_are_dead_what_was_kept_is_shown_and_the_rest_is_sorry(fleet: Fleet) -> None:
    """The last good page is better than none; a program is told in its own words."""
    for line in INSTANCES:
        fleet.end(line)
    time.sleep(max(0, fleet.kept_at + LONGEST_OLD - time.monotonic()))
    for path, text in fleet.kept.items():
        found = fleet.get(path)
        assert found.headers["cache-status"] == "nginx; hit; detail=stale"
        assert (found.status_code, found.text) == (200, text)
        assert "Edition " in text
    for path in ("/never-asked", "/-/mcp"):
        sorry = fleet.get(path)
        assert (sorry.status_code, sorry.headers["cache-control"]) == (502, "no-store")
        assert sorry.headers["retry-after"] == "5"
    page = fleet.get("/never-asked")
    assert "<h1>Back in a moment</h1>" in page.text
    assert "in a few seconds" in fleet.get("/govspend/never.json").json()["error"]


def test_nginx_takes_what_is_printed_for_several_machines(place: Path) -> None:
    """The file for /etc/nginx/conf.d, as the README has it; in a frame, for want of that folder."""
    given = [
        "--upstream",
        "10.0.0.11:8001",
        "--upstream",
        "[fd00::2]:8001",
        "--upstream",
        "c.example:80",
    ]
    printed = CliRunner().invoke(
        nginx.main, [*given[:4], "--url", "https://your.name", "--listen", "[::1]:8443"]
    )
    assert printed.exit_code == 0, printed.output
    text = printed.output.replace("/var/cache/govspend", "pages")
    assert "server_name your.name;" in text
    assert "X-Forwarded-Proto https;" in text
    folder = place / "printed"
    folder.mkdir()
    (folder / "nginx.conf").write_text("events {}\npid nginx.pid;\nhttp {\n" + text + "}\n")
    command = ["nginx", "-t", "-p", str(folder), "-c", "nginx.conf"]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--upstream", "10.0.0.11"], "give host and port"),
        (["--upstream", "a:80; return 200"], "give host and port"),
        (["--upstream", "a:80", "--url", "your.name"], "http://your.name"),
        (["--upstream", "a:80", "--url", "http://a.b/$c"], "nginx cannot take '$'"),
        (["--upstream", "a:80", "--listen", "80; }"], "nginx cannot take ';'"),
        ([], "Missing option '--upstream'"),
    ],
)
def test_what_nginx_would_misread_is_refused(given: list[str], says: str) -> None:
    """Better a sentence now than a server that does something else."""
    url = [] if "--url" in given else ["--url", "http://a.b"]
    done = CliRunner().invoke(nginx.main, [*given, *url])
    assert done.exit_code == 2
    assert says in done.output


def test_every_command_of_the_section_is_run() -> None:
    """The fleet of these tests is what the README tells a publisher to type."""
    assert len(INSTANCES) == 2
    assert [serves(line) for line in COMMANDS].count(True) == 3
    assert len(COPY) == 4
    assert COPY[2].split()[2] == "build/govspend.db", "the link comes after what it points at"


def test_units_for_a_machine_behind_nginx_elsewhere() -> None:
    """They listen where nginx can reach them, and believe it."""
    asked = ["--host", "10.0.0.11", "--proxy", "10.0.0.5", "--url", "https://your.name"]
    done = CliRunner().invoke(schedule.schedule, asked)
    assert done.exit_code == 0, done.output
    assert "--host 10.0.0.11 --port 8001" in done.output
    assert "--url https://your.name --proxy 10.0.0.5" in done.output
    odd = CliRunner().invoke(schedule.schedule, ["--proxy", "10.0.0.5; x"])
    assert "no address that a unit can name" in str(odd.exception)
