"""Fetch: what is new is kept; whatever else a source does is one sentence and changes nothing.

Against a real server on this machine; only the waits between tries are not waited for.
"""

from __future__ import annotations

import email.utils
import gzip
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest import feeds
from ingest.archive import CHUNK, Archive
from ingest.feeds import Declaration, Feed, Limits
from ingest.fetch import MB, Outcome, _gunzipped, fetch, retry_after, sniff
from tests.faulty_server import (
    Answer,
    FaultyServer,
    as_json,
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
    versioned,
)

CSV = b"Month,Buyer,Amount\n2014-06-01,Home Office,12.50\n"
DECLARED = feeds.load(feeds.DEFAULT_FEEDS).feeds["gcloud-sales"].model_dump()
QUICK = Limits(max_mb=1, seconds=20, stall_seconds=5, tries=3)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of this machine's environment must not come between the test and its server."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost,govspend.invalid")


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        yield running


@dataclass
class Desk:
    """One feed's sources, an archive, and what was said and waited for."""

    folder: Path
    sources: list[dict[str, Any]] = field(default_factory=list)
    limits: Limits = QUICK
    said: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    @property
    def archive(self) -> Archive:
        return Archive(self.folder / "archive")

    def add(self, url: str, **more: Any) -> None:
        self.sources.append({"kind": "url", "url": url, **more})

    def fetch(self) -> list[Outcome]:
        given = {"feed_id": "sales", "sources": self.sources, "limits": self.limits}
        path = self.folder / "feeds.yml"
        declaration = Declaration(path=path, feeds={"sales": Feed.model_validate(DECLARED | given)})
        return fetch(declaration, self.archive, self.said.append, self.waits.append)

    def one(self, url: str | None = None) -> Outcome:
        """The outcome of the only source."""
        if url:
            self.sources = [{"kind": "url", "url": url}]
        (outcome,) = self.fetch()
        return outcome

    def fails(self, url: str | None = None) -> str:
        """The sentence of a fault, which must have left nothing behind."""
        before = self.files()
        outcome = self.one(url)
        assert outcome.status == "failed" and outcome.receipt is None
        assert outcome.message.startswith(outcome.url) and outcome.message.endswith(".")
        assert self.said[-1] == f"sales: {outcome.message}"
        assert self.files() == before
        return outcome.message

    def files(self) -> dict[str, bytes]:
        found = (self.folder / "archive").rglob("*")
        return {str(path): path.read_bytes() for path in found if path.is_file()} | {
            str(self.folder / "archive" / "lock"): b""
        }

    def contents(self) -> list[bytes]:
        archive = self.archive
        return [archive.verify(entry.sha256).read_bytes() for entry in archive.receipts("sales")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


# What is kept


def test_a_file_is_kept_with_all_that_is_known_of_it(desk: Desk, server: FaultyServer) -> None:
    """Protects the trail from a figure to its file: URL, time, bytes, hash, headers, provenance."""
    headers = {"ETag": '"v1"', "Last-Modified": "Mon, 14 Jul 2014 09:00:00 GMT"}
    url = server.on("/a%20b.csv?x=1", body(CSV, headers=headers | {"Content-Type": "text/csv"}))
    desk.add(
        url, published_date="2014-07-14", provenance="By hand.", encoding="cp1252",
        tried_on="published file",
    )  # fmt: skip
    outcome = desk.one()
    receipt = outcome.receipt
    assert outcome.status == "new" and receipt is not None
    assert desk.contents() == [CSV]
    assert (receipt.feed_id, receipt.url, receipt.filename) == ("sales", url, "a b.csv")
    assert (receipt.etag, receipt.last_modified) == tuple(headers.values())
    assert (receipt.content_type, receipt.byte_count) == ("text/csv", len(CSV))
    assert (receipt.published_date, receipt.provenance) == ("2014-07-14", "By hand.")
    assert (receipt.encoding, receipt.tried_on, receipt.title) == ("cp1252", "published file", None)
    assert "GovSpend" in server.requests[0].headers["User-Agent"]


def test_unchanged_files_are_not_sent_again(desk: Desk, server: FaultyServer) -> None:
    """Protects the publisher's server, and the list of releases from repeats."""
    modified = "Mon, 14 Jul 2014 09:00:00 GMT"
    url = server.on("/a.csv", versioned(CSV, '"v1"', modified))
    assert desk.one(url).status == "new"
    again = desk.one(url)
    assert again.status == "unchanged" and again.receipt == desk.archive.newest("sales", url)
    assert server.requests[1].headers["If-None-Match"] == '"v1"'
    assert server.requests[1].headers["If-Modified-Since"] == modified
    assert desk.contents() == [CSV]


def test_the_same_bytes_without_an_etag_are_unchanged(desk: Desk, server: FaultyServer) -> None:
    """Protects the list of releases where a server knows nothing of conditional requests."""
    url = server.on("/a.csv", body(CSV))
    assert [desk.one(url).status, desk.one(url).status] == ["new", "unchanged"]
    assert len(desk.archive.receipts("sales")) == 1


def test_a_changed_file_is_a_new_receipt_and_the_old_one_stays(
    desk: Desk, server: FaultyServer
) -> None:
    """Protects history: a re-issue under the same URL must not replace what was published."""
    url = server.on(
        "/a.csv", versioned(CSV, '"v1"'), versioned(CSV + b"x", '"v2"'), versioned(CSV, '"v1"')
    )
    assert [desk.one(url).status for _ in range(4)] == ["new", "new", "new", "unchanged"]
    assert [request.headers["If-None-Match"] for request in server.requests] == [
        None, '"v1"', '"v2"', '"v1"',
    ]  # fmt: skip
    assert desk.contents() == [CSV, CSV + b"x", CSV]


def test_an_etag_that_cannot_be_sent_is_not(desk: Desk, server: FaultyServer) -> None:
    """Protects from headers outside ASCII, which servers send and httpx does not."""
    url = server.on("/a.csv", body(CSV, headers={"ETag": '"caf\u00e9"', "Last-Modified": "\u00e9"}))
    assert [desk.one(url).status, desk.one(url).status] == ["new", "unchanged"]
    assert server.requests[1].headers["If-None-Match"] is None


@pytest.mark.parametrize("answer", [versioned(CSV, '"v1"'), body(CSV)], ids=["304", "200"])
def test_what_is_declared_later_takes_effect(
    desk: Desk, server: FaultyServer, answer: Answer
) -> None:
    """Protects the operator's cure for a file read wrongly: its bytes do not come again."""
    url = server.on("/a.csv", answer)
    first = desk.one(url).receipt
    desk.sources = [{"kind": "url", "url": url, "encoding": "cp1252"}]
    outcomes = [desk.one(), desk.one()]
    assert [outcome.status for outcome in outcomes] == ["unchanged", "unchanged"]
    assert ["said of it" in outcome.message for outcome in outcomes] == [True, False]
    (receipt,) = desk.archive.receipts("sales")
    assert first is not None and outcomes[0].receipt == receipt
    assert receipt == replace(first, encoding="cp1252")
    assert len(list((desk.folder / "archive" / "receipts" / "sales").iterdir())) == 2


def test_the_same_bytes_elsewhere_are_no_second_release(desk: Desk, server: FaultyServer) -> None:
    """Protects totals from a file that is published at two addresses."""
    first, second = server.on("/a.csv", body(CSV)), server.on("/b.csv", body(CSV))
    desk.add(first)
    desk.add(second)
    outcomes = desk.fetch()
    assert [outcome.status for outcome in outcomes] == ["new", "unchanged"]
    assert outcomes[1].message == f"{second}: unchanged, the same bytes as {first}."
    assert len(desk.archive.receipts("sales")) == 1


def test_bytes_lost_from_the_archive_are_asked_for_in_full(
    desk: Desk, server: FaultyServer
) -> None:
    """Protects against a 304 standing for bytes that we do not have."""
    url = server.on("/a.csv", versioned(CSV, '"v1"'))
    receipt = desk.one(url).receipt
    assert receipt is not None
    desk.archive.path(receipt.sha256).unlink()
    assert desk.one(url).status == "unchanged"
    assert desk.contents() == [CSV]


def test_one_failing_source_does_not_stop_the_others(desk: Desk, server: FaultyServer) -> None:
    """Protects the good files of a feed, and their order, from its bad ones."""
    for path, answer in {"/a": body(CSV), "/b": status(404), "/c": body(CSV + b"c")}.items():
        desk.add(server.on(path, answer))
    assert [outcome.status for outcome in desk.fetch()] == ["new", "failed", "new"]
    positions = [receipt.position for receipt in desk.archive.receipts("sales")]
    server.on("/b", body(CSV + b"b"))
    desk.fetch()
    newest = desk.archive.receipts("sales")[-1]
    assert positions[0] < newest.position < positions[1]


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
    desk.limits = Limits(stall_seconds=0.2, tries=2)
    url = server.on("/a.csv", stall(CSV))
    assert desk.fails(url) == f"{url}: was silent for 0.2 s. Tried 2 times."


@pytest.mark.parametrize(
    "answer", [trickle(), trickle(length=None), trickle_headers()], ids=["body", "endless", "head"]
)
def test_a_slow_trickle(desk: Desk, server: FaultyServer, answer: Answer) -> None:
    """Protects the run from a server that neither stalls nor ends: the whole time is limited."""
    desk.limits = Limits(seconds=0.5)
    began = time.monotonic()
    url = server.on("/a.csv", answer)
    assert desk.fails(url) == f"{url}: took longer than the 0.5 s that it may."
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


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<!DOCTYPE html><html><body>Down for maintenance", "a web page (HTML)"),
        (b"\xef\xbb\xbf\r\n <!-- x --> <HTML lang=en>", "a web page (HTML)"),
        ("\ufeff<html>".encode("utf-16-le"), "a web page (HTML)"),
        (b'<?xml version="1.0"?><Error>AccessDenied</Error>', "XML"),
        (b"<Error><Code>NoSuchKey</Code></Error>", "XML"),
        (b"%PDF-1.4 ...", "a PDF"),
        (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "an Excel workbook (.xlsx)"),
        (b"PK\x03\x04" + bytes(26) + b"sales.csv", "a zip file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9), "an old Office file (.xls or .doc)"),
        (gzip.compress(CSV), "a gzip file"),
        (b'{"error": "not found"}', "JSON"),
        (b"", "an empty file"),
        (b"\xef\xbb\xbf \r\n", "nothing but white space"),
    ],
)
def test_something_else_in_place_of_the_table(
    desk: Desk, server: FaultyServer, content: bytes, kind: str
) -> None:
    """Protects releases from what a server sends with status 200 in place of the file."""
    url = server.on("/a.csv", body(content, headers={"Content-Type": "text/csv"}))
    assert desk.fails(url) == f"{url}: sent {kind} where a table of text such as CSV is expected."


