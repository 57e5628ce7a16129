"""A director asks whether firms like hers sold: how many, to whom, and what a first sale was.

The known answers are by names as published in the release of July 2014; the page joins names.
"""

from __future__ import annotations

import csv
import html
import io
import random
import re
import shutil
import sqlite3
import statistics
from collections import defaultdict
from contextlib import closing
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from conftest import Site, in_a_loop, serving
from datasette.database import QueryInterrupted
from govspend_site import firms, first_sale, serve
from govspend_site.first_sale import Sale

JULY = "G-Cloud-Spend-14-07-14-v2-For-import.csv"
# supplier, buyer, month, pence: the sales of SMEs.
Lines = list[tuple[str, str, str, int]]


def published(files: Path) -> Lines:
    """The positive SME lines of the file itself, by the names on them."""
    text = (files / "gcloud" / JULY).read_bytes().decode("mac_roman")
    lines = []
    for row in csv.DictReader(io.StringIO(text, newline="")):
        pence = (Decimal(row["EvidencedSpend"]) * 100).quantize(Decimal(1), ROUND_HALF_UP)
        if row["SMEorLarge"] == "SME" and pence > 0:
            name, buyer = row["SupplierName"], row["CustomerName"]
            lines.append((name, buyer, row["ReturnMonth"], int(pence)))
    return lines


def joined(db: Path, where: str = "supplier_size = 'SME'") -> Lines:
    """The positive lines of the database by joined ids."""
    with closing(sqlite3.connect(db)) as connection:
        sql = "SELECT supplier_id, buyer_id, month, amount_pence FROM spend WHERE amount_pence > 0"
        return connection.execute(f"{sql} AND {where}").fetchall()


def number_of(month: str) -> int:
    return 12 * int(month[:4]) + int(month[5:7])


def worked_out(lines: Lines) -> dict[str, Any]:
    """The page's figures in another way: plain loops, a product-limit over sorted waits."""
    firsts: dict[str, str] = {}
    met: dict[str, dict[str, str]] = defaultdict(dict)
    total: dict[str, int] = defaultdict(int)
    for firm, buyer, month, pence in lines:
        firsts[firm] = min(month, firsts.get(firm, "9"))
        met[firm][buyer] = min(month, met[firm].get(buyer, "9"))
        total[firm] += pence
    began = [sum(p for f, _, m, p in lines if f == firm and m == firsts[firm]) for firm in firsts]
    newest = number_of("2014-06-01")
    waits = []
    for buyers in met.values():
        months = sorted(map(number_of, buyers.values()))
        waits.append((months[1] - months[0], 1) if len(months) > 1 else (newest - months[0], 0))
    old = [firm for firm, first in firsts.items() if newest - number_of(first) >= 12]
    soon = [f for f in old if len(met[f]) > 1 and number_of(sorted(met[f].values())[1])
            - number_of(firsts[f]) <= 12]  # fmt: skip
    waiting = 1.0
    for wait in sorted({w for w, ended in waits if ended and w <= 12}):
        ended = sum(1 for w, e in waits if e and w == wait)
        waiting *= 1 - ended / sum(1 for w, _ in waits if w >= wait)
    doors: dict[str, int] = defaultdict(int)
    for firm, buyers in met.items():
        for buyer, month in buyers.items():
            doors[buyer] += month == firsts[firm]
    sums = sorted(total.values())
    half = len(sums) // 2
    return {
        "firms": len(firsts),
        "buyers": len({buyer for _, buyer, _, _ in lines}),
        "total": sum(sums),
        "quartiles": [statistics.median(sums[:half]), statistics.median(sums),
                      statistics.median(sums[-half:])],
        "ten": sum(sums[-10:]),
        "first": statistics.median(began),
        "second": (len(soon), len(old)),
        "kaplan_meier": 100 * (1 - waiting),
        "doors": dict(doors),
        "began_with_more": sum(
            sum(month == firsts[firm] for month in buyers.values()) > 1
            for firm, buyers in met.items()
        ),
    }  # fmt: skip


