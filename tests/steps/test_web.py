"""Web: bytes come whole, politely and in time, or not at all with one sentence that says why.

Against a real server on this machine; only the waits between tries are not waited for.
"""

from __future__ import annotations

import email.utils
import gzip
import shutil
import socket
import subprocess
import time
from io import BytesIO
from pathlib import Path

import pytest
from desk import CSV, QUICK, Desk, a_desk, a_server
from faulty_server import (
    Answer,
    FaultyServer,
    body,
    cut_short,
    endless,
    garbage,
    gzipped,
    hang_up,
    redirect,
    stall,
    status,
    trickle,
    trickle_headers,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.archive import CHUNK
from ingest.errors import FetchError
from ingest.feeds import Limits
from ingest.web import MB, _gunzipped, opened, retry_after

desk, server = pytest.fixture(a_desk), pytest.fixture(a_server)


def test_gzip_is_undone(desk: Desk, server: FaultyServer) -> None:
    """Protects a compressed body of several parts, of which httpx would keep only the first."""
    content = CSV * 5000
    assert desk.one(server.on("/a.csv", gzipped(content, members=3))).status == "new"
    assert desk.contents() == [content]


def test_redirects_are_followed(desk: Desk, server: FaultyServer) -> None:
    """Protects declared URLs that the publisher has moved; the receipt keeps the declared one."""
    server.on("/3", body(CSV))
    server.on("/2", redirect("3", 307))
    url = server.on("/1", redirect(server.url("/2"), 301))
    receipt = desk.one(url).receipt
    assert receipt is not None and receipt.url == url


# Faults that are tried again


@pytest.mark.parametrize(
    "fault",
    [
        status(500),
        status(503),
        status(408),
        cut_short(CSV, 9999),
        hang_up,
        garbage,
        gzipped(CSV, 8),
    ],
)
def test_a_passing_fault_is_tried_again(desk: Desk, server: FaultyServer, fault: Answer) -> None:
    """Protects the monthly run from a server's bad moment."""
    url = server.on("/a.csv", fault, body(CSV))
    assert desk.one(url).status == "new"
    assert desk.contents() == [CSV] and len(desk.waits) == 1
    assert desk.said[0].startswith(url) and "Trying again in" in desk.said[0]


def test_waits_grow_and_end(desk: Desk, server: FaultyServer) -> None:
    """Protects a struggling server from being asked at once, and us from asking for ever."""
    url = server.on("/a.csv", status(503))
    desk.limits = QUICK.model_copy(update={"seconds": 60, "tries": 4})
    assert desk.fails(url) == f"{url}: answered 503 Service Unavailable, not 200. Tried 4 times."
    assert len(server.requests) == 4
    assert [1 <= desk.waits[0] <= 2, 2 <= desk.waits[1] <= 3, 4 <= desk.waits[2] <= 5] == [True] * 3


def test_retry_after_seconds_is_obeyed(desk: Desk, server: FaultyServer) -> None:
    """Protects our welcome: 429 says how long to wait."""
    url = server.on("/a.csv", status(429, {"Retry-After": "7"}), body(CSV))
    assert desk.one(url).status == "new"
    assert desk.waits == [7]


def test_retry_after_a_date_is_obeyed(desk: Desk, server: FaultyServer) -> None:
    """Protects our welcome where the wait is given as a date."""
    then = email.utils.formatdate(time.time() + 9, usegmt=True)
    url = server.on("/a.csv", status(503, {"Retry-After": then}), body(CSV))
    assert desk.one(url).status == "new"
    assert 6 < desk.waits[0] <= 9


def test_a_longer_wait_than_allowed_is_not_waited(desk: Desk, server: FaultyServer) -> None:
    """Protects the run from a server that asks for an hour: it is left for the next run."""
    url = server.on("/a.csv", status(429, {"Retry-After": "3600"}))
    assert desk.fails(url).endswith(
        "The next try would be in 3600 s, beyond the 20 s that it may take."
    )
    assert desk.waits == [] and len(server.requests) == 1


@settings(deadline=None)
@example(value="Wed, 21 Oct 2015 07:28:00 -0000")
@example(value="9" * 5000)
@given(value=st.none() | st.text() | st.datetimes().map(str) | st.integers().map(str))
def test_any_retry_after_is_a_wait_or_none(value: str | None) -> None:
    """Protects from headers of any content: a wait is never negative, endless or an exception."""
    wait = retry_after(value)
    assert wait is None or 0 <= wait < 1e12


# Faults that are final


@pytest.mark.parametrize("code", [201, 204, 206, 300, 304, 400, 401, 403, 404, 410, 501])
def test_other_answers_than_200_are_final(desk: Desk, server: FaultyServer, code: int) -> None:
    """Protects from taking an error's page for the file, and from asking again in vain."""
    url = server.on("/a.csv", status(code))
    assert f"{url}: answered {code} " in desk.fails(url)
    assert len(server.requests) == 1 and desk.waits == []


def test_a_redirect_loop(desk: Desk, server: FaultyServer) -> None:
    """Protects from going round for ever."""
    server.on("/b", redirect("/a"))
    url = server.on("/a", redirect("/b"))
    assert f"{url}: redirects in a loop, last to {server.url('/b')}" in desk.fails(url)
    assert len(server.requests) == 11


def test_too_many_redirects(desk: Desk, server: FaultyServer) -> None:
    """Protects from a chain without end; ten are allowed."""
    server.on("/10", body(CSV))
    for number in range(10):
        server.on(f"/{number}", redirect(f"/{number + 1}"))
    assert desk.one(server.url("/0")).status == "new"
    server.on("/start", redirect("/0"))
    assert "redirects more than 10 times" in desk.fails(server.url("/start"))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("file:///etc/passwd", "only http and https are fetched"),
        ("ftp://example.org/a.csv", "only http and https are fetched"),
        ("data:text/csv,a", "redirects to, what is no web address"),
        ("javascript:1", "redirects to, what is no web address"),
    ],
)
def test_only_the_web_is_fetched(desk: Desk, server: FaultyServer, target: str, words: str) -> None:
    """Protects this machine's files from a publisher who redirects to them."""
    url = server.on("/a.csv", redirect(target))
    assert words in desk.fails(url)


