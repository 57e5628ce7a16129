"""Feeds: a slip in feeds.yml is one sentence with its line, before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest import feeds
from ingest.errors import DeclarationError
from ingest.feeds import CkanSource, GovukSource

GOVUK = "{kind: govuk, path: /government/publications/sales"
CKAN = "{kind: ckan, site: 'https://data.example.org', dataset: sales"


def declare(tmp_path: Path, source: str, match: str) -> Path:
    path = tmp_path / "feeds.yml"
    path.write_text(
        "feeds:\n  sales:\n    like: gcloud-sales\n    sources:\n"
        f"      - {source},\n         match: '{match}'}}\n"
    )
    return path


@pytest.mark.parametrize("source", [GOVUK, CKAN], ids=["govuk", "ckan"])
@pytest.mark.parametrize(
    ("match", "why"),
    [
        ("(", "missing ), unterminated subpattern at position 0"),
        ("*.csv", "nothing to repeat at position 0"),
        ("a{99999999999}", "the repetition number is too large"),
    ],
)
def test_a_match_that_is_no_pattern(tmp_path: Path, source: str, match: str, why: str) -> None:
    """Protects the operator from a slip that would show only when the catalogue has answered."""
    path = declare(tmp_path, source, match)
    with pytest.raises(DeclarationError) as caught:
        feeds.load(path)
    assert str(caught.value) == (
        f"{path} line 6: feeds.sales.sources.0.match: is no regular expression: {why} "
        f"(given: '{match}')."
    )


@pytest.mark.parametrize("source", [GOVUK, CKAN], ids=["govuk", "ckan"])
def test_a_match_is_kept_as_it_is_written(tmp_path: Path, source: str) -> None:
    """Protects the pattern from its check: it stays the text that was declared."""
    declared = feeds.load(declare(tmp_path, source, r"(?i)sales.*\.csv$"))
    (found,) = declared.feeds["sales"].sources
    assert isinstance(found, GovukSource | CkanSource)
    assert found.match == r"(?i)sales.*\.csv$"
