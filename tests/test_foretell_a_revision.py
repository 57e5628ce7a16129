"""Eight releases that each restate the past: what the newest month may become, when it settles.

Every figure is had again from the published files by csv and statistics alone.
"""

from __future__ import annotations

import csv
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import formats
import pytest
import shown
from commands import recomputed
from conftest import Site, ingest, serving
from govspend_site import settled, words

FIRST = "2012-04"
ENDS = [f"2013-{month:02}" for month in range(4, 11)] + ["2014-11"]
FEED = "gcloud-sales"
# Parts in a hundred of a month that a release tells when the month is its newest; a month later it
# is 90, then 97, then all. So what is added to a newest month differs from release to release.
NEWEST = dict(zip(ENDS, (60, 75, 50, 72, 80, 64, 66, 70), strict=True))
LATER = (90, 97, 100)


def months_to(last: str) -> list[str]:
    found = [FIRST]
    while found[-1] < last:
        found.append(settled.month_after(f"{found[-1]}-01", 1)[:7])
    return found


def release(last: str) -> bytes:
    """The file that ends with a month: three firms in every month, each month as far as told."""
    lines = []
    for place, month in enumerate(months_to(last)):
        age = settled.months_between(f"{month}-01", f"{last}-01")
        part = NEWEST[last] if age == 0 else LATER[min(age, len(LATER)) - 1]
        for firm, size in ((1, "SME"), (2, "SME"), (3, "Large")):
            pence = part * (1000 + 37 * place) * firm
            lines.append(
                formats.Line(f"Firm {firm} Ltd", f"Body {place % 4}", month,
                             f"{pence / 100:.2f}", size=size)
            )  # fmt: skip
    return formats.december_2017(lines)


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Newest month -> the published file."""
    return {last: release(last) for last in ENDS}


@pytest.fixture(scope="module")
def site(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site on the edition of all eight, built and served as any other."""
    folder = tmp_path_factory.mktemp("eight")
    (folder / "releases").mkdir()
    for last, body in files.items():
        (folder / "releases" / f"{last}.csv").write_bytes(body)
    formats.declare(folder, gcloud_sales="releases/*.csv")
    done = ingest("build", "--feeds", folder / "feeds.yml", "--build", folder / "build")
    assert done.returncode == 0, done.stderr + done.stdout
    with serving(folder / "build") as running:
        yield running


def told(body: bytes) -> dict[str, int]:
    """What a file says of each month, in pence."""
    sums: dict[str, int] = defaultdict(int)
    for row in csv.DictReader(body.decode("cp1252").splitlines()):
        sums[row["Month"]] += round(float(row["Spend"].replace("£", "").replace(",", "")) * 100)
    return sums


def name(month: str) -> str:
    return str(words.month_name(month))


def revisions(files: dict[str, bytes], last: str) -> dict[str, tuple[int, int]]:
    """Newest month of each release before `last` -> as first told, and as told by the next."""
    ends = ENDS[: ENDS.index(last) + 1]
    found = {}
    for first, following in pairwise(ends):
        month = formats.named(first)
        found[first] = (told(files[first])[month], told(files[following])[month])
    return found


def test_the_eight_files_are_eight_releases(site: Site) -> None:
    """Protects the rest of this file: each file was taken, and is a release of its own."""
    with sqlite3.connect(site.db) as db:
        found = [row[0] for row in db.execute("SELECT release_id FROM releases ORDER BY position")]
    assert found == [f"{FEED}-{last}" for last in ENDS]


@pytest.mark.parametrize("last", ENDS)
def test_the_revisions_behind_an_outlook_are_those_of_the_files(
    site: Site, files: dict[str, bytes], last: str
) -> None:
    """Protects the table: every earlier newest month, as first told and as told next."""
    known = revisions(files, last)
    page = site.get(f"/digest/{last}").raise_for_status().text
    if not known:
        assert "Nothing is foretold" in page
        assert "and none is known by this release" in page
        return
    rows = shown.table(page, "Newest months as first told").body()
    assert {month: cells[:4] for month, cells in rows.items()} == {
        name(month): [
            shown.pounds(first),
            shown.pounds(then),
            f"{100 * (then - first) / first:+.1f}%",
            f"{FEED}-{ENDS[ENDS.index(month) + 1]}",
        ]
        for month, (first, then) in known.items()
    }


