"""A page of an edition is made once and given to all: the same page, to the byte, for anybody."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from conftest import Site, in_a_loop
from govspend_site import live, page_cache, ready
from govspend_site.page_store import Key, Page, Store, size
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

PAGES = (
    "/", "/market", "/firms-like-mine", "/govspend/spend?supplier_size=SME", "/proof/sme-share",
    "/govspend/spend.json?_size=5&_ttl=900", "/digest.atom",
)  # fmt: skip
GZIP = {"accept-encoding": "gzip"}
PLAIN = {"accept-encoding": "identity"}


def counted(site: Site) -> dict[str, float]:
    """How pages came about so far: made, hit, joined."""
    return {
        sample.labels["how"]: sample.value
        for family in text_string_to_metric_families(site.get("/-/metrics").text)
        for sample in family.samples
        if sample.name == "govspend_page_answers_total"
    }


@pytest.mark.parametrize("path", PAGES)
def test_every_way_of_asking_gets_the_same_page(sample_site: Site, path: str) -> None:
    """First or later, gzipped or not, HEAD or GET: one body, one set of headers, one ETag each."""
    first = sample_site.get(path, headers=PLAIN)
    again = sample_site.get(path, headers=PLAIN)
    zipped = sample_site.get(path, headers=GZIP)
    assert first.status_code == 200
    assert first.content == again.content == zipped.content
    assert "content-encoding" not in first.headers
    assert zipped.headers["content-encoding"] == "gzip"
    assert zipped.num_bytes_downloaded == int(zipped.headers["content-length"])
    assert zipped.headers["etag"] not in (first.headers["etag"], f"W/{first.headers['etag']}")
    for whole, asked in ((first, PLAIN), (zipped, GZIP)):
        assert whole.headers["vary"] == "Accept-Encoding"
        assert whole.headers["cache-control"] == "public, max-age=0, s-maxage=5, must-revalidate"
        head = httpx.head(sample_site.url + path, headers=asked, timeout=30)
        assert head.content == b""
        assert _lasting(head) == _lasting(whole)
        kept = sample_site.get(path, headers={**asked, "if-none-match": whole.headers["etag"]})
        assert (kept.status_code, kept.content) == (304, b"")
        for name in ("etag", "vary", "cache-control"):
            assert kept.headers[name] == whole.headers[name]


def _lasting(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "date"}


@pytest.mark.parametrize(
    ("sent", "status"),
    [('"another"', 200), ("*", 304), ('"another", {etag}', 304), ("W/{etag}", 304),
     ("{etag}x", 200)],
)  # fmt: skip
def test_a_browser_is_spared_only_what_it_has(sample_site: Site, sent: str, status: int) -> None:
    """If-None-Match as the standard has it: lists, weak marks, anything at all."""
    etag = sample_site.get("/market").headers["etag"]
    asked = {"if-none-match": sent.format(etag=etag)}
    assert sample_site.get("/market", headers=asked).status_code == status


@pytest.mark.parametrize(
    ("sent", "zipped"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("*", True), ("gzip;q=0", False),
     ("gzip; q=0.000, br", False), ("br", False), ("identity", False), ("", False)],
)  # fmt: skip
def test_only_who_takes_gzip_gets_it(sample_site: Site, sent: str, zipped: bool) -> None:
    """A browser that says that it takes none is believed."""
    found = sample_site.get("/market", headers={"accept-encoding": sent})
    assert (found.headers.get("content-encoding") == "gzip") is zipped
    assert "</html>" in found.text


def test_who_asks_makes_no_difference(sample_site: Site) -> None:
    """A cookie or a password makes no page private, and no other page: nobody signs in here."""
    plain = sample_site.get("/suppliers")
    for personal in ({"cookie": "ds_actor=x; a=b"}, {"authorization": "Bearer x"}):
        found = sample_site.get("/suppliers", headers=personal)
        assert _lasting(found) == _lasting(plain)
        assert found.content == plain.content
        assert "set-cookie" not in found.headers


def test_a_page_names_the_address_that_its_visitor_used(sample_site: Site) -> None:
    """Behind a proxy and under several names: links are those of the one who asks."""
    for host, scheme in (("a.example", "http"), ("a.example", "https"), ("b.example", "https")):
        asked = {"host": host, "x-forwarded-proto": scheme}
        for path in ("/proof/sme-share", "/digest.atom"):
            text = sample_site.get(path, headers=asked).text
            assert f"{scheme}://{host}/" in text
            for other in {"http://a.example/", "https://a.example/", "https://b.example/"}:
                assert (other in text) == (other == f"{scheme}://{host}/"), path


def test_many_at_once_are_one_computation(sample_site: Site) -> None:
    """A page that a newspaper links to is made once, however many ask before it is done."""
    # An address that nobody else asks for, and slow enough for the others to come meanwhile.
    path = "/govspend/spend?_size=100&_sort=amount&supplier_size=SME"
    before = counted(sample_site)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: sample_site.get(path).content, range(16)))
    after = counted(sample_site)
    assert len(set(found)) == 1
    assert after["made"] - before.get("made", 0) == 1
    served = sum(after.get(how, 0) - before.get(how, 0) for how in ("hit", "joined"))
    assert served == 15


@pytest.mark.parametrize(
    "path",
    ["/no-such-page", "/govspend/spend?_sort=nothing", "/govspend.json?sql=select+1",
     "/govspend/spend?_where=1=1",
     "/-/versions.json", "/-/health", "/as-of/", "/static/suggest.js"],
)  # fmt: skip
def test_what_is_no_page_of_an_edition_is_made_for_each(sample_site: Site, path: str) -> None:
    """Errors, files, a visitor's SQL, and what tells of the server itself are never kept."""
    before = counted(sample_site)
    first, second = sample_site.get(path), sample_site.get(path)
    after = counted(sample_site)
    assert first.status_code == second.status_code
    assert after.get("hit", 0) == before.get("hit", 0)
    if first.status_code >= 400:
        assert first.headers["cache-control"] == "no-store"


