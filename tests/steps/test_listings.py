"""Listings: the files that a catalogue or a folder names, in order, or a sentence saying why not.

Against a real server on this machine that answers as GOV.UK and CKAN do.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from desk import CSV, Desk, a_desk, a_server
from faulty_server import Answer, FaultyServer, as_json, body, redirect, status

from ingest import archive, fetch, seen
from ingest.web import MB

desk, server = pytest.fixture(a_desk), pytest.fixture(a_server)

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


def test_a_local_file_is_known_by_its_bytes(desk: Desk) -> None:
    """Protects from a look at length or date alone, and from keeping what has gone bad."""
    path = desk.folder / "x.csv"
    path.write_bytes(CSV)
    desk.sources = [{"kind": "file", "path": "x.csv"}]
    first, again = desk.one(), desk.one()
    assert (first.status, again.status) == ("new", "unchanged")
    assert first.receipt and again.receipt == first.receipt

    kept = desk.archive.path(first.receipt.sha256)
    kept.chmod(0o644)
    kept.write_bytes(CSV[::-1])
    assert desk.one().status == "unchanged" and kept.read_bytes() == CSV

    when = path.stat()
    path.write_bytes(CSV.replace(b"12.50", b"99.99"))
    os.utime(path, ns=(when.st_atime_ns, when.st_mtime_ns))
    assert desk.one().status == "new"

    desk.sources[0]["encoding"] = "mac_roman"
    told = desk.one()
    assert told.status == "unchanged" and told.message.endswith("what is said of it has changed.")

    desk.limits = desk.limits.model_copy(update={"max_mb": 0.00001})
    refused = desk.one()
    assert refused.status == "failed" and "more than" in refused.message


def test_a_local_file_that_nobody_touched_is_not_read_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protects a schedule from gigabytes a day, and the archive from a file that looks alike."""
    path = desk.folder / "x.csv"
    path.write_bytes(CSV)
    desk.sources = [{"kind": "file", "path": "x.csv"}]
    read: list[Path] = []
    whole = archive.digest

    def told(path: Path) -> tuple[str, int]:
        read.append(path)
        return whole(path)

    for module in (archive, fetch):
        monkeypatch.setattr(module, "digest", told)
    assert desk.one().status == "new"
    # It was written a moment ago, and may be again before the clock goes on.
    assert (desk.one().status, len(read) > 2) == ("unchanged", True)
    monkeypatch.setattr(seen, "_SETTLED_NS", 0)
    assert desk.one().status == "unchanged"
    read.clear()
    assert (desk.one().status, read) == ("unchanged", [])

    when = path.stat()
    other = desk.folder / "other.csv"
    other.write_bytes(CSV.replace(b"12.50", b"99.99"))
    os.utime(other, ns=(when.st_atime_ns, when.st_mtime_ns))
    other.replace(path)
    changed = desk.one()
    assert changed.status == "new" and changed.receipt
    read.clear()
    assert (desk.one().status, read) == ("unchanged", [])

    desk.archive.path(changed.receipt.sha256).unlink()
    assert desk.one().status == "unchanged"
    assert desk.archive.is_sound(changed.receipt.sha256)


def test_notes_of_files_that_were_damaged_are_no_notes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever became of them, the files themselves are read."""
    monkeypatch.setattr(seen, "_SETTLED_NS", 0)
    (desk.folder / "x.csv").write_bytes(CSV)
    desk.sources = [{"kind": "file", "path": "x.csv"}]
    desk.one()
    (note,) = (desk.archive.root / "seen").iterdir()
    for text in ("", "{", "[]", "{}", '"\u0000"'):
        note.write_text(text)
        assert desk.one().status == "unchanged"


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
