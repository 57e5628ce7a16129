"""A visitor explores what was spent: the home page, the faceted table, lines, names, mistakes.

Every test asks the real site over a real port. What a page says is held against the database
itself, by SQL that is not the site's.
"""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from contextlib import closing
from html.parser import HTMLParser
from typing import Any

import pytest
from conftest import Site
from govspend_site import home, words
from govspend_site.edition import Feed

# One address for every type of page, with the status that it must have.
PAGES = {
    "/": 200,
    "/govspend": 200,
    "/govspend/spend": 200,
    "/govspend/spend_named": 200,
    "/govspend/suppliers": 200,
    "/govspend/releases": 200,
    "/govspend/releases/gcloud-sales-2014-06": 200,
    "/govspend/sme-spend-by-month": 200,
    "/govspend?sql=select+1": 200,
    "/govspend?sql=select+nothing": 400,
    "/govspend/spend?no_such_column=1": 400,
    "/govspend/spend/no-such-line": 404,
    "/no-such-page": 404,
    "/-/versions": 200,
    "/-/plugins": 200,
}
HOSTILE = "<script>alert(1)</script>"


def asked(site: Site, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows straight from the site's database."""
    with sqlite3.connect(f"file:{site.db}?mode=ro", uri=True) as database:
        return database.execute(sql, values).fetchall()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(html: str) -> str:
    """The words of a page, with single spaces."""
    reader = _Text()
    reader.feed(html)
    return " ".join("".join(reader.parts).split())


def a_line_that_is_gone(site: Site) -> str:
    found = asked(
        site,
        "SELECT spend_id FROM line_spans EXCEPT SELECT spend_id FROM spend LIMIT 1",
    )
    return str(found[0][0])


def test_breakdowns_show_pounds_and_the_sme_share(real_site: Site) -> None:
    """A count of lines says little: each value says what it comes to and how much went to SMEs."""
    asked = "/govspend/spend?_facet=buyer_id&financial_year=2013-14"
    page = " ".join(real_site.get(asked).text.split())
    with closing(sqlite3.connect(real_site.db)) as db:
        rows = db.execute(
            "SELECT sector, sum(amount_pence), total(amount_pence) FILTER (WHERE supplier_size = "
            "'SME') FROM spend WHERE financial_year = '2013-14' GROUP BY 1 UNION ALL "
            "SELECT 'Home Office', sum(amount_pence), total(amount_pence) FILTER (WHERE "
            "supplier_size = 'SME') FROM spend WHERE financial_year = '2013-14' "
            "AND buyer_id = 'home-office'"
        ).fetchall()
    assert len(rows) > 5
    for name, pence, sme in rows:
        said = f"{words.rounded_pounds(pence)}, SME {words.percent(sme, pence)}"
        assert re.search(rf">{name}</a>.{{0,120}}{re.escape(said)}", page), name


def test_home_says_what_share_went_to_smes(real_site: Site) -> None:
    """Protects the one fact that people come for: it is computed, and it is the published one."""
    [(total, sme)] = asked(
        real_site,
        "SELECT sum(amount_pence), sum(iif(supplier_size = 'SME', amount_pence, 0)) FROM spend",
    )
    page = text_of(real_site.get("/").text)
    assert (
        f"Of £{total / 1e8:.1f}m spent through G-Cloud from April 2012 to June 2014, "
        f"£{sme / 1e8:.1f}m ({100 * sme / total:.1f}%) went to small and medium-sized firms."
        in page
    )
    assert "£217.5m" in page
    assert "53.4%" in page
    assert "data to June 2014, from release gcloud-sales-2014-06, published 14 July 2014" in page


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        (
            {"SME": 60_000_000_00, "Large": 40_000_000_00},
            "Of £100.0m spent through G-Cloud in June 2014, £60.0m (60.0%) went to small and "
            "medium-sized firms.",
        ),
        (
            {"SME": 60_000_00, None: 40_000_00},
            "Of £100.0k spent through G-Cloud in June 2014, £60.0k (60.0%) went to small and "
            "medium-sized firms; for £40.0k of it the size of the firm was not published.",
        ),
        (
            {None: 5_000_00},
            "£5.0k was spent through G-Cloud in June 2014; the share of small and medium-sized "
            "firms in it is not known.",
        ),
        (
            {"SME": -5_00, "Large": 5_00},
            "£0 was spent through G-Cloud in June 2014; the share of small and medium-sized firms "
            "in it is not known.",
        ),
    ],
)
def test_a_share_is_said_only_where_it_is_known(
    sizes: dict[str | None, int], expected: str
) -> None:
    """Protects house rule 3: unknown is never zero, and a share of nothing is no share."""
    rows = [
        {"month": "2014-06-01", "supplier_size": size, "amount_pence": pence}
        for size, pence in sizes.items()
    ]
    feed = Feed("gcloud-sales", "G-Cloud sales", "", "", "", "r", None, None, None)
    months = home.months_of(rows)
    assert home.sentence(months, [feed], home.has_unknown(rows)) == expected


