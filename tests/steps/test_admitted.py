"""A line of a list of admitted suppliers is taken, or left out with its reason; none is lost."""

from __future__ import annotations

from pathlib import Path

import formats
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import admitted, feeds, listings, parse, reference
from ingest.admitted import AdmittedFile
from ingest.archive import Receipt
from ingest.errors import DeclarationError, HeadingError
from ingest.feeds import AdmittedList, FileSource, GovukSource, UrlSource

PATTERN = feeds.load(feeds.DEFAULT_FEEDS).admitted_lists["digital-marketplace"]
FIVE = PATTERN.model_copy(update={"constants": {"framework": "G-Cloud 5"}})


def receipt(path: Path) -> Receipt:
    return Receipt(
        feed_id="suppliers", url=path.name, filename=path.name, position=0, byte_count=0,
        sha256="0" * 64, fetched_at="2026-01-01T00:00:00.000000Z",
    )  # fmt: skip


def listed(path: Path, text: str | bytes, declared: AdmittedList = PATTERN) -> AdmittedFile:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return admitted.read_file(declared, receipt(path), path, {})


def taken(file: AdmittedFile) -> list[tuple[object, ...]]:
    return [(a.framework, a.lot, a.published_name, a.supplier_size) for a in file.admitted]


@pytest.mark.parametrize(
    ("text", "declared", "gives"),
    [
        ("Supplier name,Lot,Framework\nAcme,SaaS,g-cloud-7\n", PATTERN,
         ("G-Cloud 7", "Software as a Service (SaaS)", "Acme", None)),
        ("framework_reference,supplier_name,lot_number\nRM1557ix,Acme,2\n", PATTERN,
         ("G-Cloud 9", "Cloud Software", "Acme", None)),
        ("Company name,Organisation size\nAcme,micro\n", FIVE,
         ("G-Cloud 5", None, "Acme", "SME")),
        ("Supplier\nAcme\n", FIVE, ("G-Cloud 5", None, "Acme", None)),
        ("Name;SME\nAcme;N\n", FIVE, ("G-Cloud 5", None, "Acme", "Large")),
        ("G-Cloud 5 suppliers\r\rSupplier,Website\rCaf\x8e Ltd,http://x\r".encode("latin-1"), FIVE,
         ("G-Cloud 5", None, "Café Ltd", None)),
        ("\ufeffFramework\tSupplier\nDOS 2\tAcme\n", PATTERN,
         ("Digital Outcomes and Specialists 2", None, "Acme", None)),
    ],
)  # fmt: skip
def test_the_headings_that_such_lists_have(
    tmp_path: Path, text: str | bytes, declared: AdmittedList, gives: tuple[object, ...]
) -> None:
    """Lists have no common form: framework by name, slug or number, lot by word or number."""
    file = listed(tmp_path / "list.csv", text, declared)
    assert taken(file) == [gives]
    assert file.left_out == ()


def test_a_column_for_the_framework_counts_before_the_declared_one(tmp_path: Path) -> None:
    """What the file says of a line is nearer to it than what was said of the whole list."""
    file = listed(tmp_path / "l.csv", "Framework,Supplier\nG-Cloud 4,Acme\n,Brix\n", FIVE)
    assert taken(file) == [("G-Cloud 4", None, "Acme", None)]
    assert file.left_out[0].reason == "has no framework"


def test_a_line_for_each_lot_is_no_repetition(tmp_path: Path) -> None:
    """Two lots that no table knows are two; the same line twice is one and a repetition."""
    text = "Lot,Supplier\n1,Acme\n2,Acme\n7,Acme\n8,Acme\n8,Acme\n"
    file = listed(tmp_path / "l.csv", text, FIVE)
    assert len(file.admitted) == 4
    assert [(left.code, left.reason) for left in file.left_out] == [
        ("duplicate-row", "repeats line 5 of l.csv")
    ]


def test_files_of_one_name_do_not_hide_each_others_lines(tmp_path: Path) -> None:
    """Two addresses, one file name, the same line: the second repeats the first."""
    path = tmp_path / "l.csv"
    path.write_text("Supplier\nAcme\n")
    seen: admitted.Seen = {}
    files = [admitted.read_file(FIVE, receipt(path), path, seen) for _ in range(2)]
    assert [len(file.admitted) for file in files] == [1, 0]
    assert [line.code for line in files[1].left_out] == ["duplicate-row"]


def test_a_heading_that_is_not_known_is_reported(tmp_path: Path) -> None:
    """A renamed column is reported with the nearest heading; a list without one is refused."""
    file = listed(tmp_path / "l.csv", "Supplier,Organisation sizes\nAcme,Small\n", FIVE)
    assert file.unknown_headings == (("Organisation sizes", "Organisation Size"),)
    with pytest.raises(HeadingError, match=r"l\.csv line 1: no column for framework"):
        listed(tmp_path / "l.csv", "Supplier\nAcme\n")


