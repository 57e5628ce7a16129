-- Tables of keys with what they stand for. A LEFT JOIN leaves the order of reading to what is asked,
-- and what is not asked of it is often not read.

CREATE VIEW spend AS
SELECT lines.spend_id, releases.release_id, lines.line_number, lines.month,
    lines.financial_year, line_categories.framework, line_categories.lot, line_categories.sector,
    line_categories.supplier_size, lines.description, lines.amount_pence, lines.amount,
    suppliers.supplier_id, buyers.buyer_id, lines.supplier_name_id, lines.buyer_name_id,
    -- By it search knows a line.
    lines.rowid AS rowid
FROM spend_keyed AS lines
LEFT JOIN releases ON releases.release_key = lines.release_key
LEFT JOIN line_categories ON line_categories.categories_key = lines.categories_key
LEFT JOIN suppliers ON suppliers.supplier_key = lines.supplier_key
LEFT JOIN buyers ON buyers.buyer_key = lines.buyer_key;

CREATE VIEW pair_months AS
SELECT buyers.buyer_id, suppliers.supplier_id, pairs.month, line_categories.framework,
    line_categories.lot, line_categories.sector, line_categories.supplier_size,
    releases.release_id, pairs.line_count, pairs.amount_pence, pairs.sale_count, pairs.sale_pence,
    pairs.rowid AS rowid
FROM pair_months_keyed AS pairs
LEFT JOIN buyers ON buyers.buyer_key = pairs.buyer_key
LEFT JOIN suppliers ON suppliers.supplier_key = pairs.supplier_key
LEFT JOIN line_categories ON line_categories.categories_key = pairs.categories_key
LEFT JOIN releases ON releases.release_key = pairs.release_key;

CREATE VIEW supplier_months AS
SELECT suppliers.supplier_id, sums.month, sums.supplier_size, sums.line_count, sums.amount_pence,
    sums.buyer_count, sums.rowid AS rowid
FROM supplier_months_keyed AS sums
LEFT JOIN suppliers ON suppliers.supplier_key = sums.supplier_key;

CREATE VIEW buyer_months AS
SELECT buyers.buyer_id, sums.month, sums.supplier_size, sums.line_count, sums.amount_pence,
    sums.supplier_count, sums.rowid AS rowid
FROM buyer_months_keyed AS sums
LEFT JOIN buyers ON buyers.buyer_key = sums.buyer_key;

CREATE VIEW changes AS
SELECT releases.release_id, previous.release_id AS previous_release_id, pairs.month,
    suppliers.supplier_id, buyers.buyer_id, pairs.before_count, pairs.after_count,
    pairs.before_pence, pairs.after_pence
FROM changes_keyed AS pairs
LEFT JOIN releases ON releases.release_key = pairs.release_key
LEFT JOIN releases AS previous ON previous.release_key = pairs.previous_release_key
LEFT JOIN suppliers ON suppliers.supplier_key = pairs.supplier_key
LEFT JOIN buyers ON buyers.buyer_key = pairs.buyer_key;

-- Views for SQL, CSV and charts.

-- Lines of spend with the names of supplier and buyer as published on the line.
CREATE VIEW spend_named AS
SELECT spend.spend_id, spend.release_id, spend.line_number, spend.month, spend.financial_year,
    spend.framework, spend.lot, spend.sector, spend.supplier_size, spend.description,
    spend.amount_pence, spend.amount,
    spend.supplier_id, supplier_names.published_name AS supplier_name,
    spend.buyer_id, buyer_names.published_name AS buyer_name
FROM spend
LEFT JOIN supplier_names ON supplier_names.supplier_name_id = spend.supplier_name_id
LEFT JOIN buyer_names ON buyer_names.buyer_name_id = spend.buyer_name_id;

-- Each run of releases, by their position in the feed, that held a line. Those that go on end with the
-- release that the line is shown from.
CREATE VIEW line_spans AS
SELECT spend_keyed.spend_id, releases.feed_id, spend_keyed.first_position,
    releases.position AS last_position
FROM spend_keyed JOIN releases ON releases.release_key = spend_keyed.release_key
UNION ALL
SELECT spend_id, feed_id, first_position, last_position FROM ended_spans;

