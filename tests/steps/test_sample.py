"""The invented sample: right in size and format, the same each time, and nobody's real figures."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import read, sample
from ingest.errors import IngestError
from ingest.feeds import DEFAULT_FEEDS, heading_key, load
from ingest.parse import Conventions, Parser, Spend
from ingest.rename import rename

REAL = Path(__file__).parents[3] / "shared" / "data"
JULY_2014, JANUARY_2015, JULY_2017 = sample.GCLOUD_RELEASES
(DOS,) = sample.DOS_RELEASES
EVERY = (JULY_2014, JANUARY_2015, JULY_2017, DOS)


class Line(NamedTuple):
    month: str
    supplier: str
    buyer: str
    description: str
    sector: str
    size: str
    pence: int | None
    """None where the amount cannot be read."""


def text_of(folder: Path, release: sample.Release) -> str:
    return (folder / release.filename).read_bytes().decode(release.encoding)


def cells_of(folder: Path, release: sample.Release) -> list[dict[str, str]]:
    """The lines, as a reader that knows the format sees them, by heading key."""
    rows = csv.reader(io.StringIO(text_of(folder, release), newline=""), strict=True)
    headings = [heading_key(heading) for heading in next(rows)]
    return [dict(zip(headings, row, strict=True)) for row in rows]


def lines_of(folder: Path, release: sample.Release) -> list[Line]:
    """The lines by our field names, found through the aliases that the site itself uses."""
    known = load(DEFAULT_FEEDS).feeds["gcloud-sales"].headings
    field = {heading_key(alias): name for name, aliases in known.items() for alias in aliases}
    lines = []
    for cells in cells_of(folder, release):
        row = {field[key]: value for key, value in cells.items() if key in field}
        lines.append(
            Line(
                month=iso_month(row["month"]),
                supplier=row["supplier"],
                buyer=row["buyer"],
                description=row.get("description", ""),
                sector=row["sector"],
                size=row["supplier_size"],
                pence=pence(row["amount"]),
            )
        )
    return lines


def base_ids(folder: Path, release: sample.Release) -> Counter[str]:
    """What the site itself makes of the release's lines."""
    feed, path = load(DEFAULT_FEEDS).feeds["gcloud-sales"], folder / release.filename
    columns, rows = rename(release.filename, read.rows(path, read.survey(path)), feed)
    last_month = month_text(release.newest) + "-01"
    parse = Parser(feed, columns, Conventions("day-first", "2012-04-01", last_month))
    return Counter(line.base_id for line in map(parse, rows) if isinstance(line, Spend))


def iso_month(text: str) -> str:
    if short := re.fullmatch(r"([A-Z][a-z]{2})-(\d\d)", text):
        return f"20{short[2]}-{sample.MONTH_NAMES.index(short[1]) + 1:02}"
    if british := re.fullmatch(r"0?1/(\d\d?)/(\d{4})", text):
        return f"{british[2]}-{int(british[1]):02}"
    if re.fullmatch(r"4\d{4}", text):
        first = dt.date(1899, 12, 30) + dt.timedelta(days=int(text))
        assert first.day == 1
        return first.isoformat()[:7]
    iso = re.fullmatch(r"(\d{4}-\d\d)-01", text)
    assert iso, text
    return iso[1]