def test_a_withheld_name_is_masked_wherever_the_line_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same line twice: its name is neither among the admitted nor among the left out."""
    text = "Supplier\nJo Bloggs\nJo Bloggs\n"
    (line,) = listed(tmp_path / "l.csv", text, FIVE).admitted
    hidden = {(line.admitted_id, "supplier"): "names a person"}
    monkeypatch.setattr(reference, "withheld", lambda: hidden)
    file = listed(tmp_path / "l.csv", text, FIVE)
    assert [a.published_name for a in file.admitted] == [parse.WITHHELD]
    assert [left.published_name for left in file.left_out] == [parse.WITHHELD]


cells = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
rows = st.lists(
    st.lists(
        st.one_of(st.sampled_from(["G-Cloud 4", "g-cloud-5", "Acme Ltd", "2", "", " "]), cells),
        min_size=1, max_size=5,
    ),
    max_size=15,
)  # fmt: skip


@given(lines=rows)
def test_every_line_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, lines: list[list[str]]
) -> None:
    """Whatever a list holds: lines read = admitted + left out, each line once, each id once."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    text = formats.table(
        [["Framework", "Lot", "Supplier"], *lines], end="\r\n", encoding="utf-8-sig"
    )
    file = listed(path, text)
    counts = file.counts()
    assert file.line_count == len(file.admitted) + len(file.left_out)
    parts = ("admitted_count", "duplicate_count", "rejected_count")
    assert file.line_count == sum(counts[part] for part in parts)
    numbers = {line.line_number for line in file.admitted}
    numbers |= {line.line_number for line in file.left_out}
    assert len(numbers) == file.line_count
    assert len({line.admitted_id for line in file.admitted}) == len(file.admitted)
    assert all(line.framework in reference._frameworks() for line in file.admitted)


# The declaration.

START = "feeds:\n  gcloud-sales:\n    like: gcloud-sales\nadmitted_lists:\n  five:\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("    like: digital-marketplace\n", "admitted_lists.five.sources: Field required"),
        ("    like: nobody\n", "line 6: like: 'nobody' names no other feed"),
        ("    like: digital-marketplace\n    constants: {framework: G-Cloud 99}\n"
         "    sources: [{kind: file, path: x.csv}]\n", "'G-Cloud 99' is no framework that"),
        ("    like: digital-marketplace\n    headings: {framework: [Framework]}\n"
         "    sources: [{kind: file, path: x.csv}]\n", "must say what 'supplier' can be called"),
        ("    like: digital-marketplace\n    constants: {lot: 1}\n"
         "    sources: [{kind: file, path: x.csv}]\n", "line 7: "),
    ],
)  # fmt: skip
def test_a_mistake_in_a_declaration_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    """Lists are read as strictly as feeds, before anything is asked of anybody."""
    path = tmp_path / "feeds.yml"
    path.write_text(START + text)
    with pytest.raises(DeclarationError) as caught:
        feeds.load(path)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_list_cannot_have_the_id_of_a_feed(tmp_path: Path) -> None:
    """Its files would be taken for releases of the feed."""
    path = tmp_path / "feeds.yml"
    path.write_text(
        "feeds:\n  five:\n    like: gcloud-sales\nadmitted_lists:\n  five:\n"
        "    like: digital-marketplace\n    sources: [{kind: file, path: x.csv}]\n"
    )
    with pytest.raises(DeclarationError, match="'five' is the id of two"):
        feeds.load(path)


def test_nothing_is_fetched_of_what_is_only_there_to_be_like(tmp_path: Path) -> None:
    """No address of a list is known to work, so none is asked; a copy of the file is as good."""
    assert PATTERN.sources == []
    copy = tmp_path / "feeds.yml"
    copy.write_text(feeds.DEFAULT_FEEDS.read_text())
    assert feeds.load(copy).admitted_lists["digital-marketplace"] == PATTERN


@pytest.mark.parametrize(
    ("source", "url", "could"),
    [
        (FileSource(kind="file", path="lists/*.csv"), "lists/a.csv", True),
        (FileSource(kind="file", path="lists/*.csv"), "other/a.csv", False),
        (FileSource(kind="file", path="lists/**/a.csv"), "lists/a.csv", True),
        (FileSource(kind="file", path="a[1].csv"), "a[1].csv", True),
        (FileSource(kind="file", path="/data/a.csv"), "../../data/a.csv", True),
        (UrlSource(kind="url", url="https://example.org/a"), "https://example.org/a", True),
        (UrlSource(kind="url", url="https://example.org/a"), "https://example.org/b", False),
        (GovukSource(kind="govuk", path="/lists"), "https://example.org/b", True),
        (GovukSource(kind="govuk", path="/lists"), "lists/a.csv", False),
    ],
)
def test_what_a_source_no_longer_gives_counts_no_more(
    source: feeds.AnySource, url: str, could: bool
) -> None:
    """A list that was declared by mistake is gone from the figures when its source is."""
    assert listings.could_give(source, url, Path("/srv/site")) is could