def test_the_known_answers_by_published_names(real_files: Path, real_site: Site) -> None:
    """The figures that the service was asked to prove: from the file, and in the site's note."""
    own = worked_out(published(real_files))
    assert own["firms"] == 254
    assert own["first"] == 13_912_50
    assert own["quartiles"][1] == 110_090_74.5
    assert round(100 * own["ten"] / own["total"], 1) == 38.5
    assert own["second"] == (60, 94)
    assert round(own["kaplan_meier"], 1) == 58.6
    first = sorted(own["doors"].items(), key=lambda door: -door[1])[:3]
    assert first == [("Cabinet Office", 36), ("Home Office", 27), ("Ministry of Justice", 13)]
    assert (sum(own["doors"].values()), own["began_with_more"]) == (282, 21)
    told = real_site.get("/firms-like-mine.json").json()["published_names"]
    assert told["supplier_count"] == 254
    assert told["median_first_month_pence"] == 13_912_50
    assert told["median_pence"] == 110_090_75
    assert told["ten_largest_pence"] == own["ten"]
    assert (told["second_buyer_count"], told["watched_count"]) == (60, 94)
    assert told["kaplan_meier_12_months_pct"] == 58.6
    assert (told["first_sale_count"], told["began_with_more_count"]) == (282, 21)
    note = plain(real_site.get("/firms-like-mine").text)
    assert "Counted by names as published: 254 firms, of which half sold £110,090.75" in note
    assert "the median first month was £13,912.50; 282 openings, 21 firms" in note
    assert "60 of 94" in note and "58.6%" in note


def test_254_smes_sold_and_255_are_published(real_files: Path) -> None:
    """A sale is a positive line: one more SME has only credits and zeros."""
    text = (real_files / "gcloud" / JULY).read_bytes().decode("mac_roman")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len({row["SupplierName"] for row in rows if row["SMEorLarge"] == "SME"}) == 255


def plain(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


CHOICES = (
    ("", "supplier_size = 'SME'"),
    ("size=Large", "supplier_size = 'Large'"),
    ("size=any&sector=Health", "sector = 'Health'"),
    ("lot=Specialist+Cloud+Services", "supplier_size = 'SME' AND lot LIKE 'Specialist%'"),
    ("sector=Local+Government&lot=Software+as+a+Service+(SaaS)",
     "supplier_size = 'SME' AND sector = 'Local Government' AND lot LIKE 'Software as%'"),
)  # fmt: skip


@pytest.mark.parametrize(("query", "where"), CHOICES)
def test_figures_are_those_of_the_lines(real_site: Site, query: str, where: str) -> None:
    """Whatever is chosen, each figure is that of the chosen lines, counted by joined ids."""
    own = worked_out(joined(real_site.db, where))
    told = real_site.get(f"/firms-like-mine.json?{query}").json()["supplier_ids"]
    assert told["supplier_count"] == own["firms"]
    assert told["buyer_count"] == own["buyers"]
    assert told["total_pence"] == own["total"]
    assert told["ten_largest_pence"] == own["ten"]
    assert [told[f"{q}_pence"] for q in ("lower_quartile", "median", "upper_quartile")] == [
        pytest.approx(pence, abs=0.5) for pence in own["quartiles"]
    ]
    assert told["median_first_month_pence"] == pytest.approx(own["first"], abs=0.5)
    assert (told["second_buyer_count"], told["watched_count"]) == own["second"]
    assert told["kaplan_meier_12_months_pct"] == pytest.approx(own["kaplan_meier"], abs=0.051)
    assert told["began_with_more_count"] == own["began_with_more"]
    doors = real_site.get(f"/firms-like-mine/buyers.json?{query}&least=1").json()
    assert {d["buyer_id"]: d["opened_count"] for d in doors} == {
        buyer: count for buyer, count in own["doors"].items() if count
    }
    page = plain(real_site.get(f"/firms-like-mine?{query}").text)
    assert f"£{own['total'] / 100:,.2f}" in page
    reached, watched = own["second"]
    assert f"{reached} ( {100 * reached / watched:.1f}% )".replace(" ", "") in page.replace(" ", "")


def test_every_list_equals_the_sql_and_the_lines_behind_its_links(real_site: Site) -> None:
    """A figure can be followed: to its SQL on the data page, and to its lines."""
    address = "/firms-like-mine?lot=Software+as+a+Service+(SaaS)&words=licence&least=1"
    page = real_site.get(address).text
    links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page)]
    queries = [link for link in links if link.startswith("/govspend?sql=")]
    assert len(queries) == 3
    for link, list_name in zip(queries, ("", "buyers", "firms"), strict=True):
        rows = real_site.get(link.replace("/govspend?", "/govspend.json?") + "&_shape=array").json()
        assert rows
        if list_name:
            own = real_site.get(address.replace("?", f"/{list_name}.json?")).json()
            shown = [row for row in rows if row.get("opened_count", 1)]
            assert own == shown
    peers = real_site.get(address.replace("?", "/firms.json?")).json()
    for peer in peers[:3]:
        start = f"/govspend/spend?supplier_id={quote(peer['supplier_id'])}&"
        (link,) = [link for link in links if link.startswith(start)]
        lines = real_site.get(
            link.replace("/spend?", "/spend.json?") + "&_shape=array&_size=max"
        ).json()
        assert len(lines) == peer["sale_count"]
        assert sum(line["amount_pence"] for line in lines) == peer["amount_pence"]