@settings(deadline=None)
@given(
    names=st.lists(
        st.sampled_from(["Month", "£ spent", '"Buyer, name"', "PK", "<5", "x{"]), min_size=1
    )
)
def test_headings_are_not_taken_for_anything_else(names: list[str]) -> None:
    """Protects real tables from the sniffing."""
    for encoding in ("utf-8-sig", "cp1252", "utf-16"):
        assert sniff(",".join(["Row", *names]).encode(encoding)) is None


@settings(deadline=None)
@given(content=st.binary())
def test_sniffing_never_fails(content: bytes) -> None:
    """Protects the run from bytes of any kind."""
    assert sniff(content) != ""


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


# GOV.UK


GOVUK = "/government/publications/g-cloud-sales"


def govuk(server: FaultyServer, details: Any, match: str = r"\.csv$") -> dict[str, Any]:
    server.on(f"/api/content{GOVUK}", as_json({"title": "G-Cloud sales", "details": details}))
    return {"kind": "govuk", "site": server.site, "path": GOVUK, "match": match}


def attachment(url: str, **more: Any) -> dict[str, Any]:
    given = {"attachment_type": "file", "content_type": "text/csv", "url": url}
    return given | {"filename": url.rsplit("/", 1)[-1], "title": "Sales"} | more