def pence(text: str) -> int | None:
    if text == "-":
        return 0
    plain = re.sub("[£, ]", "", text)
    if plain.startswith("("):
        plain = "-" + plain.strip("()")
    if not re.fullmatch(r"-?\d+(\.\d+)?", plain):
        return None
    return int((Decimal(plain) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def month_text(month: int) -> str:
    return sample._iso_months(month)[0][:7]


def bad(line: Line) -> bool:
    return line.pence is None or not line.supplier


def pence_until(lines: list[Line], month: int) -> int:
    return sum(
        line.pence or 0 for line in lines if line.month < month_text(month) and not bad(line)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    sample.write(folder, 20_000, 7)
    return folder


@settings(max_examples=25, deadline=None)
@given(rows=st.integers(200, 3_000), seed=st.integers(0, 10**9))
def test_any_small_sample_is_whole(rows: int, seed: int) -> None:
    """Protects every promise on size at once: exact rows, every month, few bad lines, and an
    older month that hardly moves, without which a build would hold the release."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        sample.write(folder, rows, seed)
        lines = {release.filename: lines_of(folder, release) for release in EVERY}
    newest = lines[JULY_2017.filename], lines[DOS.filename]
    assert len(newest[0]) + len(newest[1]) == rows
    for release in EVERY:
        first = sample.DOS_FIRST if release is DOS else 0
        here = lines[release.filename]
        good = [line for line in here if not bad(line)]
        assert {line.month for line in good} == {
            month_text(month) for month in range(first, release.newest + 1)
        }
        assert len(here) - len(good) <= (1 if rows < 1_000 else 3)
        assert len(here) - len(good) <= len(here) / 100
    for earlier, later in ((JULY_2014, JANUARY_2015), (JANUARY_2015, JULY_2017)):
        for until in (earlier.newest - 6, later.newest - 6):
            was = pence_until(lines[earlier.filename], min(until, earlier.newest + 1))
            now = pence_until(lines[later.filename], min(until, earlier.newest + 1))
            assert abs(now - was) < 0.05 * abs(was)


def test_same_rows_and_seed_give_the_same_bytes(tmp_path: Path) -> None:
    """Protects editions and benchmarks, whose ids come from the bytes of the sources."""
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        sample.write(tmp_path / name, 1_000, seed)
    for release in EVERY:
        one, again, other = (
            (tmp_path / name / release.filename).read_bytes() for name in ("one", "again", "other")
        )
        assert one == again
        assert one != other


def test_too_few_rows_is_one_sentence(tmp_path: Path) -> None:
    """Protects whoever asks for ten rows from a traceback or a sample with missing months."""
    for kind in (ValueError, IngestError):
        with pytest.raises(kind, match=r"^rows: 199 is too few .* at least 200 is needed\.$"):
            sample.write(tmp_path, 199, 1)
    assert list(tmp_path.iterdir()) == []


def test_files_are_in_the_formats_as_published(folder: Path) -> None:
    """Protects the traps: a sample in tidy UTF-8 would prove nothing about the reader."""
    raw = {release.filename: (folder / release.filename).read_bytes() for release in EVERY}
    assert b"\n" not in raw[JULY_2014.filename]
    assert raw[JANUARY_2015.filename].startswith(b"\xef\xbb\xbf")
    assert raw[DOS.filename].count(b"\r\n") == raw[DOS.filename].count(b"\n")
    # A line break in a cell is a bare LF, as spreadsheets write it.
    assert raw[JULY_2017.filename].count(b"\r\n") == len(cells_of(folder, JULY_2017)) + 1
    for release in (JULY_2017, DOS):
        with pytest.raises(UnicodeDecodeError):
            raw[release.filename].decode()
    lots = [{row.get("lotdescription", "") for row in cells_of(folder, one)} for one in EVERY]
    assert lots[0] == {"1", "2", "3", "4"}
    assert {row["framework"] for row in cells_of(folder, JULY_2014)} == {"G-Cloud"}
    assert "framework" not in cells_of(folder, JANUARY_2015)[0]
    assert {row["framework"] for row in cells_of(folder, JULY_2017)} == {
        f"G-Cloud {number}" for number in range(1, 10)
    }
    for row in cells_of(folder, JULY_2017):
        assert row["lot"].startswith("Cloud ") == (row["framework"] == "G-Cloud 9")
    assert {"SaaS", "Software as a Service", "Software as a Service (SaaS)"} <= {
        row["lot"] for row in cells_of(folder, JULY_2017)
    }
    assert not {"framework", "productdescription"} & cells_of(folder, DOS)[0].keys()
    assert {row["lot"] for row in cells_of(folder, DOS)} == set(sample.DOS_LOTS)


def test_every_heading_is_one_that_the_feeds_know(folder: Path) -> None:
    """Protects the build of the sample from an alias that was renamed on one side only."""
    feeds = load(DEFAULT_FEEDS).feeds
    for release in EVERY:
        feed = feeds["dos-sales" if release is DOS else "gcloud-sales"]
        field = {heading_key(a): name for name, names in feed.headings.items() for a in names}
        ignored = {heading_key(heading) for heading in feed.ignored_headings}
        headings = set(cells_of(folder, release)[0])
        assert headings <= field.keys() | ignored
        assert set(feed.required) <= {field[key] for key in headings if key in field}


def test_the_traps_are_in_it(folder: Path) -> None:
    """Protects the reason for the sample: each of these has broken a published release before."""
    july, january = text_of(folder, JULY_2014), text_of(folder, JANUARY_2015)
    july_2017, dos = text_of(folder, JULY_2017), text_of(folder, DOS)
    assert all(mark in july for mark in ("Â®", "®", "é", "–", "’", "£", '""'))
    assert "(includes travel, at cost)" in january
    for text in (january, july_2017):
        assert re.search(r"[^\r]\n\(includes", text)
    assert all(mark in july_2017 for mark in ("Â®", "®", "é", "–", "’", '""', '"(£'))
    assert '"(£' in dos
    spends = {row["evidencedspend"] for row in cells_of(folder, JULY_2017)}
    number = r"\d[\d,]*\.\d\d"
    for shape in ("-", "£N", r"\(£N\)", "£N ", r"\(£N\) ", " £ N "):
        assert any(re.fullmatch(shape.replace("N", number), spend) for spend in spends), shape
    assert any(re.fullmatch(r" £ [\d]+,\d{3}\.\d\d ", spend) for spend in spends)
    march_2014 = {row["returnmonth"] for row in cells_of(folder, JULY_2017)} & {"41699", "1/3/2014"}
    assert len(march_2014) == 2
    assert re.search(r",-,", dos)
    amounts = [row["evidencedspend"] for row in cells_of(folder, JULY_2014)]
    fractions = sum(bool(re.search(r"\.\d{3,}$", amount)) for amount in amounts)
    assert 0 < fractions < 0.015 * len(amounts)
    assert any(re.search(r"\.\d\d5$", amount) for amount in amounts)
    for release in EVERY:
        lines = lines_of(folder, release)
        assert any(line.pence is None for line in lines)
        assert any(not line.supplier for line in lines) or len(lines) < 2_000
        assert len(set(lines)) < len(lines)  # identical lines that are both real


def test_a_later_release_restates_the_settled_months_to_the_penny(folder: Path) -> None:
    """Protects ids that outlive a rebuild: an unchanged line must be recognisable."""

    def settled(release: sample.Release, until: int) -> Counter[object]:
        return Counter(
            (line.month, line.buyer, line.sector, line.pence, line.description)
            for line in lines_of(folder, release)
            if line.month <= month_text(until)
        )

    for earlier, later in ((JULY_2014, JANUARY_2015), (JANUARY_2015, JULY_2017)):
        until = earlier.newest - 3
        assert settled(earlier, until) == settled(later, until)


def test_line_ids_survive_into_the_newest_release(folder: Path) -> None:
    """Protects links to a line, and the revisions, across a change of format."""
    was, now = (base_ids(folder, release) for release in (JANUARY_2015, JULY_2017))
    assert (was & now).total() > 0.9 * was.total()


def test_the_newest_release_has_descriptions(folder: Path) -> None:
    """Protects the search, which looks in descriptions: the site shows the newest release."""
    lines = lines_of(folder, JULY_2017)
    described = sum(bool(line.description) for line in lines)
    assert 0.95 * len(lines) < described < len(lines)


def test_most_lines_keep_their_supplier_too(folder: Path) -> None:
    """Protects the revisions page from a sample in which every line looks withdrawn and new."""
    for earlier, later in ((JULY_2014, JANUARY_2015), (JANUARY_2015, JULY_2017)):
        was, now = (
            Counter((x.month, x.supplier, x.buyer, x.pence) for x in lines_of(folder, release))
            for release in (earlier, later)
        )
        kept = sum((was & now).values()) / sum(was.values())
        assert 0.8 < kept < 1


def test_a_recent_month_grows_and_some_of_its_lines_change(folder: Path) -> None:
    """Protects what the revisions are for: late lines and corrected amounts."""
    july, january = lines_of(folder, JULY_2014), lines_of(folder, JANUARY_2015)
    june, may = month_text(sample.JUN_14), month_text(sample.JUN_14 - 1)
    was, now = (sum(x.month == june for x in lines) for lines in (july, january))
    assert 1.3 < now / was < 1.6
    was_may, now_may = (Counter(x.pence for x in y if x.month == may) for y in (july, january))
    assert was_may - now_may


def test_suppliers_are_renamed_respelt_and_reclassified(folder: Path) -> None:
    """Protects matching and the SME questions, which are only tried where these happen."""
    names, sizes = [], []
    for release in (JULY_2014, JANUARY_2015, JULY_2017):
        lines = lines_of(folder, release)
        names.append({line.supplier for line in lines})
        sizes.append({line.size for line in lines if line.supplier == "Umbergimlet Consulting Ltd"})
    assert sizes == [{"SME"}, {"SME"}, {"Large"}]
    assert all("Quillmark Systems Ltd" in published for published in names[:2])
    assert "Hobnailwhistle Digital Ltd" in names[2]
    assert "Quillmark Systems Ltd" not in names[2]
    assert "Hobnailwhistle Digital Ltd" not in names[0] | names[1]
    assert "Bobbinquern Ltd" in names[0]
    assert "Bobbinquern Ltd (Trading as Threadkettle)" in names[1]
    assert {x for x in names[0] if x.upper() in names[1] and x.upper() != x}


def test_the_shape_is_that_of_the_real_feed(folder: Path) -> None:
    """Protects the charts: flat invented data would hide a page that fails on skewed data."""
    lines = [line for line in lines_of(folder, JULY_2017) if not bad(line)]
    total = sum(line.pence or 0 for line in lines)
    sme = sum(line.pence or 0 for line in lines if line.size == "SME") / total
    assert 0.35 < sme < 0.7
    for party, low, high in (("supplier", 0.2, 0.5), ("buyer", 0.3, 0.65)):
        counted = Counter(getattr(line, party) for line in lines)
        assert low < sum(n for _, n in counted.most_common(10)) / len(lines) < high
        assert 250 < len(counted) < 900
    months = Counter(line.month for line in lines)
    assert months["2017-02"] < months["2017-03"] > months["2017-04"]
    assert months["2012-06"] < months["2013-06"] < months["2014-06"] < months["2016-06"]
    central = sum(line.sector == "Central Government" for line in lines) / len(lines)
    assert 0.65 < central < 0.88
    for share in (sum((x.pence or 0) < 0 for x in lines), sum(x.pence == 0 for x in lines)):
        assert 0.01 < share / len(lines) < 0.03


def test_the_declaration_loads_and_says_that_it_is_invented(folder: Path) -> None:
    """Protects visitors: a page on invented figures must say so, whatever feed it shows."""
    declaration = load(folder / "feeds.yml")
    assert declaration.illustrative
    assert list(declaration.feeds) == ["gcloud-sales", "dos-sales"]
    assert "Invented" in declaration.feeds["dos-sales"].publisher
    sources = [source for feed in declaration.feeds.values() for source in feed.sources]
    assert len(sources) == len(EVERY)
    for source in sources:
        assert source.kind == "file"
        assert (declaration.folder / source.path).is_file()
        assert source.provenance == "invented for illustration"
        assert source.tried_on == "fixture"


@pytest.fixture(scope="module")
def real_text() -> str:
    if not REAL.is_dir():
        pytest.skip("the real files are not beside the project, so names cannot be compared")
    paths = [
        *REAL.glob("gcloud/*.csv"),
        *REAL.glob("buyers/*.csv"),
        *REAL.glob("payments/**/*.csv"),
    ]
    return "\n".join(path.read_bytes().decode("cp1252", "replace") for path in paths).casefold()


def test_no_name_is_that_of_a_real_body_or_firm(folder: Path, real_text: str) -> None:
    """Protects real bodies and firms from figures that are not theirs."""
    words = set(re.findall(r"[^\W\d_]+", real_text))
    cells = {cell.strip() for cell in re.split(r'[,;"\t\r\n]+', real_text)}
    pairs = set(re.findall(r"\b(\w+) (?:and|&) (\w+)", real_text))
    suppliers = {h + t for h in sample.SUPPLIER_HEADS for t in sample.SUPPLIER_TAILS}
    places = {h + t for h in sample.PLACE_HEADS for t in sample.PLACE_TAILS}
    assert not {root.casefold() for root in suppliers | places} & words
    assert not [
        (one, two)
        for one, two in pairs
        if one.title() in sample.SUBJECTS and two.title() in sample.SUBJECTS
    ]
    for release in EVERY:
        lines = lines_of(folder, release)
        names = {line.supplier for line in lines} | {line.buyer for line in lines}
        assert not {name.casefold() for name in names if name} & cells
    for story in sample._stories():
        assert not [name for name in story.names if name.casefold() in real_text]