def test_csv_is_the_list_on_the_page(real_site: Site) -> None:
    """The list to call has the buyers of the page, in their order."""
    answer = real_site.get("/firms-like-mine/buyers.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["buyer_name"] for row in rows[:3]] == [
        "Cabinet Office", "Home Office", "Ministry of Justice",
    ]  # fmt: skip
    assert [row["opened_count"] for row in rows[:3]] == ["36", "27", "13"]
    assert all(int(row["opened_count"]) >= 3 for row in rows)
    page = real_site.get("/firms-like-mine").text
    places = [page.index(f">{html.escape(row['buyer_name'])}</a></th>") for row in rows]
    assert places == sorted(places)
    more = real_site.get("/firms-like-mine/buyers.csv?least=1").text
    assert len(more.splitlines()) > len(answer.text.splitlines())


def test_usual_deal_is_the_median_sale(real_site: Site) -> None:
    """A range picks firms by their middle sale, not sales: all that such a firm sold counts."""
    own: dict[str, list[int]] = defaultdict(list)
    for firm, _, _, pence in joined(real_site.db):
        own[firm].append(pence)
    fit = {f: sum(p) for f, p in own.items() if 5_000_00 <= statistics.median(p) <= 20_000_00}
    peers = real_site.get("/firms-like-mine/firms.json?deal_from=5000&deal_to=20,000").json()
    assert {peer["supplier_id"]: peer["amount_pence"] for peer in peers} == fit


def test_words_pick_what_was_bought(real_site: Site) -> None:
    """Words are looked for in descriptions and are never obeyed as search operators."""
    found = real_site.get("/firms-like-mine.json?words=hosting").json()["supplier_ids"]
    assert 0 < found["supplier_count"] < 253
    for typed in ("hosting (", '"hosting', "+hosting*", "hosting -"):
        answer = real_site.get(f"/firms-like-mine.json?words={quote(typed)}")
        assert answer.json()["supplier_ids"] == found
    assert "first such sale" in plain(real_site.get("/firms-like-mine?words=hosting").text)


@pytest.mark.parametrize("path", ["/firms-like-mine", "/firms-like-mine/buyers.csv"])
@pytest.mark.parametrize(
    "query",
    ["size=Tiny", "lot=nope", "sector=<script>", "words=" + "x" * 10_000, "deal_from=ten",
     "deal_from=-1", "deal_from=9&deal_to=3", "least=0", "least=" + "9" * 5_000],
)  # fmt: skip
def test_what_cannot_be_chosen_is_refused_in_words(real_site: Site, path: str, query: str) -> None:
    """Bad input gets a plain page, the right status and a way on."""
    answer = real_site.get(f"{path}?{query}")
    assert answer.status_code == 400
    if path == "/firms-like-mine":
        assert "<script>" not in answer.text.split("<main")[1]
        assert "start from the home page" in answer.text
    else:
        assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "words", ["zzzqqq", "---", "<script>alert(1)</script>", '"', "AND OR (", "\0"]
)
def test_when_no_firm_fits_there_is_a_way_on(real_site: Site, words: str) -> None:
    """Choices that nothing fits are no error, and the page says which to leave out."""
    answer = real_site.get("/firms-like-mine", params={"words": words, "deal_to": 1})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    assert "No firm fits all of these choices" in answer.text
    assert "leave out the words" in answer.text
    assert real_site.get("/firms-like-mine/buyers.csv", params={"words": words}).status_code == 200


