-- Each query gives one number that must be nought in a proven edition. They run on the tables as they
-- were read back from the database, by DuckDB, which needs a fifth of the time that SQLite takes. Ids,
-- and words of which there are few, are numbers there: one for the same text in every table. The cubes
-- are added up from lines once more, without what they were made from.
-- `pairs` are lines added up by buyer and supplier.
-- A query with `part of` gives a number for each part, which add up; it finds each part lying together,
-- since the lines are there once more by their buyers, and the sales by their suppliers.

-- must be nought: cells of the cube release_months that differ from the rows
WITH rows AS MATERIALIZED (
    SELECT release_id, month, framework, lot, sector, supplier_size,
        count(*) AS line_count, sum(amount_pence) AS amount_pence
    FROM spend GROUP BY release_id, month, framework, lot, sector, supplier_size
),
cells AS MATERIALIZED (
    SELECT release_id, month, framework, lot, sector, supplier_size, line_count, amount_pence
    FROM release_months WHERE release_id IN (SELECT release_id FROM releases WHERE is_current = 1)
)
SELECT count(*) FROM (
    SELECT * FROM (SELECT * FROM rows EXCEPT SELECT * FROM cells)
    UNION ALL
    SELECT * FROM (SELECT * FROM cells EXCEPT SELECT * FROM rows)
)

-- must be nought: cells of the cube pair_months that differ from the lines
WITH cells AS MATERIALIZED (
    SELECT buyer_id, supplier_id, month, framework, lot, sector, supplier_size, release_id, count(*),
        sum(amount_pence), count(CASE WHEN amount_pence > 0 THEN 1 END),
        sum(CASE WHEN amount_pence > 0 THEN amount_pence ELSE 0 END)
    FROM by_buyer
    WHERE 1 = 1 /* part of by_buyer.buyer_id */
    GROUP BY buyer_id, supplier_id, month, framework, lot, sector, supplier_size, release_id
),
known AS (
    SELECT * FROM pair_months
    WHERE 1 = 1 /* part of pair_months.buyer_id */
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM known))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM known))

-- must be nought: cells of the cube pair_years that differ from the lines
WITH cells AS MATERIALIZED (
    SELECT buyer_id, supplier_id, financial_year, framework, lot, sector, supplier_size,
        count(*), sum(amount_pence), count(CASE WHEN amount_pence > 0 THEN 1 END),
        sum(CASE WHEN amount_pence > 0 THEN amount_pence ELSE 0 END), min(month), max(month),
        min(CASE WHEN amount_pence > 0 THEN month END),
        max(CASE WHEN amount_pence > 0 THEN month END)
    FROM by_buyer
    WHERE 1 = 1 /* part of by_buyer.buyer_id */
    GROUP BY buyer_id, supplier_id, financial_year, framework, lot, sector, supplier_size
),
known AS (
    SELECT * FROM pair_years
    WHERE 1 = 1 /* part of pair_years.buyer_id */
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM known))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM known))

-- must be nought: cells of the cube pair_totals that differ from the lines
WITH sums AS MATERIALIZED (
    SELECT buyer_id, supplier_id, supplier_size, buyer_name_id, supplier_name_id,
        count(*), sum(amount_pence), count(CASE WHEN amount_pence > 0 THEN 1 END),
        sum(CASE WHEN amount_pence > 0 THEN amount_pence ELSE 0 END), min(month), max(month),
        min(CASE WHEN amount_pence > 0 THEN month END),
        max(CASE WHEN amount_pence > 0 THEN month END)
    FROM by_buyer
    WHERE 1 = 1 /* part of by_buyer.buyer_id */
    GROUP BY buyer_id, supplier_id, supplier_size, buyer_name_id, supplier_name_id
),
-- Each first sale, from the cells to the lines: null where the lines know no such sale.
firsts AS MATERIALIZED (
    SELECT sum(by_buyer.amount_pence) AS found_pence, pair_totals.first_sale_pence
    FROM pair_totals
    LEFT JOIN by_buyer ON by_buyer.supplier_name_id = pair_totals.supplier_name_id
        AND by_buyer.buyer_name_id = pair_totals.buyer_name_id
        AND by_buyer.supplier_size IS NOT DISTINCT FROM pair_totals.supplier_size
        AND by_buyer.month = pair_totals.first_sale_month AND by_buyer.amount_pence > 0
        /* part of by_buyer.buyer_id */
    WHERE 1 = 1 /* part of pair_totals.buyer_id */
    GROUP BY pair_totals.supplier_name_id, pair_totals.buyer_name_id, pair_totals.supplier_size,
        pair_totals.first_sale_month, pair_totals.first_sale_pence
),
known AS (
    SELECT * FROM pair_totals
    WHERE 1 = 1 /* part of pair_totals.buyer_id */
)
SELECT (SELECT count(*) FROM (
        SELECT * FROM sums
        EXCEPT
        SELECT buyer_id, supplier_id, supplier_size, buyer_name_id, supplier_name_id, line_count,
            amount_pence, sale_count, sale_pence, first_month, last_month, first_sale_month,
            last_sale_month
        FROM known
    ))
    + abs((SELECT count(*) FROM sums) - (SELECT count(*) FROM known))
    + (SELECT count(*) FROM firsts WHERE coalesce(found_pence, 0) <> first_sale_pence)