def test_a_file_that_is_written_as_it_is_read_is_kept_nowhere(sample_site: Site) -> None:
    """It may be gigabytes, and has no ETag before its end."""
    found = sample_site.get("/govspend/spend.csv", headers=GZIP)
    assert found.status_code == 200
    assert "etag" not in found.headers
    assert found.headers["transfer-encoding"] == "chunked"


def test_a_file_that_a_browser_has_is_not_sent_again(sample_site: Site) -> None:
    """The whole database is large: who has it and asks whether it is still that one gets 304."""
    with httpx.stream("GET", sample_site.url + "/govspend.db", timeout=30) as answer:
        etag = answer.headers["etag"]
    kept = sample_site.get("/govspend.db", headers={"if-none-match": etag})
    assert (kept.status_code, kept.content) == (304, b"")


def test_a_kept_edition_may_be_kept_for_a_year(sample_site: Site) -> None:
    """Under /as-of/ data never changes; a page may come to name a newer edition, so it is asked."""
    edition = sample_site.get("/-/health").json()["edition_id"]
    for path, rule in (
        ("market", "public, max-age=300"),
        ("govspend/spend.json?_size=5", "public, max-age=31536000, immutable"),
    ):
        url = f"/as-of/{edition}/{path}"
        found = sample_site.get(url)
        for _ in range(2):
            found = sample_site.get(url)
            assert found.headers["cache-control"] == rule
        kept = sample_site.get(url, headers={"if-none-match": found.headers["etag"]})
        assert (kept.status_code, kept.headers["cache-control"]) == (304, rule)
        everyday = sample_site.get(f"/{path}")
        assert everyday.headers["cache-control"] == "public, max-age=0, s-maxage=5, must-revalidate"
    assert f"/as-of/{edition}/suppliers" in sample_site.get(f"/as-of/{edition}/market").text
    assert f"/as-of/{edition}/suppliers" not in sample_site.get("/market").text


# What the cache does with each kind of application is shown on the cache itself, because a real
# page neither fails nor stalls at will.


class Application:
    """An ASGI application that answers as told, and counts how often it was asked."""

    def __init__(self, *messages: dict[str, Any], fails: int = 0) -> None:
        self.messages, self.fails = messages, fails
        self.asked, self.go = 0, asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        await self.go.wait()
        if self.asked <= self.fails:
            raise RuntimeError("the page could not be made")
        for message in self.messages:
            await send(message)
            await asyncio.sleep(0)


