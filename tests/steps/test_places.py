"""A buyer's place is a postcode that is known by hand or by name, and never by likeness."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest import feeds, load, match, places, reference
from ingest.errors import DeclarationError, HeadingError, IngestError
from ingest.places import Customer

CCS = feeds.load(feeds.DEFAULT_FEEDS).customer_lists["ccs-customers"]


def customer(name: str, code: str, line: int = 2) -> Customer:
    return Customer("list.csv", line, "1", name, places.postcode(code))


def listed(path: Path) -> list[tuple[str, str | None]]:
    return [(item.name, item.postcode) for item in places.customers(path, path.name, CCS)]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("SW1P 4DF", "SW1P 4DF"),
        ("sw1p4df.", "SW1P 4DF"),
        (" m1  1ae ", "M1 1AE"),
        ("XXXX", None),
        ("", None),
        ("SW1P", None),
        ("EC1Y 8TG London", None),
    ],
)
def test_a_postcode_is_read_however_it_is_written_and_a_placeholder_is_none(
    written: str, meant: str | None
) -> None:
    """Protects the map from XXXX, which the list gives to hundreds of bodies, as a place."""
    assert places.postcode(written) == meant


@pytest.mark.parametrize(
    ("code", "latitude", "longitude", "region"),
    [
        ("SW1A 2AS", 51.5037, -0.1266, "London"),
        ("EH1 3DG", 55.9532, -3.1795, "Scotland"),
        ("CF10 3NQ", 51.4867, -3.1822, "Wales"),
        ("TR1 3AY", 50.2602, -5.0686, "South West"),
    ],
)
def test_known_buildings_are_where_they_are(
    code: str, latitude: float, longitude: float, region: str
) -> None:
    """Protects the grid: another one would put every building in another street."""
    point = places.located([code])[code]
    assert point.latitude == pytest.approx(latitude, abs=0.003)
    assert point.longitude == pytest.approx(longitude, abs=0.005)
    assert point.region == region


def test_in_northern_ireland_a_place_is_its_post_town() -> None:
    """The ONS may not let us publish where a BT postcode is; and none that never was has a town."""
    points = places.located(["BT1 5GS", "BT5 6LE", "BT1 9ZZ", "BT48 6DQ"])
    belfast = places.Point(54.60, -5.93, "Northern Ireland")
    assert points == {"BT1 5GS": belfast, "BT5 6LE": belfast}


def test_what_is_no_postcode_of_the_united_kingdom_has_no_place() -> None:
    """A postcode that never was, one of Jersey and one of the Isle of Man are left out."""
    assert places.located(["ZZ9 9ZZ", "JE2 3QQ", "IM1 3PZ", "QQ1 1QQ"]) == {}


def test_headings_that_change_name_and_case_are_one_list(tmp_path: Path) -> None:
    """The list's own files call a customer three names, and today's has five columns."""
    for number, heading in enumerate(
        ["URN,CustomerName,PostCode,Sector,Published", "urn,organisation,postcode,towncity"]
    ):
        path = tmp_path / f"{number}.csv"
        path.write_text(f"{heading}\n10009655,Home Office,sw1p 4df,True\n1,,L3 9PP,\n")
        assert listed(path) == [("Home Office", "SW1P 4DF")]


def test_a_list_without_its_columns_is_named_with_what_it_could_be_called(tmp_path: Path) -> None:
    """A person who reads the message knows the file, the line and the cure."""
    path = tmp_path / "new.csv"
    path.write_text("URN,Body,PostCode\n1,Home Office,SW1P 4DF\n")
    with pytest.raises(HeadingError, match=r"new\.csv line 1: no column for customer.*'Body'"):
        listed(path)


def test_only_the_same_name_by_rule_or_alias_joins() -> None:
    """Protects Derby from Derry's place: names that look alike are two bodies."""
    buyers = {"derry-city-council": "Derry City Council", "home-office": "Home Office"}
    found = [customer("Derby City Council", "DE1 2FS"), customer("HOME OFFICE.", "L3 9PP")]
    assert [place.buyer_id for place in places.places(buyers, found)] == ["home-office"]


def test_by_hand_counts_before_the_list() -> None:
    """The list has the payments office of some bodies; the reviewed head office is the place."""
    place = places.places({"home-office": "Home Office"}, [customer("Home Office", "L3 9PP")])[0]
    assert (place.postcode, place.source) == ("SW1P 4DF", "by hand")
    assert place.evidence.startswith("head office: 2 Marsham Street, London; confirmed by: ")


