-- Each query gives one number that must be nought in a proven edition.

-- must be nought: lines of spend that are not those of the current releases
SELECT abs((SELECT count(*) FROM spend) - (SELECT sum(loaded_count) FROM releases WHERE is_current))

-- must be nought: pence of spend that are not those of the current releases
SELECT abs((SELECT sum(amount_pence) FROM spend)
    - (SELECT sum(loaded_pence) FROM releases WHERE is_current))

-- must be nought: cells of the cube release_months that differ from the rows
WITH rows AS MATERIALIZED (
    SELECT release_id, month, framework, lot, sector, supplier_size,
        count(*) AS line_count, sum(amount_pence) AS amount_pence
    FROM spend GROUP BY release_id, month, framework, lot, sector, supplier_size
),
cells AS MATERIALIZED (
    SELECT release_id, month, framework, lot, sector, supplier_size, line_count, amount_pence
    FROM release_months WHERE release_id IN (SELECT release_id FROM releases WHERE is_current)
)
SELECT count(*) FROM (
    SELECT * FROM (SELECT * FROM rows EXCEPT SELECT * FROM cells)
    UNION ALL
    SELECT * FROM (SELECT * FROM cells EXCEPT SELECT * FROM rows)
)

-- must be nought: cells of the cube pair_months that differ from the lines
WITH cells AS MATERIALIZED (
    SELECT buyer_id, supplier_id, month, supplier_size, release_id, count(*),
        sum(amount_pence), count(CASE WHEN amount_pence > 0 THEN 1 END),
        sum(CASE WHEN amount_pence > 0 THEN amount_pence ELSE 0 END)
    FROM spend NOT INDEXED
    GROUP BY buyer_id, supplier_id, month, supplier_size, release_id
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM pair_months))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM pair_months))

-- must be nought: cells of the cube pair_years that differ from the lines
WITH cells AS MATERIALIZED (
    SELECT buyer_id, supplier_id, financial_year, framework, lot, sector, supplier_size,
        count(*), sum(amount_pence), count(CASE WHEN amount_pence > 0 THEN 1 END),
        sum(CASE WHEN amount_pence > 0 THEN amount_pence ELSE 0 END), min(month), max(month),
        min(CASE WHEN amount_pence > 0 THEN month END),
        max(CASE WHEN amount_pence > 0 THEN month END)
    FROM spend NOT INDEXED
    GROUP BY buyer_id, supplier_id, financial_year, framework, lot, sector, supplier_size
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM pair_years))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM pair_years))

-- must be nought: cells of the cube pair_totals that differ from the lines
WITH sums AS MATERIALIZED (
    SELECT buyer_id, supplier_id, supplier_size, buyer_name_id, supplier_name_id,
        count(*), sum(amount_pence), count(CASE WHEN amount_pence > 0 THEN 1 END),
        sum(CASE WHEN amount_pence > 0 THEN amount_pence ELSE 0 END), min(month), max(month),
        min(CASE WHEN amount_pence > 0 THEN month END),
        max(CASE WHEN amount_pence > 0 THEN month END)
    FROM spend NOT INDEXED
    GROUP BY buyer_id, supplier_id, supplier_size, buyer_name_id, supplier_name_id
),
-- Each first sale, from the cells to the lines: null where the lines know no such sale.
firsts AS MATERIALIZED (
    SELECT sum(spend.amount_pence) AS found_pence, pair_totals.first_sale_pence
    FROM pair_totals NOT INDEXED
    LEFT JOIN spend ON spend.supplier_name_id = pair_totals.supplier_name_id
        AND spend.buyer_name_id = pair_totals.buyer_name_id
        AND spend.supplier_size IS pair_totals.supplier_size
        AND spend.month = pair_totals.first_sale_month AND spend.amount_pence > 0
    GROUP BY pair_totals.rowid
)
SELECT (SELECT count(*) FROM (
        SELECT * FROM sums
        EXCEPT
        SELECT buyer_id, supplier_id, supplier_size, buyer_name_id, supplier_name_id, line_count,
            amount_pence, sale_count, sale_pence, first_month, last_month, first_sale_month,
            last_sale_month
        FROM pair_totals
    ))
    + abs((SELECT count(*) FROM sums) - (SELECT count(*) FROM pair_totals))
    + (SELECT count(*) FROM firsts WHERE coalesce(found_pence, 0) <> first_sale_pence)

-- must be nought: months whose suppliers or buyers are not those of the lines
WITH sales AS MATERIALIZED (
    SELECT DISTINCT month, supplier_id, buyer_id FROM spend NOT INDEXED WHERE amount_pence > 0
),
active AS (
    SELECT month, count(DISTINCT supplier_id) AS supplier_count,
        count(DISTINCT buyer_id) AS buyer_count
    FROM sales GROUP BY month
),
new_suppliers AS (
    SELECT month, count(*) AS new_count
    FROM (SELECT min(month) AS month FROM sales GROUP BY supplier_id) GROUP BY month
),
new_buyers AS (
    SELECT month, count(*) AS new_count
    FROM (SELECT min(month) AS month FROM sales GROUP BY buyer_id) GROUP BY month
),
cells AS MATERIALIZED (
    SELECT active.month, supplier_count, buyer_count, coalesce(new_suppliers.new_count, 0),
        coalesce(new_buyers.new_count, 0)
    FROM active
    LEFT JOIN new_suppliers ON new_suppliers.month = active.month
    LEFT JOIN new_buyers ON new_buyers.month = active.month
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM party_months))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM party_months))