def test_nothing_is_claimed_that_is_not_known(real_site: Site) -> None:
    """First sale through G-Cloud, never to Government; who was only admitted is not known."""
    page = plain(real_site.get("/firms-like-mine").text)
    assert "first sale through G-Cloud" in page
    assert "sale to Government" not in page
    assert "How many more were admitted to sell, and sold nothing, is not known" in page
    assert "median of those that did" in page
    sentences = real_site.get("/-/metadata.json").json()["caveats"]
    for name in ("sme-definition", "resellers", "revised-backwards", "suppliers-that-sold"):
        assert sentences[name] in page
    assert "fewer than 250 people" in sentences["sme-definition"]


def test_sample_with_two_feeds_answers(sample_site: Site) -> None:
    """A site of more than one feed watches each firm only as far as every feed reaches."""
    answer = sample_site.get("/firms-like-mine")
    assert answer.status_code == 200
    page = plain(answer.text)
    assert "the last month that every feed has reached" in page
    assert sample_site.get("/firms-like-mine?size=any&least=1").status_code == 200


def test_regions_can_be_chosen_where_places_are_known(real_build: Path, tmp_path: Path) -> None:
    """A region picks the buyers in it; its lines link leads to the same lines."""
    copy = tmp_path / "govspend.db"
    shutil.copy((real_build / "govspend.db").resolve(), copy)
    copy.chmod(0o644)
    with closing(sqlite3.connect(copy)) as db:
        db.execute("DROP TABLE IF EXISTS buyer_places")
        db.execute("CREATE TABLE buyer_places (buyer_id TEXT, region TEXT)")
        db.execute("INSERT INTO buyer_places VALUES ('home-office', 'King''s London')")
        db.commit()
    own = worked_out(joined(copy, "supplier_size = 'SME' AND buyer_id = 'home-office'"))
    with serving(tmp_path) as site:
        region = "region=King%27s+London"
        told = site.get(f"/firms-like-mine.json?{region}").json()["supplier_ids"]
        assert (told["supplier_count"], told["total_pence"]) == (own["firms"], own["total"])
        page = site.get(f"/firms-like-mine?{region}").text
        links = [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page)]
        link = next(link for link in links if link.startswith("/govspend/spend?supplier_size"))
        found = site.get(link.replace("/spend?", "/spend.json?") + "&_size=0").json()
        sales = sum(door["sale_count"] for door in
                    site.get(f"/firms-like-mine/firms.json?{region}").json())  # fmt: skip
        assert found["filtered_table_rows_count"] == sales
        assert site.get("/firms-like-mine?region=Mars").status_code == 400


def test_a_figure_and_its_proof_card_agree(real_site: Site) -> None:
    """What is cited is what was read: the card says the page's figure, and stands for all SMEs."""
    told = real_site.get("/firms-like-mine.json").json()["supplier_ids"]
    page = real_site.get("/firms-like-mine").text
    for key, figure in (
        ("smes-that-sold", f"{told['supplier_count']} of the 339 suppliers"),
        ("first-sale", f"£{told['median_first_month_pence'] / 1e5:.1f}k or less"),
        ("second-buyer", f"Of the {told['watched_count']} small"),
    ):
        assert f'href="/proof/{key}"' in page
        assert figure in plain(real_site.get(f"/proof/{key}").text)
    assert "/proof/first-sale" not in real_site.get("/firms-like-mine?words=hosting").text


# Single figures, by hand.


def test_kaplan_meier_of_a_textbook() -> None:
    """Six firms by hand: events at 1, 3 and 3, last seen at 2, 3 and 4 without one.

    Waiting after 1: 5/6. After 3: 5/6 * (1 - 2/4) = 5/12, as whoever is last seen at 3 is at risk.
    """
    steps = first_sale.kaplan_meier(
        [(1, True), (2, False), (3, True), (3, True), (3, False), (4, False)]
    )
    assert [step.at_risk for step in steps] == [6, 6, 5, 4, 1]
    assert [step.reached for step in steps] == [0, 1, 0, 2, 0]
    assert [1 - step.estimate for step in steps] == [
        1, Fraction(5, 6), Fraction(5, 6), Fraction(5, 12), Fraction(5, 12),
    ]  # fmt: skip
    assert first_sale.kaplan_meier([]) == []


