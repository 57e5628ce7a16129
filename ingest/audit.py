"""The proof: what was published is what was loaded, to the line and the penny. Writes nothing."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ingest import publish, shards
from ingest.admitted import DUPLICATE, AdmittedFile
from ingest.engine import LARGE, PART, Engine, ranges
from ingest.errors import AuditError
from ingest.releases import Release

_SQL = Path(__file__).with_name("audit.sql")
_LINES_SQL = Path(__file__).with_name("audit_lines.sql")
_CUBES_SQL = Path(__file__).with_name("audit_cubes.sql")
# What its queries ask of a line beside what its keys stand for; of other tables they ask all.
_OF_LINES = (
    "release_key", "month", "categories_key", "supplier_key", "buyer_key", "supplier_name_id",
    "buyer_name_id", "amount_pence",
)  # fmt: skip
_STAND_FOR = (
    "SELECT release_key, release_id FROM releases",
    "SELECT month, financial_year FROM spend_keyed GROUP BY month",
    "SELECT categories_key, framework, lot, sector, supplier_size FROM line_categories",
    "SELECT supplier_key, supplier_id FROM suppliers",
    "SELECT buyer_key, buyer_id FROM buyers",
)
# There are few different ones of these: a number for each is enough, and takes a fifth of the room.
_REPEATED = {
    **dict.fromkeys(("release_id", "framework", "lot", "sector", "supplier_id", "buyer_id")),
    "largest_supplier_id": "supplier_id",
}
_MEMORY = 64
"""MB for them"""
# What the view release_lines counts, run of releases by run: lines are many, and runs few.
_HELD = """
    WITH runs AS (
        SELECT feed_id, first_position, last_position, count(*) AS line_count
        FROM line_spans GROUP BY feed_id, first_position, last_position
    )
    SELECT releases.release_id, sum(runs.line_count)
    FROM runs
    JOIN releases ON releases.feed_id = runs.feed_id
        AND releases.position BETWEEN runs.first_position AND runs.last_position
    GROUP BY releases.release_id