@pytest.mark.parametrize(
    "target", ["http://[", "http://a..b/", "http://" + "a" * 70 + ".uk/", "http://"]
)
def test_a_redirect_to_no_address(desk: Desk, server: FaultyServer, target: str) -> None:
    """Protects the run from addresses that cannot even be taken apart."""
    assert desk.fails(server.on("/a.csv", redirect(target)))


def test_a_stall(desk: Desk, server: FaultyServer) -> None:
    """Protects the run from a server that says nothing more."""
    desk.limits = Limits(stall_seconds=0.1, tries=2)
    url = server.on("/a.csv", stall(CSV))
    assert desk.fails(url) == f"{url}: was silent for 0.1 s. Tried 2 times."


@pytest.mark.parametrize(
    "answer", [trickle(), trickle(length=None), trickle_headers()], ids=["body", "endless", "head"]
)
def test_a_slow_trickle(desk: Desk, server: FaultyServer, answer: Answer) -> None:
    """Protects the run from a server that neither stalls nor ends: the whole time is limited."""
    desk.limits = Limits(seconds=0.3)
    began = time.monotonic()
    url = server.on("/a.csv", answer)
    assert desk.fails(url) == f"{url}: took longer than the 0.3 s that it may."
    assert time.monotonic() - began < 3


def test_a_slow_trickle_after_a_sound_file(desk: Desk, server: FaultyServer) -> None:
    """Protects the limit from a server that keeps connections: each file has its own deadline."""
    desk.limits = Limits(seconds=0.5)
    desk.add(server.on("/a.csv", body(CSV)))
    desk.add(server.on("/b.csv", trickle()))
    began = time.monotonic()
    assert [outcome.status for outcome in desk.fetch()] == ["new", "failed"]
    assert time.monotonic() - began < 3


def test_a_body_that_stays_short(desk: Desk, server: FaultyServer) -> None:
    """Protects totals from half a file."""
    url = server.on("/a.csv", cut_short(CSV, 9999))
    assert f"{url}: was cut short (" in desk.fails(url)