def test_kaplan_meier_without_losses_is_the_plain_share() -> None:
    """Where every firm was watched to its second buyer there is nothing to estimate."""
    pick = random.Random(7)
    waits = [(pick.randrange(20), True) for _ in range(200)]
    for step in first_sale.kaplan_meier(waits):
        assert step.estimate == Fraction(sum(months <= step.month for months, _ in waits), 200)


def test_second_buyer_counts_who_was_watched_long_enough() -> None:
    """Twelve months to the day count, eleven do not; two buyers at once is no wait; what comes
    after the last whole month is not known yet."""
    sales = [
        Sale("edge", "a", "2013-06-01", 1), Sale("edge", "b", "2014-06-01", 1),
        Sale("late", "a", "2013-07-01", 1), Sale("late", "b", "2013-08-01", 1),
        Sale("both", "a", "2012-01-01", 1), Sale("both", "b", "2012-01-01", 1),
        Sale("slow", "a", "2012-01-01", 1), Sale("slow", "b", "2013-02-01", 1),
        Sale("after", "a", "2012-01-01", 1), Sale("after", "b", "2014-07-01", 1),
    ]  # fmt: skip
    found = first_sale.second_buyer(first_sale.careers(sales).values(), "2014-06-01")
    assert (found.reached, found.watched) == (2, 4)
    assert found.median_months == Fraction(1 + 12, 2)
    assert found.steps[0].reached == 1


def test_totals_of_few_firms() -> None:
    """Quartiles are the medians of the halves; one firm is its own; no firm has none."""

    def sold(*pence: int) -> Any:
        sales = [Sale(str(n), "b", "2014-01-01", p) for n, p in enumerate(pence)]
        return first_sale.totals(first_sale.careers(sales).values())

    assert sold() is None
    assert (sold(5).lower, sold(5).median, sold(5).upper) == (5, 5, 5)
    four = sold(1, 2, 3, 10)
    assert (four.lower, four.median, four.upper, four.top_ten_pence) == (1.5, 2.5, 6.5, 16)


@pytest.mark.parametrize(
    "choices",
    [
        firms.Choices(lot="Specialist Cloud Services"),
        firms.Choices(sector="Health", size=firms.ANY),
        firms.Choices(lot="Specialist Cloud Services", sector="Health", deal_from=2_000,
                      deal_to=90_000),
        firms.Choices(sector="Central Government", size="Large"),
    ],
)  # fmt: skip
def test_cubes_and_lines_tell_the_same_firms(sample_build: Path, choices: firms.Choices) -> None:
    """Protects from a choice that is answered by cubes and means something else there."""
    given = {**choices.parameters(), "recent": "2016-01-01"}
    with closing(sqlite3.connect(sample_build / "govspend.db")) as db:
        for name in ("groups", "doors"):
            told = db.execute(firms.sql(name, choices), given).fetchall()
            assert told == db.execute(firms.sql(name, choices, of_lines=True), given).fetchall()
            assert told
        peers = db.execute(firms.sql("peers", choices, of_lines=True), given).fetchall()
        assert db.execute(firms.sql("peers", choices), given).fetchall() == peers
        if not choices.of_deals:
            plain = db.execute(firms.sql("peers", choices, is_measured=False), given).fetchall()
            # All but what each usually sells at once.
            known = [row[:5] + row[6:] for row in peers]
            assert [row[:5] + row[6:] for row in plain] == known


def test_what_takes_too_long_is_left_out_of_the_page(
    sample_build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Protects a director from an error page where only one column cannot be worked out in time."""
    run = firms._run

    async def slow(*given: Any) -> list[dict[str, Any]]:
        if "row_number() OVER (PARTITION BY supplier_id" in given[1] or "name_id" in given[1]:
            raise QueryInterrupted(TimeoutError("interrupted"), given[1], {})
        return await run(*given)

    monkeypatch.setenv("DATASETTE_SECRET", "one")
    monkeypatch.setattr(firms, "_run", slow)

    async def asked() -> tuple[Any, Any]:
        site = serve.site(sample_build)
        await site.invoke_startup()
        page = await site.client.get("/firms-like-mine?lot=Specialist+Cloud+Services")
        told = await site.client.get("/firms-like-mine.json?lot=Specialist+Cloud+Services")
        return page, told

    page, told = in_a_loop(asked())
    assert page.status_code == 200
    assert "was not worked out: for so many sales it takes too long" in page.text
    assert told.json()["supplier_ids"]["supplier_count"] > 0
    assert told.json()["published_names"] is None