def start(status: int = 200, **headers: str) -> dict[str, Any]:
    said = [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()]
    return {"type": "http.response.start", "status": status, "headers": said}


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


@contextmanager
def reading(edition_id: str) -> Iterator[None]:
    """As if what runs inside was pinned to an edition; the store starts empty."""
    page_cache.STORE = Store()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "pinned", lambda: (edition_id, ""))
        yield


async def asking(app: Any, path: str = "/page", method: str = "GET") -> tuple[int, bytes]:
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}
    status, data = 0, b""

    async def send(message: Any) -> None:
        nonlocal status, data
        status = message.get("status", status)
        data += message.get("body", b"")

    await app(scope, None, send)
    return status, data


async def all_asking(made: Application, count: int = 8, leaver: bool = False) -> list[Any]:
    """The answers to `count` visitors who came before the application answered the first."""
    app = page_cache.cached(made)
    visitors = [asyncio.create_task(asking(app)) for _ in range(count)]
    await asyncio.sleep(0.01)
    if leaver:
        visitors[0].cancel()
    made.go.set()
    return await asyncio.gather(*visitors, return_exceptions=True)


async def _with(made: Any, **options: Any) -> tuple[Application, list[Any], list[Any]]:
    application = made()
    with reading("e"):
        found = await all_asking(application, **options)
        later = [await asking(page_cache.cached(application))]
    assert not page_cache._MAKING
    return application, found, later


def test_an_error_is_everybodys_who_waited_and_nobodys_after() -> None:
    """A page that is too slow just now is not tried eight times over, and is tried again later."""
    made, found, later = in_a_loop(_with(lambda: Application(start(503), body(b"busy"))))
    assert set(found) == {(503, b"busy")} == set(later)
    assert made.asked == 2


def test_when_the_maker_fails_the_next_in_line_makes_the_page() -> None:
    """One visitor's crash is not the others'."""
    made, found, later = in_a_loop(_with(lambda: Application(start(), body(b"x"), fails=1)))
    assert isinstance(found[0], RuntimeError)
    assert set(found[1:]) | set(later) == {(200, b"x")}
    assert made.asked == 2


def test_when_the_maker_leaves_the_next_in_line_makes_the_page() -> None:
    """Nor is one visitor's patience."""
    made, found, later = in_a_loop(_with(lambda: Application(start(), body(b"x")), leaver=True))
    assert isinstance(found[0], asyncio.CancelledError)
    assert set(found[1:]) | set(later) == {(200, b"x")}
    assert made.asked == 2


@pytest.mark.parametrize(
    "messages",
    [
        (start(), body(b"a", more=True), body(b"b")),
        (start(), body(b"x" * 2_100_000)),
        (start(content_encoding="gzip"), body(gzip.compress(b"x"))),
        (start(set_cookie="a=b"), body(b"x")),
        (start(cache_control="no-store"), body(b"x")),
        (start(cache_control="private"), body(b"x")),
    ],
)  # fmt: skip
def test_what_streams_or_is_somebodys_own_is_made_for_each(messages: Any) -> None:
    """A file of a gigabyte is not held for all; nobody gets another's answer."""
    made, found, later = in_a_loop(_with(lambda: Application(*messages)))
    whole = b"".join(message.get("body", b"") for message in messages)
    assert set(found) | set(later) == {(200, whole)}
    assert made.asked == 9
    assert in_a_loop(_head(messages)) == (200, b"")


async def _head(messages: Any) -> tuple[int, bytes]:
    application = Application(*messages)
    application.go.set()
    with reading("e"):
        return await asking(page_cache.cached(application), method="HEAD")