def test_a_govuk_publication(desk: Desk, server: FaultyServer) -> None:
    """Protects the way in: the Content API's attachments, in their order, only those that match."""
    server.on("/media/1/june.csv", body(CSV))
    server.on("/media/2/download", body(CSV + b"2"))
    desk.sources = [
        govuk(server, {"attachments": [
            attachment("/media/1/june.csv", title="Sales  to\nJune"),
            attachment("/media/9/notes.pdf", filename="notes.pdf", title="Notes"),
            attachment("/government/page.csv", attachment_type="html"),
            attachment(server.url("/media/2/download"), filename="July 2014.csv"),
        ]})
    ]  # fmt: skip
    outcomes = desk.fetch()
    assert [outcome.status for outcome in outcomes] == ["new", "new"]
    receipts = desk.archive.receipts("sales")
    assert [(receipt.filename, receipt.title, receipt.position) for receipt in receipts] == [
        ("june.csv", "Sales to June", 0),
        ("July 2014.csv", "Sales", 1),
    ]
    assert receipts[0].url == server.url("/media/1/june.csv")


def test_govuk_match_looks_at_titles_too(desk: Desk, server: FaultyServer) -> None:
    """Protects feeds whose files are told apart by title alone."""
    server.on("/media/1", body(CSV))
    listed = [attachment("/media/1", title="All sales"), attachment("/media/2", title="Notes")]
    desk.sources = [govuk(server, {"attachments": listed}, match="(?i)all SALES")]
    assert [outcome.url for outcome in desk.fetch()] == [server.url("/media/1")]


