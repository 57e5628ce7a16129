"""Fetch: what is new is kept; whatever else a source does is one sentence and changes nothing.

Against a real server on this machine; only the waits between tries are not waited for.
"""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest
from desk import CSV, Desk, a_desk, a_server
from faulty_server import Answer, FaultyServer, body, status, versioned

desk, server = pytest.fixture(a_desk), pytest.fixture(a_server)


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
        (gzip.compress(CSV, mtime=0), "a gzip file"),
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