def test_home_shows_the_chart_and_every_figure_in_it(real_site: Site) -> None:
    """Protects that the chart is on the page itself, with the same figures as a table and JSON."""
    html = real_site.get("/").text
    assert html.count('role="img"') == 2
    assert "<desc" in html
    months = asked(
        real_site,
        "SELECT month, sum(iif(supplier_size = 'SME', amount_pence, 0)), sum(amount_pence) "
        "FROM spend GROUP BY month ORDER BY month",
    )
    table = html[html.index('<table class="figures">') : html.index("</table>")]
    answer = real_site.get("/govspend/sme-spend-by-month.json?_shape=array").json()
    assert [(row["month"], row["sme_pence"], row["amount_pence"]) for row in answer] == months
    for month, sme, total in months:
        row = next(line for line in table.splitlines() if f"?month={month}" in line)
        assert f"£{sme / 100:,.2f}" in row
        assert f"£{total / 100:,.2f}" in row


def test_home_leads_to_everything(real_site: Site) -> None:
    """Protects that no link of the home page leads nowhere."""
    html = real_site.get("/").text
    links = set(re.findall(r'href="(/[^"#]*)', html))
    assert {"/govspend/spend", "/govspend/quarantine", "/govspend/search"} <= links
    for link in links:
        if "_stream" not in link:
            assert real_site.get(link.replace("&amp;", "&")).status_code == 200, link


@pytest.mark.parametrize("path", PAGES)
def test_every_page_carries_licence_and_edition(real_site: Site, path: str) -> None:
    """Protects the licence's one condition, and that a figure can be traced to its edition."""
    answer = real_site.get(path)
    assert answer.status_code == PAGES[path]
    text = text_of(answer.text)
    for (attribution,) in asked(real_site, "SELECT attribution FROM feeds"):
        assert attribution in text
    [(edition,)] = asked(real_site, "SELECT edition_id FROM editions")
    assert f"Edition {edition}" in text
    assert "not affiliated with HM Government" in text
    assert '<html lang="en-GB">' in answer.text
    assert '<main id="content"' in answer.text
    assert "llustrative sample" not in text
    assert "set-cookie" not in answer.headers


def test_the_footer_says_terms_that_feeds_share_once(sample_site: Site) -> None:
    """Protects readers, and those who listen to a page, from the same sentence twice."""
    html = sample_site.get("/").text
    footer = text_of(html[html.index("<footer") :])
    found = {row[0] for row in asked(sample_site, "SELECT attribution FROM feeds")}
    assert found
    for attribution in found:
        assert footer.count(attribution) == 1, attribution


def test_the_page_of_a_line_says_what_was_not_published(real_site: Site) -> None:
    """Protects that an empty cell is never left to be guessed at."""
    sql = "SELECT spend_id FROM spend WHERE description IS NULL LIMIT 1"
    [(line,)] = asked(real_site, sql)
    html = real_site.get(f"/govspend/spend/{line}").text
    cells = html[html.index('data-column="description"') :].partition("</tr>")[0]
    assert "not published" in text_of(cells)


def test_every_page_of_a_sample_says_so(sample_site: Site) -> None:
    """Protects that invented figures are never taken for published ones, whatever the page."""
    paths = [path for path in PAGES if "gcloud-sales-2014-06" not in path]
    for path in paths:
        html = sample_site.get(path).text
        assert "Illustrative sample" in html[html.index("<title>") : html.index("</title>")], path
        assert "Illustrative sample." in text_of(html[html.index("<header") :]), path