-- What follows up to the totals is told by cubes that are proven above to be those of the lines.

-- must be nought: cells of the cube supplier_months that differ from those of pair_months
WITH sales AS MATERIALIZED (
    SELECT supplier_id, month, count(DISTINCT buyer_id) AS buyer_count
    FROM pair_months WHERE sale_count > 0 /* large part of pair_months.supplier_id */
    GROUP BY supplier_id, month
),
cells AS MATERIALIZED (
    SELECT pair_months.supplier_id, pair_months.month, supplier_size, sum(line_count),
        sum(amount_pence), coalesce(max(sales.buyer_count), 0)
    FROM pair_months
    LEFT JOIN sales ON sales.supplier_id = pair_months.supplier_id AND sales.month = pair_months.month
    WHERE 1 = 1 /* large part of pair_months.supplier_id */
    GROUP BY pair_months.supplier_id, pair_months.month, supplier_size
),
known AS (
    SELECT * FROM supplier_months WHERE 1 = 1 /* large part of supplier_months.supplier_id */
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM known))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM known))

-- must be nought: cells of the cube buyer_months that differ from those of pair_months
WITH sales AS MATERIALIZED (
    SELECT buyer_id, month, count(DISTINCT supplier_id) AS supplier_count
    FROM pair_months WHERE sale_count > 0 /* large part of pair_months.buyer_id */
    GROUP BY buyer_id, month
),
cells AS MATERIALIZED (
    SELECT pair_months.buyer_id, pair_months.month, supplier_size, sum(line_count),
        sum(amount_pence), coalesce(max(sales.supplier_count), 0)
    FROM pair_months
    LEFT JOIN sales ON sales.buyer_id = pair_months.buyer_id AND sales.month = pair_months.month
    WHERE 1 = 1 /* large part of pair_months.buyer_id */
    GROUP BY pair_months.buyer_id, pair_months.month, supplier_size
),
known AS (
    SELECT * FROM buyer_months WHERE 1 = 1 /* large part of buyer_months.buyer_id */
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM known))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM known))

-- must be nought: years of suppliers that differ from those of pair_years
WITH cells AS MATERIALIZED (
    SELECT supplier_id, financial_year, sum(line_count), sum(amount_pence),
        CASE WHEN count(supplier_size) > 0
            THEN sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) END,
        count(DISTINCT buyer_id) FILTER (WHERE sale_count > 0),
        count(DISTINCT buyer_id) FILTER (WHERE sale_count > 0 AND supplier_size = 'SME')
    FROM pair_years
    WHERE 1 = 1 /* large part of pair_years.supplier_id */
    GROUP BY supplier_id, financial_year
),
known AS (
    SELECT * FROM supplier_years WHERE 1 = 1 /* large part of supplier_years.supplier_id */
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM known))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM known))

