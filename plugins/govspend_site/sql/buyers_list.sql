-- Buyers ranked. Every figure is of the lines that the filters choose; which sale was a firm's
-- first as an SME is told from all lines.
WITH firsts AS MATERIALIZED (
    SELECT supplier_id, min(first_sale_month) AS first_month
    FROM pair_totals WHERE supplier_size = 'SME' GROUP BY +supplier_id
),
-- Without a filter the sums in all are enough, a third of those by year.
pairs AS (
    SELECT buyer_id, supplier_id,
        sum(amount_pence) AS amount_pence,
        sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
            WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
        max(sale_count > 0) AS sold,
        min(CASE WHEN supplier_size = 'SME' THEN first_sale_month END) AS first_sme_month,
        sum(line_count) AS line_count
    FROM pair_totals
    WHERE :sector = '' AND :lot = '' AND :year = ''
    GROUP BY buyer_id, supplier_id
    UNION ALL
    SELECT buyer_id, supplier_id,
        sum(amount_pence),
        sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
            WHEN supplier_size IS NOT NULL THEN 0 END),
        max(sale_count > 0),
        min(CASE WHEN supplier_size = 'SME' THEN first_sale_month END),
        sum(line_count)
    FROM pair_years
    WHERE (:sector <> '' OR :lot <> '' OR :year <> '')
        AND (:sector = '' OR coalesce(sector, 'Not published') = :sector)
        AND (:lot = '' OR coalesce(lot, 'Not published') = :lot)
        AND (:year = '' OR financial_year = :year)
    GROUP BY buyer_id, supplier_id
),
sums AS (
    -- largest_supplier_id is of the row that max() chose, as SQLite promises for a single max().
    SELECT buyer_id, sum(amount_pence) AS amount_pence, sum(sme_pence) AS sme_pence,
        sum(sold) AS supplier_count, count(first_sme_month) AS sme_count,
        count(CASE WHEN first_sme_month = firsts.first_month THEN 1 END) AS first_sale_count,
        sum(line_count) AS line_count,
        max(amount_pence) AS largest_pence, pairs.supplier_id AS largest_supplier_id
    FROM pairs
    LEFT JOIN firsts ON firsts.supplier_id = pairs.supplier_id
    WHERE :words = '' OR buyer_id IN (
        SELECT buyer_id FROM buyer_names
        WHERE published_name LIKE '%' || replace(:words, ' ', '%') || '%')
    GROUP BY buyer_id
),
shares AS (
    SELECT sums.*, buyers.name AS buyer_name, suppliers.name AS largest_supplier,
        round(100.0 * sme_pence / nullif(max(amount_pence, 0), 0), 1) AS sme_pct,
        round(100.0 * largest_pence / nullif(max(amount_pence, 0), 0), 1) AS largest_pct
    FROM sums
    JOIN buyers ON buyers.buyer_id = sums.buyer_id
    JOIN suppliers ON suppliers.supplier_id = sums.largest_supplier_id
),
keyed AS (
    SELECT *,
        CASE :sort WHEN 'sme' THEN sme_pence WHEN 'sme_pct' THEN 1.0 * sme_pence / amount_pence
            WHEN 'suppliers' THEN supplier_count
            WHEN 'smes' THEN sme_count WHEN 'first_sales' THEN first_sale_count
            WHEN 'largest' THEN 1.0 * largest_pence / amount_pence
            WHEN 'name' THEN lower(buyer_name)
            ELSE amount_pence END AS sort_key
    FROM shares
    WHERE (:minimum = '' OR amount_pence >= 100 * CAST(:minimum AS INTEGER))
        AND (:suppliers = '' OR supplier_count >= CAST(:suppliers AS INTEGER))
        AND (:sort NOT IN ('sme_pct', 'largest') OR amount_pence > 0)
)
SELECT buyer_id, buyer_name, amount_pence / 100.0 AS amount, sme_pct, supplier_count, sme_count,
    first_sale_count, largest_pct, largest_supplier_id, largest_supplier, line_count, amount_pence,
    sme_pence, largest_pence
FROM keyed
ORDER BY sort_key IS NULL,
    CASE WHEN :order = 'up' THEN sort_key END,
    CASE WHEN :order <> 'up' THEN sort_key END DESC,
    amount_pence DESC, buyer_id