"""
_CUBES = (
    "releases", "release_months", "pair_months", "pair_years", "pair_totals", "supplier_months",
    "buyer_months", "supplier_years", "buyer_years", "supplier_sizes", "supplier_totals",
    "buyer_totals", "party_months", "usual_deals",
)  # fmt: skip
_TOGETHER = {
    "by_buyer": "SELECT * FROM spend WHERE 1 = 1 /* large part of spend.buyer_id */",
    "pairs": """
        SELECT buyer_id, supplier_id, count(*) AS line_count, sum(amount_pence) AS amount_pence,
            sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS sme_pence,
            count(supplier_size) AS sized_count,
            count(CASE WHEN amount_pence > 0 THEN 1 END) AS sales,
            min(CASE WHEN amount_pence > 0 THEN month END) AS first_month,
            max(CASE WHEN amount_pence > 0 THEN month END) AS last_month,
            min(CASE WHEN amount_pence > 0 AND supplier_size = 'SME' THEN month END)
                AS first_sme_month
        FROM by_buyer WHERE 1 = 1 /* part of by_buyer.buyer_id */
        GROUP BY buyer_id, supplier_id
    """,
    "by_supplier": "SELECT supplier_id, supplier_size, amount_pence FROM spend "
    "WHERE amount_pence > 0 /* large part of spend.supplier_id */",
}


@dataclass(frozen=True)
class Proof:
    """One thing that must hold: what was `expected` from outside the tables, and what they say."""

    name: str
    subject: str
    """the release, the file of a list, or 'edition'"""
    expected: str
    found: str
    holds: bool


def audit(
    path: Path, releases: Sequence[Release], lists: Sequence[AdmittedFile] = ()
) -> list[Proof]:
    """Every proof of the database at `path`: `of_tables` and `of_cubes`."""
    return of_tables(path, releases, lists) + of_cubes(path)


def of_tables(
    path: Path, releases: Sequence[Release], lists: Sequence[AdmittedFile] = ()
) -> list[Proof]:
    """What the tables hold is what was published in `releases`, oldest first by feed.

    `lists` are the files of who was admitted that it was loaded from. The database is opened
    read-only. See `require` for what happens when one does not hold.
    """
    db = _opened(path)
    try:
        proofs = [proof for release in releases for proof in _release(db, release)]
        proofs += [proof for file in lists for proof in _admitted(db, file)]
        proofs += _edition(db)
        proofs += _lines(db, path, releases)
        proofs += _published_totals(db)
        return proofs
    finally:
        db.close()


def require(proofs: Sequence[Proof]) -> None:
    """Raises AuditError that names every proof that does not hold."""
    if broken := [proof for proof in proofs if not proof.holds]:
        raise AuditError(
            "The audit found what must not be, so nothing was published: "
            + " ".join(
                f"{proof.subject}: {proof.name}: expected {proof.expected}, found {proof.found}."
                for proof in broken
            )
        )


def _equal(name: str, subject: str, expected: object, found: object) -> Proof:
    return Proof(name, subject, str(expected), str(found), expected == found)


def _one(db: sqlite3.Connection, sql: str, *values: object) -> sqlite3.Row:
    row: sqlite3.Row = db.execute(sql, values).fetchone()
    return row


def _release(db: sqlite3.Connection, release: Release) -> Iterator[Proof]:
    """Lines and pence in, from what the staging counted, against lines and pence in the tables."""
    name, summary = release.release_id, release.staged.summary
    cube = _one(
        db, "SELECT total(line_count), sum(amount_pence) FROM release_months WHERE release_id = ?",
        name,
    )  # fmt: skip
    lines, pence = int(cube[0]), cube[1]
    kept = _one(
        db, "SELECT count(*), coalesce(sum(amount_pence), 0) FROM quarantine WHERE release_id = ?",
        name,
    )  # fmt: skip
    yield _equal("lines read are loaded or quarantined", name, summary.line_count, lines + kept[0])
    yield _equal("lines quarantined", name, summary.quarantined_count, kept[0])
    yield _equal("pence loaded", name, summary.loaded_pence, pence)
    taken = Decimal(pence + kept[1]).scaleb(-2) - Decimal(summary.rounding_amount)
    published = Decimal(summary.published_amount)
    yield _equal("published = loaded + quarantined - rounding", name, published, taken)
    rounded = _one(
        db, "SELECT count(*) FROM cell_notes WHERE release_id = ? AND reason = 'rounded'", name
    )
    quarantined_fractions = summary.rounded_count - rounded[0]
    holds = 0 <= quarantined_fractions <= summary.quarantined_count
    yield Proof("rounded lines are noted", name, str(summary.rounded_count), str(rounded[0]), holds)
    months = {
        row[0]: [row[1], row[2]]
        for row in db.execute(
            "SELECT month, sum(line_count), sum(amount_pence) FROM release_months "
            "WHERE release_id = ? GROUP BY month ORDER BY month",
            [name],
        )
    }
    differ = [
        month
        for month in summary.months.keys() | months.keys()
        if summary.months.get(month) != months.get(month)
    ]
    yield _equal("months whose lines or pence differ", name, 0, len(differ))


def _admitted(db: sqlite3.Connection, file: AdmittedFile) -> Iterator[Proof]:
    """Lines read of a list, as the reading counted them, against lines in the tables."""
    list_id, url = file.admitted_list.feed_id, file.receipt.url
    counts = _one(
        db,
        "SELECT (SELECT count(*) FROM admitted WHERE list_id = ?1 AND url = ?2), "
        "count(*) FILTER (WHERE code = ?3), count(*) FILTER (WHERE code <> ?3) "
        "FROM admitted_left_out WHERE list_id = ?1 AND url = ?2",
        list_id, url, DUPLICATE,
    )  # fmt: skip
    name = "lines read of a list are admitted, repeated or could not be taken"
    yield _equal(name, f"{list_id} {url}", file.line_count, sum(counts))
    told = file.counts()
    parts = tuple(told[key] for key in ("admitted_count", "duplicate_count", "rejected_count"))
    yield _equal("lines of a list by what became of them", f"{list_id} {url}", parts, tuple(counts))


def _edition(db: sqlite3.Connection) -> Iterator[Proof]:
    """Each query of audit.sql gives one number, which must be nought."""
    for name, sql in must_be_nought(_SQL):
        yield _equal(name, "edition", 0, _one(db, sql)[0])
    yield from _sound(db, "edition")


def _sound(db: sqlite3.Connection, subject: str) -> Iterator[Proof]:
    broken = db.execute("PRAGMA foreign_key_check").fetchall()
    yield _equal("keys that lead nowhere", subject, 0, len(broken))
    yield _equal("file is sound", subject, "ok", _one(db, "PRAGMA quick_check")[0])


def _lines(db: sqlite3.Connection, edition: Path, releases: Sequence[Release]) -> Iterator[Proof]:
    """What the files of lines hold: each by itself, and all together."""
    held: Counter[str] = Counter()
    lines = pence = 0
    for path in shards.paths(edition, publish.bulk_folder(edition)):
        subject = "edition" if path == edition else path.name
        with contextlib.closing(_opened(path)) as part:
            for name, sql in must_be_nought(_LINES_SQL):
                yield _equal(name, subject, 0, _one(part, sql)[0])
            if path != edition:
                yield from _sound(part, subject)
                yield from _as_listed(db, part, path)
            held.update(dict(part.execute(_HELD).fetchall()))
            sql = "SELECT count(*), coalesce(sum(amount_pence), 0) FROM spend_keyed"
            count, total = _one(part, sql)
            lines, pence = lines + count, pence + total
    for release in releases:
        loaded, name = release.staged.summary.loaded_count, release.release_id
        yield _equal("lines held are lines loaded", name, loaded, held[name])
    sql = "SELECT sum(loaded_count), sum(loaded_pence) FROM releases WHERE is_current"
    loaded, loaded_pence = _one(db, sql)
    yield _equal("lines of spend are those of the current releases", "edition", loaded, lines)
    yield _equal("pence of spend are those of the current releases", "edition", loaded_pence, pence)


def _as_listed(db: sqlite3.Connection, part: sqlite3.Connection, path: Path) -> Iterator[Proof]:
    """A file of lines is what the table of them says."""
    sql = "SELECT min(month), max(month), count(*), sum(amount_pence) FROM spend_keyed"
    columns = "first_month, last_month, line_count, amount_pence"
    listed = _one(
        db, f"SELECT {columns} FROM shards WHERE shard = ?", path.stem.removeprefix("lines-")  # noqa: S608
    )  # fmt: skip
    yield _equal("lines are as listed", path.name, tuple(listed), tuple(_one(part, sql)))


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    return db


def of_cubes(path: Path) -> list[Proof]:
    """Cubes are what their lines come to: audit_cubes.sql, on what is read back from the database.

    Each query gives one number, which must be nought.
    """
    # Imported here: an idle build does without Arrow and the engine, which take a moment.
    from ingest import read_back
    from ingest.engines.local import LocalEngine

    proofs = []
    lines = shards.paths(path, publish.bulk_folder(path))
    folder = path.parent / f".{path.stem}-audit"
    numbers = read_back.Numbers(_REPEATED)
    with contextlib.closing(LocalEngine(folder, _MEMORY)) as engine:
        # Lines first: who is in a cube alone then has a number above all others.
        spend = read_back.told(lines, "spend_keyed", _OF_LINES, _STAND_FOR)
        engine.hold_batches("spend", numbers.of(spend))
        for table in _CUBES:
            engine.hold_batches(table, numbers.of(read_back.reader([path], table)))
        for kind in ("supplier", "buyer"):
            _divide(engine, f"{kind}_id")
        for name, sql in _TOGETHER.items():
            engine.make(name, sql)
        for name, sql in must_be_nought(_CUBES_SQL):
            found = (batch.column(0).to_pylist() for batch in engine.batches(sql))
            number = sum(itertools.chain.from_iterable(found))
            proofs.append(_equal(name, "edition", 0, number))
    return proofs


def _divide(engine: Engine, column: str) -> None:
    """Parts by the parties of the lines: about as many lines in each, and no number in none."""
    sql = f"SELECT {column}, count(*) AS line_count FROM spend GROUP BY {column} ORDER BY {column}"  # noqa: S608
    counts = {
        row[column]: row["line_count"] for batch in engine.batches(sql) for row in batch.to_pylist()
    }
    engine.divide(column, *(_parts(column, counts, most) for most in (PART, LARGE)))


def _parts(column: str, counts: dict[int, int], most: int) -> list[str]:
    ends = [high for _, high in ranges(counts, most)][:-1]
    above = ["1 = 1", *(f"{{0}}.{column} > {end}" for end in ends)]
    up_to = [*(f"{{0}}.{column} <= {end}" for end in ends), "1 = 1"]
    return [f"{low} AND {high}" for low, high in zip(above, up_to, strict=True)]


def must_be_nought(file: Path) -> Iterator[tuple[str, str]]:
    """(what is counted, SQL that gives the number) of a file of such queries."""
    for part in file.read_text(encoding="utf-8").split("-- must be nought: ")[1:]:
        name, _, sql = part.partition("\n")
        yield name.strip(), sql.strip()


_MEASURES: dict[str, Callable[[sqlite3.Connection, str], Decimal]] = {
    "total_pounds": lambda db, release: _sum(db, release, "1").scaleb(-2),
    "sme_pct": lambda db, release: _pct(db, release, "supplier_size = 'SME'"),
    "central_government_pct": lambda db, release: _pct(
        db, release, "sector = 'Central Government'"
    ),
}


def _sum(db: sqlite3.Connection, release: str, condition: str) -> Decimal:
    sql = f"SELECT sum(amount_pence) FROM release_months WHERE release_id = ? AND {condition}"  # noqa: S608 - our own conditions
    return Decimal(_one(db, sql, release)[0] or 0)


def _pct(db: sqlite3.Connection, release: str, condition: str) -> Decimal:
    total = _sum(db, release, "1")
    return 100 * _sum(db, release, condition) / total if total else Decimal("NaN")


def _published_totals(db: sqlite3.Connection) -> Iterator[Proof]:
    """Totals against figures published at the time, for the very files that they were about.

    A file is known by its sha256 or, where we never had it, by its release and the publisher's
    address. Invented data carries real release names, so it is compared with none.
    """
    if _one(db, "SELECT max(illustrative) FROM editions")[0]:
        return
    rows = db.execute(
        "SELECT published_totals.*, releases.release_id AS taken FROM published_totals "
        "JOIN releases ON releases.sha256 = published_totals.sha256 OR (published_totals.sha256 "
        "IS NULL AND releases.release_id = published_totals.release_id "
        "AND releases.url LIKE 'http%') ORDER BY published_totals.release_id, measure"
    )
    for row in rows:
        expected, tolerance = Decimal(row["value"]), Decimal(row["tolerance"])
        found = _MEASURES[row["measure"]](db, row["taken"])
        holds = abs(found - expected) <= tolerance
        shown = f"{expected} within {tolerance}"
        name = f"{row['measure']} as published at the time"
        yield Proof(name, row["taken"], shown, f"{found:.2f}", holds)