def test_a_stream_keeps_nobody_waiting_for_its_first_reader() -> None:
    """Those who asked for the same file get theirs while the first one still reads."""

    async def scene() -> None:
        stalled = asyncio.Event()

        async def stalling(scope: Any, receive: Any, send: Any) -> None:
            await send(start())
            await send(body(b"a", more=True))
            if not stalled.is_set():
                stalled.set()
                await asyncio.sleep(60)
            await send(body(b"b"))

        with reading("e"):
            app = page_cache.cached(stalling)
            first = asyncio.create_task(asking(app))
            await stalled.wait()
            assert await asyncio.wait_for(asking(app), 5) == (200, b"ab")
            first.cancel()

    in_a_loop(scene())


def test_one_editions_page_is_never_anothers() -> None:
    """The same address in two editions is two pages."""

    async def scene() -> list[tuple[int, bytes]]:
        found = []
        for text in (b"one", b"two"):
            application = Application(start(), body(text))
            application.go.set()
            patch = pytest.MonkeyPatch()
            patch.setattr(live, "pinned", lambda text=text: (text.decode(), ""))
            found.append(await asking(page_cache.cached(application)))
            patch.undo()
        return found

    page_cache.STORE = Store()
    assert in_a_loop(scene()) == [(200, b"one"), (200, b"two")]


keys = st.builds(
    Key, st.sampled_from(["e1", "e2"]), st.just(""), st.binary(max_size=3),
    st.binary(max_size=2000), st.just("http"), st.just(b"h"), st.just(1),
)  # fmt: skip
pages = st.builds(
    lambda length, zipped: Page(200, [], b"" if zipped else b"x" * length,
                                b"x" * length if zipped else None, b'"e"'),
    st.integers(0, 12_000), st.booleans(),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(["keep", "get"]), keys, pages), max_size=60))
def test_the_store_is_bounded_and_never_mistakes_a_page(steps: list[Any]) -> None:
    """Whatever is kept and read in whatever order: within its bytes, and what was put in."""
    store = Store(most_bytes=30_000)
    put: dict[Key, Page] = {}
    for what, key, page in steps:
        if what == "keep":
            store.keep(key, page)
            put[key] = page
            too_large = size(key, page) > 30_000 // 4
            assert too_large or store.get(key) is page
        else:
            assert store.get(key) in (None, put.get(key))
        assert store.byte_count <= 30_000
        assert store.byte_count == sum(kept.size for kept in store._kept.values())
    for edition in ("e1", "e2"):
        visited = store.most_visited(edition, 5)
        assert len(visited) <= 5
        assert all(key.edition_id == edition for key in visited)


def test_a_page_that_is_ready_is_the_page(sample_site: Site) -> None:
    """Protects the short way: as many as ask get the same answer, each of them counted."""
    asked = {"accept-encoding": "gzip", "host": "ready.example"}
    before = counted(sample_site)
    found = [sample_site.get("/buyers", headers=asked) for _ in range(5)]
    assert {tuple(_lasting(page).items()) for page in found} == {tuple(_lasting(found[0]).items())}
    assert {page.content for page in found} == {found[0].content}
    kept = sample_site.get("/buyers", headers={**asked, "if-none-match": found[0].headers["etag"]})
    assert (kept.status_code, kept.content) == (304, b"")
    after = counted(sample_site)
    assert after["hit"] - before["hit"] == 5
    assert after["made"] - before["made"] == 1


def test_what_had_to_make_room_is_not_ready_any_more() -> None:
    """Protects the bound on memory: an answer that is ready holds its page no longer than that."""
    store = Store(most_bytes=20_000)
    answers = ready.Answers(store)
    shelf: Any = SimpleNamespace(newest=SimpleNamespace(edition_id="e"), look=lambda: None)
    place = (b"/", b"", "http", b"h", b"gzip")
    key = Key("e", "", b"/", b"", "http", b"h", 1)
    page = Page(200, [], b"x" * 1000, None, b'"1"')
    assert answers.find(shelf, place) is None
    store.keep(key, page)
    answers.keep(key, page, b"gzip", [(b"etag", page.etag)], page.body)
    assert answers.find(shelf, place) is not None
    for number in range(20):
        store.keep(key._replace(host=str(number).encode()), page)
    assert answers.find(shelf, place) is None
    shelf.newest.edition_id = "later"
    answers.keep(key, page, b"gzip", [(b"etag", page.etag)], page.body)
    assert answers.find(shelf, place) is None