def test_a_gzip_body_that_stays_short(desk: Desk, server: FaultyServer) -> None:
    """Protects totals from half a file whose length was not announced."""
    url = server.on("/a.csv", gzipped(CSV * 9, cut=9))
    assert desk.fails(url).startswith(f"{url}: was cut short: its gzip encoding does not end.")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (cut_short(b"", 10**9), "is 1,000,000,000 bytes, more than the 1 MB"),
        (endless(b"a,b\n" * 9999), "bytes and was going on, more than the 1 MB"),
        (gzipped(bytes(50 * MB)), "bytes and was going on, more than the 1 MB"),
    ],
    ids=["announced", "unannounced", "gzip bomb"],
)
def test_a_body_over_the_limit(
    desk: Desk, server: FaultyServer, answer: Answer, words: str
) -> None:
    """Protects disk and memory; what counts is the size after decompression."""
    assert words in desk.fails(server.on("/a.csv", answer))
    assert len(server.requests) == 1


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip"])
def test_an_encoding_that_was_not_asked_for(desk: Desk, server: FaultyServer, coding: str) -> None:
    """Protects the archive from bytes that nobody can read."""
    url = server.on("/a.csv", body(CSV, headers={"Content-Encoding": coding}))
    assert f"came encoded as '{coding}'" in desk.fails(url)


def test_gzip_that_is_none(desk: Desk, server: FaultyServer) -> None:
    """Protects from a wrong header."""
    url = server.on("/a.csv", body(CSV, headers={"Content-Encoding": "gzip"}))
    assert "is not the gzip that it says it is" in desk.fails(url)


@settings(max_examples=50, deadline=None)
@example(content=bytes(CHUNK + 1), members=2, size=7)
@given(content=st.binary(max_size=2000), members=st.integers(1, 3), size=st.integers(1, 500))
def test_gunzipping_gives_what_was_zipped(content: bytes, members: int, size: int) -> None:
    """Protects every byte of a compressed file, wherever the network cuts it into pieces."""
    packed = gzip.compress(content) * members
    pieces = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert b"".join(_gunzipped("url", pieces)) == content * members


# Connections that cannot be had


def test_refused(desk: Desk) -> None:
    """Protects the operator from a stack trace where a server is down."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/a.csv"
        assert desk.fails(url) == f"{url}: its host refuses connections. Tried 3 times."


def test_an_unknown_host(desk: Desk) -> None:
    """Protects the operator from a stack trace where a name is gone; .invalid never exists."""
    assert "the name of its host cannot be found" in desk.fails("http://govspend.invalid/a.csv")


@pytest.mark.parametrize("url", ["http://", "http://[::1/a", "http://a:b:c/", "http://x:99999/"])
def test_no_address(desk: Desk, url: str) -> None:
    """Protects the run from a declared address that is none."""
    assert desk.fails(url)


def test_tls_where_there_is_none(desk: Desk, server: FaultyServer) -> None:
    """Protects from falling back to what anyone could alter."""
    assert ": TLS failed (" in desk.fails(server.url("/a.csv").replace("http:", "https:"))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate and its key for 127.0.0.1, signed by nobody else, made for this test alone."""
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate, and is not installed")
    path = tmp_path / "certificate.pem"
    options = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=test"
    subprocess.run(
        ["openssl", "req", *options.split(), "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", tmp_path / "key.pem", "-out", path],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + (tmp_path / "key.pem").read_bytes())
    return path


def test_a_certificate_that_nobody_vouches_for(desk: Desk, certificate: Path) -> None:
    """Protects from taking another server's file for the publisher's."""
    with FaultyServer(certificate) as secure:
        url = secure.on("/a.csv", body(CSV))
        assert f"{url}: its TLS certificate cannot be trusted (self" in desk.fails(url)
        assert secure.requests == []


def test_https_stays_https(
    desk: Desk, server: FaultyServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protects what came over TLS from a redirect to where anyone could alter it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with FaultyServer(certificate) as secure:
        assert desk.one(secure.on("/a.csv", body(CSV))).status == "new"
        url = secure.on("/b.csv", redirect(server.on("/c.csv", body(CSV + b"c"))))
        assert f"redirects from https to {server.url('/c.csv')}" in desk.fails(url)
        desk.limits = Limits(seconds=0.5)
        assert "took longer than" in desk.fails(secure.on("/d.csv", trickle()))


def test_a_host_that_cannot_be_reached_is_asked_patiently_only_once() -> None:
    """Offline, a run over eight files of two hosts must not wait eight times."""
    waits: list[float] = []
    said: list[str] = []
    limits = Limits(tries=3, seconds=20)
    with opened(said.append, waits.append) as client:
        for name in ("a", "b", "c"):
            with pytest.raises(FetchError, match="refuses connections"), BytesIO() as into:
                client.get(f"http://127.0.0.1:9/{name}.csv", limits, into)
    assert len(waits) == 2