-- The lines that each release held.
CREATE VIEW release_lines AS
SELECT releases.release_id, line_spans.spend_id
FROM line_spans
JOIN releases ON releases.feed_id = line_spans.feed_id
    AND releases.position BETWEEN line_spans.first_position AND line_spans.last_position;

-- What each release said of a month, beside what the release before it said.
CREATE VIEW revisions AS
WITH totals AS (
    SELECT releases.feed_id, releases.position, releases.release_id, release_months.month,
        sum(release_months.line_count) AS line_count,
        sum(release_months.amount_pence) AS amount_pence
    FROM release_months
    JOIN releases ON releases.release_id = release_months.release_id
    GROUP BY releases.feed_id, releases.position, releases.release_id, release_months.month
)
SELECT later.feed_id, later.month, later.release_id,
    earlier.release_id AS previous_release_id,
    earlier.line_count AS before_count, later.line_count AS after_count,
    earlier.amount_pence AS before_pence, later.amount_pence AS after_pence,
    later.amount_pence - earlier.amount_pence AS change_pence,
    round(100.0 * (later.amount_pence - earlier.amount_pence) / nullif(earlier.amount_pence, 0), 2)
        AS change_pct
FROM totals AS later
JOIN totals AS earlier ON earlier.feed_id = later.feed_id
    AND earlier.month = later.month
    AND earlier.position = later.position - 1;

-- Every known fault of every release, with its count.
CREATE VIEW data_quality AS
SELECT release_id, 'format tried only on a fixture of our own' AS fault, line_count AS line_count
FROM releases WHERE tried_on = 'fixture'
UNION ALL
SELECT release_id, 'accepted although: ' || accepted_despite, line_count
FROM releases WHERE accepted_despite IS NOT NULL
UNION ALL
SELECT release_id, 'headings that no field has: ' || unknown_headings, line_count
FROM releases WHERE unknown_headings <> '[]'
UNION ALL
SELECT release_id, 'blank lines, left out', blank_count FROM releases WHERE blank_count > 0
UNION ALL
SELECT release_id, 'lines without a description', undescribed_count
FROM releases WHERE undescribed_count > 0
UNION ALL
SELECT release_id, 'quarantined: ' || coalesce(field || ', ', '') || code, count(*)
FROM quarantine GROUP BY release_id, field, code
UNION ALL
SELECT release_id, 'loaded otherwise than published: ' || field || ', ' || reason, count(*)
FROM cell_notes GROUP BY release_id, field, reason
UNION ALL
SELECT release_id, 'framework not published', sum(line_count)
FROM published_categories WHERE framework IS NULL GROUP BY release_id
UNION ALL
SELECT release_id, 'lot not published or not known', sum(line_count)
FROM published_categories WHERE lot IS NULL GROUP BY release_id
UNION ALL
SELECT release_id, 'sector not published', sum(line_count)
FROM published_categories WHERE sector IS NULL GROUP BY release_id
UNION ALL
SELECT release_id, 'supplier size not published or not known', sum(line_count)
FROM published_categories WHERE supplier_size IS NULL GROUP BY release_id;

-- Suppliers whose published size differs between a release and the one before it. A supplier that
-- either release publishes without a size is not among them: unknown is no other size.
CREATE VIEW reclassified AS
WITH sizes AS (
    SELECT releases.feed_id, releases.position, release_sizes.release_id, supplier_id,
        CASE WHEN min(supplier_size) = max(supplier_size) THEN min(supplier_size)
            ELSE min(supplier_size) || ' and ' || max(supplier_size) END AS published_sizes,
        sum(release_sizes.amount_pence) AS amount_pence
    FROM release_sizes
    JOIN releases ON releases.release_id = release_sizes.release_id
    WHERE supplier_size IS NOT NULL
    GROUP BY releases.feed_id, releases.position, release_sizes.release_id, supplier_id
)
SELECT later.release_id, earlier.release_id AS previous_release_id, later.supplier_id,
    earlier.published_sizes AS before_sizes, later.published_sizes AS after_sizes,
    earlier.amount_pence AS before_pence, later.amount_pence AS after_pence
FROM sizes AS later
JOIN sizes AS earlier ON earlier.feed_id = later.feed_id
    AND earlier.position = later.position - 1
    AND earlier.supplier_id = later.supplier_id
    AND earlier.published_sizes <> later.published_sizes;
