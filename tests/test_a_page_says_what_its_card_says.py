"""A headline and its proof card are one figure: every page's links, and page against card."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import unquote

import pytest
import shown
from conftest import Site
from govspend_site import proof, words

CAME = (
    "Most came in {most_new_month:m}, {most_new_count:,} of them; the most in any month were "
    "{most_in_month_count:,}, in {most_in_month:m}."
)
RELEASE = "gcloud-sales-2014-06"
# What each page says of each card that it links to, in the figures of the card's one row. A figure
# is written {column:how}; how is £ (rounded), ££ (to the penny), %, +% (signed), m (a month) or
# Python's own.
SAID: dict[str, dict[str, list[str]]] = {
    "/": {
        "sme-share": [
            "Of {total_pence:£} spent through",
            "from {first_month:m} to {last_month:m}, {sme_pence:£} ({sme_pct:%}) went to small",
        ],
        "growth": ["{sentence}"],
        "smes-that-sold": [
            "SMEs that sold, of {suppliers_that_sold_count:,} suppliers "
            "{sme_suppliers_count:,} Cite",
        ],
        "buyers-of-smes": [
            "Buyers that bought from SMEs, of {buyers_that_bought_count:,} "
            "{buyers_that_bought_from_smes_count:,} Cite"
        ],
    },
    "/firms-like-mine": {
        "smes-that-sold": [
            "{sme_suppliers_count:,} SMEs sold through",
            "to {buyers_that_bought_count:,} buyers from",
            "{sme_sales_pence:£} in all, and half of them {median_pence:£} or less",
            "Sold in all {sme_sales_pence:££}",
            "Half sold this or less {median_pence:££}",
            "The ten largest of them took {ten_largest_pct:%} of the money",
        ],
        "first-sale": ["half of the {sme_suppliers_count:,} SMEs sold {median_pence:££} or less"],
        "second-buyer": [
            "Of {watched_12_months_count:,} SMEs first seen at least 12 months before "
            "{last_month:m}, {second_buyer_within_12_months_count:,} ({share_pct:%}) reached a "
            "second buyer"
        ],
        "second-buyer-estimate": [
            "Counting all {sme_suppliers_count:,} firms for as long as each was watched, the "
            "Kaplan-Meier estimate is {reached_within_12_months_pct:%} at 12 months, with "
            "{at_risk_at_12_months_count:,} still waiting and watched then. The median of those "
            "that did was {median_months_of_those_that_did:g} months"
        ],
        "open-doors": [
            "{first_sale_count:,} openings for {sme_suppliers_count:,} SMEs: "
            "{began_with_more_count:,} began with two or more buyers"
        ],
    },
    "/suppliers": {"suppliers": ["{supplier_count:,} suppliers, {total_pence:££} in all"]},
    "/buyers": {"buyers": ["{buyer_count:,} buyers, {total_pence:££} in all"]},
    "/buyers?sort=sme_pct": {
        "buyers-all-sme": [
            "Of all {buyer_count:,} buyers, {with_smes_alone_count:,} spent nothing but with SMEs, "
            "and {of_them_with_one_firm_count:,} of those had a single supplier"
        ]
    },
    "/market": {
        "market-total": ["{sentence}"],
        "march-peak": ["it came to {march_to_other_months:listed} what the other eleven months"],
        "suppliers-by-month": ["{so_far_count:,} suppliers had sold by {last_month:m}. " + CAME],
        "buyers-by-month": ["{so_far_count:,} buyers had bought by {last_month:m}. " + CAME],
        "spend-by-lot": [
            "The largest lot was {largest_name}: {largest_pence:£}, {largest_pct:%} of all."
        ],
        "spend-by-sector": [
            "The largest sector was {largest_name}: {largest_pence:£}, {largest_pct:%} of all."
        ],
        "spend-by-framework": [
            "The largest framework was {largest_name}: {largest_pence:£}, {largest_pct:%} of all."
        ],
        "concentration": [
            "the ten largest of {supplier_count:,} suppliers took {top_10_pct:%} of the money, the "
            "largest 25 {top_25_pct:%} and the largest 100 {top_100_pct:%}"
        ],
    },
}
# Pages of one thing, which the invented sample does not have.
OF_ONE: dict[str, dict[str, list[str]]] = {
    "/suppliers/bjss": {
        "supplier/bjss": [
            "sold {total_pence:£} through G-Cloud to {buyers_sold_to_count:,} public bodies from "
            "{first_month:m} to {last_month:m}"
        ]
    },
    "/buyers/cabinet-office": {
        "buyer/cabinet-office": [
            "bought {total_pence:£} through G-Cloud from {suppliers_count:,} suppliers from "
            "{first_month:m} to {last_month:m}; {sme_pct:%} of it ({sme_pence:£}) went to SMEs"
        ],
        "first-sales-from/cabinet-office": [
            "It gave {sme_suppliers_count:,} SMEs their first sale"
        ],
    },
    "/map": {
        "places": [
            "Of {buyer_count:,} buyers {placed_buyer_count:,} have a known head office; they spent "
            "{placed_pence:£} of {total_pence:£} ({placed_pct:%})"
        ]
    },
    "/digest/2014-06": {
        f"release/{RELEASE}": [
            "{total_pence:£} was spent from {first_month:m} to {last_month:m}, {sme_pence:£} "
            "({sme_pct:%}) of it with small and medium-sized firms. {last_month:m} alone came to "
            "{newest_pence:£}."
        ],
        f"new-suppliers/{RELEASE}": [
            "{new_supplier_count:,} suppliers have their first sale here after {before_month:m}"
        ],
        f"new-buyers/{RELEASE}": [
            "{new_buyer_count:,} buyers have their first purchase here after {before_month:m}"
        ],
        f"revision/{RELEASE}": [
            "{changed_months_count:,} months were told otherwise",
            "{most_changed_month:m} changed most: from {before_pence:£} to {after_pence:£} "
            "({change_pct:+%})",
        ],
    },
    f"/releases/{RELEASE}": {
        f"release/{RELEASE}": [
            "{line_count:,} lines worth {total_pence:£} excluding VAT, for {first_month:m} to "
            "{last_month:m}"
        ],
        f"revision/{RELEASE}": [
            "It changed {changed_months_count:,} of the {told_months_count:,} months"
        ],
    },
}


class Shown:
    """A value of a card, formatted as pages format it."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __format__(self, how: str) -> str:
        if how == "listed":
            return words.listed(self.value.split(", "))
        if how.endswith("%"):
            return f"{self.value:{how[:-1]}.1f}%"
        special = {"£": words.rounded_pounds, "££": words.pounds, "m": words.month_name}
        return str(special[how](self.value)) if how in special else format(self.value, how)