@pytest.mark.parametrize("last", ENDS)
def test_only_six_revisions_foretell_the_next(
    site: Site, files: dict[str, bytes], last: str
) -> None:
    """Protects from a habit seen in five: from six on the page and its card say the same range."""
    known = revisions(files, last)
    page = " ".join(site.get(f"/digest/{last}").raise_for_status().text.split())
    card = site.get(f"/proof/outlook/{FEED}-{last}.json")
    if len(known) < 6:
        assert "Nothing is foretold: that takes 6 earlier revisions" in page
        assert "If the next release changes it" not in page
        assert card.status_code == 404
        return
    newest = told(files[last])[formats.named(last)]
    ratios = [then / first for first, then in known.values()]
    low, middle, high = (round(newest * of(ratios)) for of in (min, median, max))
    said = (
        f"It was told as {words.rounded_pounds(newest)}. If the next release changes it as earlier "
        "ones changed their newest month, it will be about "
        f"{words.rounded_pounds(middle)}, and between {words.rounded_pounds(low)} and "
        f"{words.rounded_pounds(high)}. That rests on {len(known)} earlier revisions"
    )
    assert said in page
    assert f'href="/proof/outlook/{FEED}-{last}"' in page
    figure = card.json()["figure"]
    assert [figure[f"{end}_pence"] for end in ("newest", "low", "middle", "high")] == [
        newest, low, middle, high,
    ]  # fmt: skip
    assert figure["revision_count"] == len(known) == len(card.json()["table"]["rows"])


def test_the_first_with_six_revisions_is_the_seventh_release(files: dict[str, bytes]) -> None:
    """Protects the test above from having nothing on one of its sides."""
    counts = {last: len(revisions(files, last)) for last in ENDS}
    assert (counts["2013-09"], counts["2013-10"], counts["2014-11"]) == (5, 6, 7)


def test_three_commands_recompute_the_outlook(site: Site, tmp_path: Path) -> None:
    """Protects the promise of this card, too: recomputed by other tools."""
    recomputed(site, f"outlook/{FEED}-2014-11", tmp_path)


def settling(files: dict[str, bytes]) -> int:
    """The least age from which on nine in ten months moved by no more than a twentieth."""
    newest = ENDS[-1]
    last = told(files[newest])
    moved: dict[int, list[bool]] = defaultdict(list)
    for end in ENDS[:-1]:
        then = told(files[end])
        for month in months_to(end):
            if settled.months_between(f"{month}-01", f"{newest}-01") >= 12:
                age = settled.months_between(f"{month}-01", f"{end}-01")
                now = last[formats.named(month)]
                moved[age].append(abs(now - then[formats.named(month)]) * 20 > now)
    still = {age for age in range(13) if sum(moved[age]) * 10 > len(moved[age])}
    assert all(moved[age] for age in range(13))
    return max(still) + 1 if still else 0


def test_the_settling_time_is_measured_from_the_releases(
    site: Site, files: dict[str, bytes]
) -> None:
    """Protects every comparison: with releases enough, the months left out are those that moved."""
    months = settling(files)
    assert months == 2
    first = name(settled.month_after(f"{ENDS[-1]}-01", 1 - months))
    said = f"{first} and later in G-Cloud sales (its months usually settle within {months})"
    for path in ("/", "/market"):
        page = " ".join(site.get(path).raise_for_status().text.split())
        assert said in page, path
        assert "too few to tell" not in page
    last = settled.month_after(f"{ENDS[-1]}-01", -months)
    card = site.get("/proof/sme-share-last-12-months.json").json()["figure"]
    assert card["last_month"] == last
    lots = shown.table(site.get(f"/digest/{ENDS[-1]}").text, "Spend by lot, ").caption
    assert lots.endswith(f" to {name(last)}")


@pytest.mark.parametrize("width", [1280, 320])
def test_an_outlook_fits_the_screen(site: Site, page: Any, width: int) -> None:
    """Protects phones: the widest table of the digest scrolls by itself, and not the page."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{site.url}/digest/2014-11#{FEED}-2014-11-outlook")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert page.get_by_role("heading", name="What November 2014 may be revised to").is_visible()
