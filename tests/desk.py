"""A desk to fetch at: one feed's sources, an archive, and what was said and waited for.

A test file takes its two fixtures from here:

desk, server = pytest.fixture(a_desk), pytest.fixture(a_server)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from faulty_server import FaultyServer

from ingest import feeds
from ingest.archive import Archive
from ingest.feeds import Declaration, Feed, Limits
from ingest.fetch import fetch
from ingest.outcome import Outcome

CSV = b"Month,Buyer,Amount\n2014-06-01,Home Office,12.50\n"
DECLARED = feeds.load(feeds.DEFAULT_FEEDS).feeds["gcloud-sales"].model_dump()
QUICK = Limits(max_mb=1, seconds=20, stall_seconds=5, tries=3)


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


def a_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk that no proxy of this machine's environment stands in front of.

    It trusts no certificate: reading the usual ones took a third of the time of these tests.
    """
    nobody = tmp_path / "trusted"
    nobody.mkdir()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost,govspend.invalid")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(nobody))
    return Desk(tmp_path)


def a_server() -> Iterator[FaultyServer]:
    with FaultyServer() as running:
        yield running