def plain(text: str) -> str:
    """A page as its reader has it: no tags, no drawing, one space between words."""
    text = re.sub(r"<(script|svg|style)\b.*?</\1>", " ", text, flags=re.DOTALL)
    text = re.sub(r"</?(?:dt|dd|div|p|tr|td|th|li|h\d)\b[^>]*>", " ", text)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())


def cited(text: str) -> set[str]:
    """Keys of the cards that a page links to by "Cite this figure"."""
    return {unquote(key) for key in re.findall(r'<a class="cite" href="/proof/([^"]+)"', text)}


def agree(site: Site, path: str, said: dict[str, list[str]]) -> None:
    text = site.get(path).raise_for_status().text
    assert cited(text) == set(said)
    page = plain(text)
    for key, phrases in said.items():
        card = site.get(f"/proof/{key}.json").raise_for_status().json()
        figures = {name: Shown(value) for name, value in card["figure"].items()}
        for phrase in phrases:
            expected = phrase.format(**figures, sentence=card["sentence"])
            assert expected in page, (path, key)


@pytest.mark.parametrize("path", [*SAID, *OF_ONE])
def test_each_headline_has_a_card_that_says_the_same(real_site: Site, path: str) -> None:
    """Protects whoever cites: page and card are worked out apart, and say one figure."""
    agree(real_site, path, {**SAID, **OF_ONE}[path])