-- must be nought: usual deals that are not the median of a supplier's sales
WITH sales AS MATERIALIZED (
    SELECT coalesce(supplier_size, 'not-published') AS size, supplier_id, amount_pence
    FROM spend NOT INDEXED WHERE amount_pence > 0
    UNION ALL
    SELECT 'any', supplier_id, amount_pence FROM spend NOT INDEXED WHERE amount_pence > 0
),
placed AS (
    SELECT size, supplier_id, amount_pence,
        row_number() OVER (PARTITION BY size, supplier_id ORDER BY amount_pence DESC) AS place,
        count(*) OVER (PARTITION BY size, supplier_id) AS places
    FROM sales
),
cells AS MATERIALIZED (
    SELECT size, supplier_id, CAST(round(avg(amount_pence)) AS INTEGER)
    FROM placed WHERE 2 * place BETWEEN places AND places + 2 GROUP BY size, supplier_id
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM usual_deals))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM usual_deals))

-- must be nought: releases whose published categories do not add up to their lines
SELECT count(*) FROM releases
WHERE loaded_pence IS NOT (
    SELECT sum(amount_pence) FROM published_categories
    WHERE published_categories.release_id = releases.release_id
)

-- must be nought: releases whose sizes by supplier do not add up to their lines
SELECT count(*) FROM releases
WHERE loaded_pence IS NOT (
    SELECT sum(amount_pence) FROM release_sizes
    WHERE release_sizes.release_id = releases.release_id
)

-- must be nought: pence by which changes between releases differ from the releases' totals
SELECT coalesce(sum(abs(listed - actual)), 0) FROM (
    SELECT
        coalesce((
            SELECT sum(coalesce(after_pence, 0) - coalesce(before_pence, 0))
            FROM changes WHERE changes.release_id = later.release_id
        ), 0) AS listed,
        later.loaded_pence - earlier.loaded_pence AS actual
    FROM releases AS later
    JOIN releases AS earlier ON earlier.feed_id = later.feed_id
        AND earlier.position = later.position - 1
    JOIN feeds ON feeds.feed_id = later.feed_id AND feeds.restates_history
)

-- must be nought: lines of spend that are not held by their release
SELECT count(*) FROM spend
JOIN releases ON releases.release_id = spend.release_id
WHERE NOT EXISTS (
    SELECT 1 FROM line_spans
    WHERE line_spans.spend_id = spend.spend_id AND line_spans.feed_id = releases.feed_id
        AND releases.position BETWEEN line_spans.first_position AND line_spans.last_position
)

-- must be nought: lines that search does not know
SELECT abs((SELECT count(*) FROM spend) - (SELECT count(*) FROM spend_fts))

-- must be nought: suppliers and buyers without a published name
SELECT (SELECT count(*) FROM suppliers WHERE supplier_id NOT IN (SELECT supplier_id FROM supplier_names))
    + (SELECT count(*) FROM buyers WHERE buyer_id NOT IN (SELECT buyer_id FROM buyer_names))

-- must be nought: sizes other than SME, Large and not published
SELECT count(*) FROM spend WHERE supplier_size NOT IN ('SME', 'Large')

-- must be nought: places that are no buyer's, or lie outside the United Kingdom
SELECT count(*) FROM buyer_places
WHERE buyer_id NOT IN (SELECT buyer_id FROM buyers)
    OR name <> (SELECT name FROM buyers WHERE buyers.buyer_id = buyer_places.buyer_id)
    OR latitude NOT BETWEEN 49.8 AND 60.9 OR longitude NOT BETWEEN -8.7 AND 1.8

-- must be nought: files of lists whose lines are not all admitted, repeated or rejected
SELECT count(*) FROM admitted_files
WHERE line_count <> admitted_count + duplicate_count + rejected_count
    OR admitted_count <> (SELECT count(*) FROM admitted
        WHERE admitted.list_id = admitted_files.list_id AND admitted.url = admitted_files.url)
    OR duplicate_count + rejected_count <> (SELECT count(*) FROM admitted_left_out
        WHERE admitted_left_out.list_id = admitted_files.list_id
            AND admitted_left_out.url = admitted_files.url)

-- must be nought: admitted firms that sold and are not joined to their sales, or to another's
SELECT count(*) FROM admitted
WHERE supplier_id IS NOT (
    SELECT suppliers.supplier_id FROM suppliers WHERE suppliers.supplier_id = admitted.party_id
)