def test_home_of_a_sample_with_two_feeds(sample_site: Site) -> None:
    """Protects that each feed says its own newest month, and that all money is in the sentence."""
    page = text_of(sample_site.get("/").text)
    feeds = asked(
        sample_site,
        "SELECT feeds.title, release_id FROM releases JOIN feeds USING (feed_id) "
        "WHERE is_current = 1",
    )
    assert len(feeds) > 1
    newest = {
        row[0] for row in asked(sample_site, "SELECT newest_month FROM releases WHERE is_current")
    }
    assert ("are not whole: they are without" in page) == (len(newest) > 1)
    for title, release in feeds:
        assert f"{title}: data to" in page
        assert f"from release {release}" in page


def test_spend_opens_on_facets_and_total(real_site: Site) -> None:
    """Protects the public's main page: its breakdowns, newest first, and what the lines come to."""
    html = real_site.get("/govspend/spend").text
    shown = re.findall(r'<section class="facet-info" id="facet-(\w+)"', html)
    assert shown == ["supplier_size", "lot", "sector", "financial_year"]
    text = text_of(html)
    assert "13,492 lines, £217,455,674.58 in all, 53.4% of it to SMEs" in text
    assert "sorted by month, newest first" in text


@pytest.mark.parametrize("size", ["SME", "Large"])
def test_a_filter_gives_its_lines_and_their_sum(real_site: Site, size: str) -> None:
    """Protects that a click on a breakdown answers with the right lines and the right money."""
    [(lines, pence)] = asked(
        real_site, "SELECT count(*), sum(amount_pence) FROM spend WHERE supplier_size = ?", size
    )
    text = text_of(real_site.get(f"/govspend/spend?supplier_size={size}").text)
    assert f"{lines:,} lines, £{pence / 100:,.2f} in all" in text
    assert f"Supplier size is {size} Remove" in text
    answer = real_site.get(f"/govspend/spend.json?supplier_size={size}&_size=1").json()
    assert answer["filtered_table_rows_count"] == lines


def test_totals_do_not_follow_to_the_next_page(real_site: Site) -> None:
    """Protects from a total of the rest of the lines that reads as a total of all."""
    first = real_site.get("/govspend/spend").text
    found = re.search(r'rel="next" href="([^"]+)"', first)
    assert found is not None
    second = real_site.get(found[1].replace("&amp;", "&").removeprefix(real_site.url))
    assert second.status_code == 200
    assert re.search(r"£[\d,.]+ in all", text_of(second.text)) is None
    assert "Back to the first page" in second.text
    assert "13,492 lines" in text_of(second.text)


def test_amounts_are_pounds_on_pages_and_numbers_in_data(real_site: Site) -> None:
    """Protects both readers: a person gets -£12.00, a program a number that adds up."""
    [(spend_id, pence, amount)] = asked(
        real_site, "SELECT spend_id, amount_pence, amount FROM spend ORDER BY amount_pence LIMIT 1"
    )
    assert pence < 0
    page = text_of(real_site.get(f"/govspend/spend/{spend_id}").text)
    assert f"-£{-pence / 100:,.2f}" in page
    row = real_site.get(f"/govspend/spend/{spend_id}.json?_shape=array").json()[0]
    assert row["amount_pence"] == pence
    assert row["amount"] == amount
    table = real_site.get(f"/govspend/spend.csv?spend_id={spend_id}").text
    assert next(csv.DictReader(io.StringIO(table)))["amount_pence"] == str(pence)


def test_months_shares_and_unknown_in_words(real_site: Site) -> None:
    """Protects that cells read as people speak, and that unknown is never a blank or a zero."""
    assert "September 2013" in real_site.get("/govspend/revisions?month=2013-09-01").text
    unknown = "/govspend/release_months?release_id=gcloud-sales-2013-11&_size=5"
    assert '<span class="unknown">not published</span>' in real_site.get(unknown).text
    assert real_site.get(unknown.replace("?", ".json?")).json()["rows"][0][5] is None
    share = real_site.get("/govspend?sql=select+12.345+as+sme_pct,+-1200+as+credit_pence").text
    assert "12.3%" in share
    assert "-£12.00" in share


def test_old_ids_lead_to_the_joined_party(real_site: Site) -> None:
    """Protects links that were sent on before two names were joined."""
    for party in ("supplier", "buyer"):
        rows = asked(
            real_site,
            f"SELECT own_id, {party}_id FROM {party}_names WHERE own_id NOT IN "  # noqa: S608
            f"(SELECT {party}_id FROM {party}s)",
        )
        assert rows
        for old, new in rows:
            for ending in ("", ".json"):
                moved = real_site.get(f"/govspend/{party}s/{old}{ending}")
                assert moved.status_code == 301
                assert moved.headers["location"] == f"/govspend/{party}s/{new}{ending}"