@pytest.mark.parametrize("path", ["/", "/firms-like-mine", "/suppliers", "/buyers", "/market"])
def test_page_and_card_agree_where_feeds_end_in_different_months(
    sample_site: Site, path: str
) -> None:
    """Protects from a month that one feed has not reached: both take the same one as the last."""
    agree(sample_site, path, SAID[path])


def test_the_estimate_is_the_table_of_its_card(real_site: Site) -> None:
    """Protects the numbers at risk: worked out in Python for the page, in SQL for the card."""
    page = shown.table(real_site.get("/firms-like-mine").text, "Firms still waiting").body()
    card = real_site.get("/proof/second-buyer-estimate.json").json()["table"]["rows"]
    steps = {str(row["month_number"]): row for row in card}
    assert {"0", "12"} <= page.keys() <= steps.keys()
    for month, cells in page.items():
        row = steps[month]
        assert cells == [
            f"{row['at_risk_count']:,}",
            f"{row['reached_then_count']:,}",
            f"{row['reached_one_pct']:.1f}%",
        ]


def test_an_estimate_of_everyone_is_whole() -> None:
    """Protects the end of the estimate: when all who wait arrive, nobody is left and 100% have."""
    import sqlite3

    from govspend_site import queries

    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE spend (supplier_id, buyer_id, month, supplier_size, amount_pence)")
    db.execute("CREATE TABLE releases (feed_id, newest_month, is_current)")
    db.execute("INSERT INTO releases VALUES ('g', '2015-06-01', 1)")
    for firm, buyer, month in (
        ("a", "x", "2014-01"), ("a", "y", "2014-03"), ("b", "x", "2014-02"), ("b", "y", "2014-04"),
    ):  # fmt: skip
        db.execute("INSERT INTO spend VALUES (?, ?, ?, 'SME', 1)", [firm, buyer, f"{month}-01"])
    steps = queries.sql("proof_second_buyer_steps")
    for name in ("proof_estimate", "proof_waits"):
        steps = steps.replace(f"/* include {name} */", queries.sql(name))
    assert db.execute(steps).fetchall() == [(0, 2, 0, 0.0), (1, 2, 0, 0.0), (2, 2, 2, 100.0)]
    db.close()


def test_open_doors_are_the_buyers_of_the_card(real_site: Site) -> None:
    """Protects the list of buyers to call: the same names with the same counts."""
    page = shown.table(real_site.get("/firms-like-mine").text, "Buyers by the SMEs").body()
    card = real_site.get("/proof/open-doors.json").json()["table"]["rows"]
    assert {name: cells[0] for name, cells in page.items()} == {
        row["buyer"]: f"{row['supplier_count']:,}" for row in card
    }


def test_a_filtered_page_offers_no_card_of_everything(real_site: Site) -> None:
    """Protects from citing the whole for a part: a card stands for the figure beside it."""
    for path in ("/suppliers?size=SME", "/buyers?sector=Health", "/firms-like-mine?words=cloud"):
        assert cited(real_site.get(path).raise_for_status().text) == set(), path


@pytest.mark.parametrize("site", ["real_site", "sample_site"])
def test_the_list_of_cards_says_what_the_cards_say(
    site: str, request: pytest.FixtureRequest
) -> None:
    """Protects from a list that reads the cubes and a card that reads the lines in two voices."""
    served: Site = request.getfixturevalue(site)
    page = plain(served.get("/proof/").text)
    for key in proof.HEADLINES:
        card = served.get(f"/proof/{key}.json")
        if card.status_code == 200:
            assert " ".join(card.json()["sentence"].split()) in page, key