-- must be nought: years of buyers that differ from those of pair_years
WITH cells AS MATERIALIZED (
    SELECT buyer_id, financial_year, sum(line_count), sum(amount_pence),
        CASE WHEN count(supplier_size) > 0
            THEN sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) END,
        count(DISTINCT supplier_id) FILTER (WHERE sale_count > 0),
        count(DISTINCT supplier_id) FILTER (WHERE sale_count > 0 AND supplier_size = 'SME')
    FROM pair_years
    WHERE 1 = 1 /* large part of pair_years.buyer_id */
    GROUP BY buyer_id, financial_year
),
known AS (
    SELECT * FROM buyer_years WHERE 1 = 1 /* large part of buyer_years.buyer_id */
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM known))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM known))

-- must be nought: sizes of suppliers that differ from those of pair_totals
WITH cells AS MATERIALIZED (
    SELECT supplier_id, supplier_size, sum(line_count), sum(amount_pence),
        count(DISTINCT buyer_id) FILTER (WHERE sale_count > 0), min(first_month), max(last_month),
        min(first_sale_month), max(last_sale_month)
    FROM pair_totals GROUP BY supplier_id, supplier_size
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM supplier_sizes))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM supplier_sizes))

-- must be nought: totals of suppliers that differ from the lines
WITH cells AS MATERIALIZED (
    SELECT supplier_id, sum(line_count), sum(amount_pence),
        CASE WHEN sum(sized_count) > 0 THEN sum(sme_pence) END, count(CASE WHEN sales > 0 THEN 1 END),
        min(first_month), max(last_month), min(first_sme_month)
    FROM pairs GROUP BY supplier_id
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM supplier_totals))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM supplier_totals))

-- must be nought: totals of buyers that differ from the lines
WITH firsts AS (
    SELECT supplier_id, min(first_sme_month) AS first_sme_month FROM pairs GROUP BY supplier_id
),
cells AS MATERIALIZED (
    SELECT pairs.buyer_id, sum(line_count), sum(amount_pence),
        CASE WHEN sum(sized_count) > 0 THEN sum(sme_pence) END, count(CASE WHEN sales > 0 THEN 1 END),
        count(pairs.first_sme_month),
        count(CASE WHEN pairs.first_sme_month = firsts.first_sme_month THEN 1 END),
        min(first_month), max(last_month), max(amount_pence)
    FROM pairs JOIN firsts ON firsts.supplier_id = pairs.supplier_id
    GROUP BY pairs.buyer_id
),
-- Of two that sold as much either is the largest.
unlike AS (
    SELECT count(*) AS number FROM buyer_totals
    LEFT JOIN pairs ON pairs.buyer_id = buyer_totals.buyer_id
        AND pairs.supplier_id = buyer_totals.largest_supplier_id
    WHERE pairs.amount_pence IS DISTINCT FROM buyer_totals.largest_pence
)
SELECT (SELECT count(*) FROM (
        SELECT * FROM cells
        EXCEPT
        SELECT buyer_id, line_count, amount_pence, sme_pence, supplier_count, sme_count,
            first_sale_count, first_sale_month, last_sale_month, largest_pence
        FROM buyer_totals
    ))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM buyer_totals))
    + (SELECT number FROM unlike)

-- must be nought: months whose suppliers or buyers are not those of the lines
WITH sales AS MATERIALIZED (
    -- Proven above to be those of the lines.
    SELECT month, supplier_id, buyer_id FROM pair_months WHERE sale_count > 0
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
    FROM by_supplier WHERE 1 = 1 /* part of by_supplier.supplier_id */
    UNION ALL
    SELECT 'any', supplier_id, amount_pence FROM by_supplier
    WHERE 1 = 1 /* part of by_supplier.supplier_id */
),
placed AS (
    SELECT size, supplier_id, amount_pence,
        row_number() OVER (PARTITION BY size, supplier_id ORDER BY amount_pence DESC) AS place,
        count(*) OVER (PARTITION BY size, supplier_id) AS places
    FROM sales
),
cells AS MATERIALIZED (
    SELECT size, supplier_id, (min(amount_pence) + max(amount_pence) + 1) // 2
    FROM placed WHERE 2 * place BETWEEN places AND places + 2 GROUP BY size, supplier_id
),
known AS (
    SELECT * FROM usual_deals WHERE 1 = 1 /* part of usual_deals.supplier_id */
)
SELECT (SELECT count(*) FROM (SELECT * FROM cells EXCEPT SELECT * FROM known))
    + abs((SELECT count(*) FROM cells) - (SELECT count(*) FROM known))