@pytest.mark.parametrize("ending", ["", ".json", ".csv"])
def test_old_ids_in_a_filter_keep_the_rest_of_the_address(real_site: Site, ending: str) -> None:
    """Protects a saved search: the other filters, their order and the format stay."""
    [(old, new)] = asked(
        real_site,
        "SELECT own_id, supplier_id FROM supplier_names WHERE own_id NOT IN "
        "(SELECT supplier_id FROM suppliers) LIMIT 1",
    )
    path = f"/govspend/spend{ending}?lot=a+b&supplier_id={{}}&_sort=month"
    moved = real_site.get(path.format(old))
    assert moved.status_code == 301
    assert moved.headers["location"] == path.format(new)
    assert real_site.get(path.format(new)).status_code == 200


def test_a_line_leads_to_its_release_file_and_line(real_site: Site) -> None:
    """Protects that a figure can be followed to where it was published."""
    [(spend_id, line_number, filename)] = asked(
        real_site,
        "SELECT spend_id, line_number, filename FROM spend JOIN releases USING (release_id)"
        " LIMIT 1",
    )
    html = real_site.get(f"/govspend/spend/{spend_id}").text
    assert f"Line {line_number:,} of the file {filename}" in text_of(html)
    assert 'href="/govspend/releases/gcloud-sales-2014-06"' in html


def test_a_line_that_is_gone_says_where_it_stood(real_site: Site) -> None:
    """Protects a link to a line that the publisher took back: 410 with its releases, not 404."""
    spend_id = a_line_that_is_gone(real_site)
    answer = real_site.get(f"/govspend/spend/{spend_id}")
    assert answer.status_code == 410
    assert 'href="/govspend/releases/gcloud-sales-2013-11"' in answer.text
    told = real_site.get(f"/govspend/spend/{spend_id}.json")
    assert told.status_code == 410
    assert [release["release_id"] for release in told.json()["releases"]] == [
        "gcloud-sales-2013-11"
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/govspend/spend?month__nonsense=1", 400),
        ("/govspend/spend?_sort=nonsense", 400),
        ("/govspend/spend?_next=nonsense", 200),
        ("/govspend/revisions?_next=nonsense", 400),
        ("/govspend/spend?month__in=[", 400),
        ("/govspend/spend?_size=-1", 400),
        ("/govspend?sql=delete+from+spend", 400),
        ("/govspend/suppliers/nobody", 404),
        ("/elsewhere/spend", 404),
        ("/govspend/spend?supplier_size=nothing+like+it", 200),
        ("/govspend/spend?lot=" + "x" * 10_000, 200),
    ],
)
def test_bad_input_gets_a_plain_page_and_a_way_on(real_site: Site, path: str, status: int) -> None:
    """Protects a visitor who mistyped: the right status, no traceback, and somewhere to go."""
    answer = real_site.get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert 'href="/govspend/spend"' in answer.text
    if status >= 400:
        assert "start from the home page" in answer.text


def test_programs_get_errors_in_their_own_format(real_site: Site) -> None:
    """Protects programs from a page of HTML where they asked for JSON or CSV."""
    told = real_site.get("/govspend/spend.json?nonsense=1")
    assert told.status_code == 400
    assert told.json()["ok"] is False
    assert "nonsense" in told.json()["error"]
    assert told.headers["access-control-allow-origin"] == "*"
    text = real_site.get("/govspend/spend.csv?nonsense=1")
    assert text.status_code == 400
    assert text.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "path",
    [
        f"/{HOSTILE}",
        f"/govspend/{HOSTILE}",
        f"/govspend/spend/{HOSTILE}",
        f"/govspend/spend?{HOSTILE}=1",
        f"/govspend/spend?month__{HOSTILE}=1",
        f"/govspend/spend?lot={HOSTILE}",
        f"/govspend/spend?_search={HOSTILE}",
        f"/govspend/spend?_where={HOSTILE}",
        f"/govspend/spend?_where=1=1+or+description='{HOSTILE}'",
        f"/govspend/spend?_sort={HOSTILE}",
        f"/govspend/spend?_facet={HOSTILE}",
        f"/govspend/spend?_next={HOSTILE}",
        f"/govspend/spend?supplier_id={HOSTILE}&_x={HOSTILE}",
        f"/govspend?sql=select+'{HOSTILE}'+as+supplier_id",
        f"/govspend?sql=select+'{HOSTILE}'+as+headings",
        f"/govspend?sql=select+'{HOSTILE}'+as+amount",
        f'/govspend?sql=select+1+as+"{HOSTILE}"',
        f"/govspend?sql={HOSTILE}",
        f"/govspend/search?words={HOSTILE}",
    ],
)
def test_nothing_that_a_visitor_sends_is_run(real_site: Site, path: str) -> None:
    """Protects visitors from links that carry a script: it never reaches a page unescaped."""
    answer = real_site.get(path, follow_redirects=True)
    assert answer.status_code in (200, 400, 404)
    assert HOSTILE not in answer.text