def test_an_older_govuk_publication(desk: Desk, server: FaultyServer) -> None:
    """Protects the years of HTML attachments: relative links, entities, repeats, previews."""
    server.on("/media/a.csv?x=1&y=2", body(CSV))
    html = """<section class="attachment embedded"><div class="attachment-thumb">
      <a aria-hidden="true" href="/media/a.csv?x=1&amp;y=2"><img alt="" src="/p.png"></a></div>
      <h2 class="title"><a href="/media/a.csv?x=1&amp;y=2">Sales &amp; <b>more</b>
      &pound;</a></h2><a href="/csv-preview/1/a.csv">View online</a>
      <a href="/media/a.csv/preview">View</a> <a href="/media/a.csv?x=1&amp;y=2">Download</a>"""
    desk.sources = [govuk(server, {"documents": [html, "<p>Nothing", None]}, match=r"\.csv")]
    (outcome,) = desk.fetch()
    assert outcome.status == "new" and outcome.receipt is not None
    assert outcome.receipt.url == server.url("/media/a.csv?x=1&y=2")
    assert (outcome.receipt.title, outcome.receipt.filename) == ("Sales & more £", "a.csv")


@pytest.mark.parametrize(
    ("details", "words"),
    [
        (None, "of another shape: details is nothing, not a mapping"),
        ([], "of another shape: details is a list, not a mapping"),
        ({"attachments": "x"}, "details.attachments is text, not a list"),
        ({"attachments": ["x"]}, "details.attachments[] is text, not a mapping"),
        ({"documents": 7}, "details.documents is 7, not a list"),
        ({}, "lists no files, so nothing matches"),
        ({"attachments": [attachment("/notes.pdf")]}, "lists notes.pdf, but nothing matches"),
        ({"attachments": [{"url": None, "filename": 3}]}, "nothing matches"),
    ],
)
def test_a_govuk_answer_of_another_shape(
    desk: Desk, server: FaultyServer, details: Any, words: str
) -> None:
    """Protects from a change of the API: it is said, not guessed around."""
    desk.sources = [govuk(server, details)]
    assert words in desk.fails()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (body(b"<!doctype html><title>Sorry"), "sent a web page (HTML) where JSON is expected"),
        (body(b'{"details": '), "sent broken JSON where JSON is expected"),
        (body(b""), "sent an empty file where JSON is expected"),
        (body(b"[" * 200_000), "where JSON is expected"),
        (body(b'"\xff"'), "where JSON is expected"),
        (as_json([1]), "of another shape: an item is a list, not a mapping"),
        (status(410), "answered 410 Gone"),
        (redirect("file:///etc/passwd"), "only http and https are fetched"),
    ],
)
def test_a_govuk_answer_that_is_none(
    desk: Desk, server: FaultyServer, answer: Answer, words: str
) -> None:
    """Protects from an API that is down, gone or moved."""
    source = govuk(server, {})
    server.on(f"/api/content{GOVUK}", answer)
    desk.sources = [source]
    assert words in desk.fails()


def test_a_listed_address_that_is_no_web_address(desk: Desk, server: FaultyServer) -> None:
    """Protects this machine from a listing that names one of its files."""
    listed = [
        attachment("file:///etc/a.csv"),
        attachment("http://[/a.csv"),
        attachment("\ud800.csv"),
    ]
    desk.sources = [govuk(server, {"attachments": listed})]
    outcomes = desk.fetch()
    assert {outcome.status for outcome in outcomes} == {"failed"} and len(outcomes) == 3
    assert "only http and https are fetched" in outcomes[0].message


def test_a_match_that_is_no_pattern(desk: Desk, server: FaultyServer) -> None:
    """Protects the operator from a stack trace for a slip in feeds.yml."""
    desk.sources = [govuk(server, {}, match="(")]
    assert "match: '(' is no regular expression" in desk.fails()


# CKAN


def ckan(server: FaultyServer, answer: Answer) -> dict[str, Any]:
    server.on("/api/3/action/package_show?id=my%2Fspend", answer)
    return {"kind": "ckan", "site": server.site + "/", "dataset": "my/spend"}


