"""What fetching came to. Apart from it, for whoever is told does without what speaks HTTP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ingest.archive import Receipt

Status = Literal["new", "unchanged", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one file, or of a listing that could not be had."""

    feed_id: str
    url: str
    status: Status
    message: str
    """One plain sentence."""
    receipt: Receipt | None = None
    """The new receipt, or the one that the unchanged file already had."""