def test_the_style_sheet_changes_its_address_with_its_content(real_site: Site) -> None:
    """Protects from an old style sheet in a browser's store after a new version."""
    html = real_site.get("/").text
    found = re.search(r'href="(/static/govspend\.css\?[0-9a-f]{8})"', html)
    assert found is not None
    sheet = real_site.get(found[1], headers={"accept-encoding": "gzip"})
    assert sheet.headers["content-type"].startswith("text/css")
    assert sheet.headers["content-encoding"] == "gzip"
    assert "immutable" in sheet.headers["cache-control"]
    # Under a hash that is not its own it is asked for each time.
    other = real_site.get("/static/govspend.css?00000000", headers={"accept-encoding": "gzip"})
    assert "immutable" not in other.headers["cache-control"]
    known = {"accept-encoding": "gzip", "if-none-match": other.headers["etag"]}
    assert real_site.get("/static/govspend.css?00000000", headers=known).status_code == 304


@pytest.mark.parametrize(
    ("column", "heading"),
    [
        ("supplier_size", "Supplier size"),
        ("largest_supplier_id", "Largest supplier"),
        ("supplier_id", "Supplier"),
        ("amount_pence", "Amount"),
        ("sme_pct", "SME (%)"),
        ("line_count", "Lines"),
        ("loaded_count", "Lines loaded"),
        ("before_pence", "Amount before"),
        ("fetched_at", "Fetched"),
        ("sha256", "SHA-256"),
    ],
)
def test_columns_are_headed_in_words(column: str, heading: str) -> None:
    """Protects readers from the database's names; the sort links keep those."""
    assert words.column_name(column) == heading


def test_names_lead_to_their_party(real_site: Site) -> None:
    """Protects the way from a list of firms to one firm, and from there to its lines."""
    [(supplier_id, name)] = asked(
        real_site, "SELECT supplier_id, name FROM suppliers ORDER BY name LIMIT 1"
    )
    link = f'href="/govspend/suppliers/{supplier_id}"'
    assert link in real_site.get("/govspend/suppliers").text
    page = real_site.get(f"/govspend/suppliers/{supplier_id}").text
    assert f"<h1>{name}</h1>" in page
    assert f"/govspend/spend?supplier_id={supplier_id}" in page


def test_totals_begin_with_the_largest_and_name_their_supplier(real_site: Site) -> None:
    rows = real_site.get("/govspend/buyer_totals.json?_shape=objects&_labels=on").json()["rows"]
    amounts = [row["amount_pence"] for row in rows]
    assert amounts == sorted(amounts, reverse=True)
    page, first = real_site.get("/govspend/buyer_totals").text, rows[0]["largest_supplier_id"]
    cell = re.search(r'<td class="col-largest_supplier_id[^>]*>(.*?)</td>', page, re.DOTALL)
    assert cell is not None
    link = f'<a href="/govspend/suppliers/{first["value"]}">{first["label"]}</a>'
    assert cell[1].strip() == link


@pytest.mark.parametrize("query", ["", "&_sort=lot", "&_sort_desc=sector", "&_where=amount>0"])
def test_the_pages_of_a_table_hold_each_line_once(sample_site: Site, query: str) -> None:
    """Lines that are alike in what they are sorted by are not lost between pages, nor doubled."""
    path = f"/govspend/spend.json?_size=700&_shape=objects&_nofacet=1{query}"
    seen: list[str] = []
    while path:
        page = sample_site.get(path).json()
        seen += [row["spend_id"] for row in page["rows"]]
        path = (page["next_url"] or "").replace(sample_site.url, "")
    least = 1 if "_where" in query else -(10**15)
    [(count,)] = asked(sample_site, "SELECT count(*) FROM spend WHERE amount_pence >= ?", least)
    assert len(seen) == len(set(seen)) == count