def test_a_ckan_dataset(desk: Desk, server: FaultyServer) -> None:
    """Protects the way in: a catalogue's resources, those whose URL, name or format says CSV."""
    server.on("/1", body(CSV))
    server.on("/2.csv", body(CSV + b"2"))
    resources = [
        {"url": server.url("/1"), "format": "CSV", "name": "June",
         "last_modified": "2014-07-14T09:00:00.123"},
        {"url": server.url("/x"), "format": "XLS", "name": "June, as a workbook"},
        {"url": "/2.csv", "format": "", "name": None, "last_modified": "soon"},
        {"url": "", "format": "CSV", "name": "To come"},
    ]  # fmt: skip
    desk.sources = [ckan(server, as_json({"success": True, "result": {"resources": resources}}))]
    assert [outcome.status for outcome in desk.fetch()] == ["new", "new"]
    receipts = desk.archive.receipts("sales")
    assert [(entry.title, entry.published_date, entry.position) for entry in receipts] == [
        ("June", "2014-07-14", 0),
        (None, None, 1),
    ]
    assert receipts[1].url == server.url("/2.csv")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (as_json({"success": False, "error": {"message": "Not found"}}), "answered with an error"),
        (as_json({"success": True}), "result is nothing, not a mapping"),
        (as_json({"result": {}}), "result.resources is nothing, not a list"),
        (as_json({"result": {"resources": [None]}}), "result.resources[] is nothing"),
        (as_json({"result": {"resources": []}}), "lists no files, so nothing matches"),
        (body(b"oops"), "sent something else where JSON is expected"),
        (body(b"PK\x03\x04"), "sent a zip file where JSON is expected"),
    ],
)
def test_a_ckan_answer_of_another_shape(
    desk: Desk, server: FaultyServer, answer: Answer, words: str
) -> None:
    """Protects from a catalogue that is down or has changed."""
    desk.sources = [ckan(server, answer)]
    assert words in desk.fails()


# Files of this machine


def test_local_files(desk: Desk) -> None:
    """Protects releases kept beside the declaration: sorted, named without this machine, once."""
    for name in ("b.csv", "a.csv", "c.txt"):
        (desk.folder / "raw").mkdir(exist_ok=True)
        (desk.folder / "raw" / name).write_bytes(CSV + name.encode())
    (desk.folder / "raw" / "d.csv").mkdir()
    absolute = desk.folder / "raw" / "c.txt"
    desk.sources = [{"kind": "file", "path": "raw/*.csv"}, {"kind": "file", "path": str(absolute)}]
    assert [outcome.status for outcome in desk.fetch()] == ["new"] * 3
    receipts = desk.archive.receipts("sales")
    assert [entry.url for entry in receipts] == ["raw/a.csv", "raw/b.csv", "raw/c.txt"]
    assert [entry.filename for entry in receipts] == ["a.csv", "b.csv", "c.txt"]
    assert [outcome.status for outcome in desk.fetch()] == ["unchanged"] * 3
    assert len(desk.archive.receipts("sales")) == 3


def test_a_file_above_the_declaration(desk: Desk) -> None:
    """Protects declarations in a folder beside their data."""
    (desk.folder / "x.csv").write_bytes(CSV)
    desk.folder = desk.folder / "inner"
    desk.folder.mkdir()
    desk.sources = [{"kind": "file", "path": "../x.*"}]
    assert [outcome.url for outcome in desk.fetch()] == ["../x.csv"]


def test_a_file_with_a_name_like_a_glob(desk: Desk) -> None:
    """Protects files that browsers have named `sales[1].csv`."""
    (desk.folder / "sales[1].csv").write_bytes(CSV)
    desk.sources = [{"kind": "file", "path": "sales[1].csv"}]
    assert desk.one().status == "new"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("none/*.csv", "none/*.csv: matches no file in {folder}."),
        ("none.csv", "none.csv: no such file in {folder}."),
        ("folder", "folder: is a folder, not a file in {folder}."),
        ("page.csv", "page.csv: sent a web page (HTML) where a table"),
        ("large.csv", "large.csv: sent 1,048,576 bytes and was going on, more than the 1 MB"),
    ],
)
def test_local_faults(desk: Desk, path: str, words: str) -> None:
    """Protects the operator from a silent nothing: the sentence names where was looked."""
    (desk.folder / "folder").mkdir()
    (desk.folder / "page.csv").write_bytes(b"<html>")
    (desk.folder / "large.csv").write_bytes(b"a" * 2 * MB)
    desk.sources = [{"kind": "file", "path": path}]
    assert words.format(folder=desk.folder.resolve()) in desk.fails()
