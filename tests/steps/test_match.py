"""Names join by rule or reviewed alias, and never because they merely look alike."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import match, reference


@pytest.mark.parametrize(
    "names",
    [
        ("BJSS", "BJSS LTD", "Bjss Limited", "The BJSS Ltd."),
        ("SMARTSOURCING P L C", "SmartSourcing PLC", "SmartSourcing P.L.C."),
        ("Marks & Co Ltd", "Marks and Co Limited"),
        ("The Coal Authority", "Coal Authority The", "COAL AUTHORITY (THE)"),
        ("Acme Ltd T/A Widgets", "ACME LIMITED trading as Gadgets", "Acme"),
        ("Zühlke GmbH", "Zuhlke"),
        ("Guy’s and St Thomas’", "Guys and St Thomas"),
    ],
)
def test_the_rules_key_joins_spellings(names: tuple[str, ...]) -> None:
    """Case, punctuation, legal form and trading name do not make another party."""
    assert len({match.party_id(name) for name in names}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Derby City Council", "Derry City Council"),
        ("Wigan Metropolitan Borough Council", "Wirral Metropolitan Borough Council"),
        ("Renfrewshire Council", "East Renfrewshire Council"),
        ("Department for Education", "Department of Education"),
        ("@UK PLC", "UK PLC"),
        ("Atos IT Services UK Ltd", "Atos IT Solutions & Services"),
        ("PA Consulting Group Ltd", "PA Consulting Services Ltd"),
    ],
)
def test_lookalikes_stay_apart(one: str, other: str) -> None:
    """A wrong join is a wrong figure for two firms; a missing one is only a longer list."""
    assert match.party_id(one) != match.party_id(other)


def test_lookalikes_are_proposed_for_review_and_joined_by_nobody(tmp_path: Path) -> None:
    """Fuzzy matching writes a list; only a person puts a line of it among the aliases."""
    counts = {"Wigan Borough Council": 2, "Wirral Borough Council": 1, "Acme Ltd": 1}
    parties, _ = match.match("buyer", counts)
    assert len(parties) == 3
    assert match.propose(parties, tmp_path / "review" / "buyers.csv") == 1
    with (tmp_path / "review" / "buyers.csv").open() as file:
        assert next(iter(csv.DictReader(file)))["alias"] == "Wirral Borough Council"


def test_a_reviewed_alias_joins_and_the_old_id_is_kept_for_its_redirect() -> None:
    """What no rule can know, a person says, with evidence that is published."""
    parties, names = match.match("buyer", {"HMCTS": 1, "HM Courts and Tribunals Service": 2})
    assert [party.party_id for party in parties] == ["hm-courts-and-tribunals-service"]
    alias = next(name for name in names if name.method == "alias")
    assert (alias.own_id, alias.published) == ("hmcts", "HMCTS")
    assert alias.evidence


@given(st.text(min_size=1))
def test_any_name_has_an_id_fit_for_an_address(name: str) -> None:
    """Even a name without a single Latin letter."""
    identifier = match.party_id(name)
    assert identifier
    assert set(identifier) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


@given(st.text(min_size=1))
def test_an_id_depends_on_no_other_name(name: str) -> None:
    """A link to a supplier must not change because another supplier turned up."""
    _, alone = match.match("supplier", {name: 1})
    _, among = match.match("supplier", {name: 1, "Acme Ltd": 5, "BJSS": 2})
    assert alone[0].party_id == next(n.party_id for n in among if n.published == name)


@pytest.mark.parametrize("name", ["supplier_aliases", "buyer_aliases"])
def test_every_alias_has_evidence_and_a_date_and_joins_two_parties(name: str) -> None:
    """An alias that a rule would have made anyway, or without a reason, is noise."""
    for row in reference.rows(name):
        assert row["evidence"]
        assert row["reviewed_date"]
        assert match.party_id(row["alias"]) != match.party_id(row["name"]), row


@pytest.mark.parametrize("name", ["frameworks", "lots", "withheld", "published_totals"])
def test_no_lookup_holds_a_word_that_its_loader_takes_for_nothing(name: str) -> None:
    """csvs-to-sqlite makes NULL of NA, N/A, None and nan, so such a word must not stand there."""
    words = {"NA", "N/A", "None", "nan", "NaN", "NULL", "null", "n/a", "#N/A", "<NA>", "-nan"}
    cells = {cell.strip() for row in reference.rows(name) for cell in row.values()}
    assert not words & cells