def test_a_list_that_contradicts_itself_places_nobody() -> None:
    """Two postcodes under one name may be two bodies: neither is chosen. A placeholder is none."""
    buyers = {"acme-trust": "Acme Trust"}
    one, other = customer("Acme Trust", "L3 9PP", 7), customer("ACME TRUST", "DE1 2FS", 9)
    assert places.places(buyers, [one, other]) == []
    place = places.places(buyers, [one, customer("Acme Trust", "XXXX", 8)])[0]
    assert place.postcode == "L3 9PP"
    assert place.evidence == "URN 1, 'Acme Trust': list.csv line 7"


def test_a_line_without_a_postcode_keeps_a_wrong_one_of_the_list_away() -> None:
    """A reviewer who finds the list's address wrong needs a way to say so, with the reason."""
    buyers = {"citizens-advice": "Citizens Advice"}
    assert places.places(buyers, [customer("Citizens Advice", "NG16 3GB")]) == []


@pytest.fixture
def own_buyers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of reference tables whose buyers.csv a test may write."""
    for file in reference.FOLDER.glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    yield tmp_path / "buyers.csv"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("Acme Trust,SW1P 4D,by guess,,\n", "buyers.csv line 2: postcode 'SW1P 4D' cannot be one"),
        ("Acme Trust,ZZ9 9ZZ,by guess,,\n", "'Acme Trust': postcode 'ZZ9 9ZZ' is not among"),
        (
            "Acme Trust,L3 9PP,a,,\nACME TRUST,L3 9PP,b,,\n",
            "line 3: buyer 'ACME TRUST' is given twice",
        ),
    ],
)
def test_a_mistake_in_the_hand_kept_table_stops_the_build(
    own_buyers: Path, lines: str, said: str
) -> None:
    """The editor's slip is a sentence with its line, not a buyer in the wrong place."""
    own_buyers.write_text(f"buyer,postcode,evidence,confirms,confirmed_by\n{lines}")
    with pytest.raises(IngestError, match=said.replace(".", r"\.")):
        places.places({"acme-trust": "Acme Trust"}, [])


def test_the_hand_kept_table_is_whole() -> None:
    """Every line says why and who bears it out, every postcode exists, no body is there twice."""
    with (reference.FOLDER / "buyers.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert all(row["evidence"] for row in rows)
    assert {row["confirms"] for row in rows} == {"body", "building", ""}
    assert all(bool(row["confirms"]) == bool(row["confirmed_by"]) for row in rows)
    codes = {row["postcode"] for row in rows} - {""}
    assert set(places.located(codes)) == codes
    assert len({match.party_id(row["buyer"]) for row in rows}) == len(rows)


def test_every_district_of_the_postcodes_has_a_region() -> None:
    """A district that the hand-kept ranges forgot would lose its buyers from the map."""
    districts = {row[1] for letter in "BDENSW" for row in places._rows(letter)}
    known = {code for code in districts if isinstance(code, str) and code[0] in "ENSW"}
    assert len(known) > 200
    assert {code for code in known if places._region(code) is None} == set()


def test_an_invented_buyer_has_no_place_even_with_a_real_name(tmp_path: Path) -> None:
    """The sample is not to say where anything is."""
    with closing(load.create(tmp_path / "next.db")) as db:
        db.execute("INSERT INTO buyers VALUES (0, 'home-office', 'Home Office')")
        places.load(db, [], illustrative=True)
        assert count(db) == 0
        places.load(db, [], illustrative=False)
        assert count(db) == 1


def count(db: sqlite3.Connection) -> int:
    found: int = db.execute("SELECT count(*) FROM buyer_places").fetchone()[0]
    return found


def test_a_mistake_in_the_declaration_of_a_list_is_one_sentence_with_its_line(
    tmp_path: Path,
) -> None:
    """Customer lists are read as strictly as feeds."""
    path = tmp_path / "feeds.yml"
    start = "feeds:\n  gcloud-sales:\n    like: gcloud-sales\ncustomer_lists:\n  ccs-customers:\n"
    path.write_text(f"{start}    like: ccs-customers\n    sorces: []\n")
    with pytest.raises(DeclarationError, match=r"line 7: .*sorces.*No such setting"):
        feeds.load(path)
    path.write_text(f"{start}    like: nobody\n")
    with pytest.raises(DeclarationError, match="line 6: like: 'nobody' names no other feed"):
        feeds.load(path)
