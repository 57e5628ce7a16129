-- Buyers ranked. Every figure is of the lines that the filters choose; which sale was a firm's
-- first as an SME is told from all lines.
WITH pairs AS (
    SELECT buyer_id, supplier_id,
        sum(amount_pence) AS amount_pence,
        sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
            WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
        max(sale_count > 0) AS sold,
        min(CASE WHEN supplier_size = 'SME' THEN first_sale_month END) AS first_sme_month,
        sum(line_count) AS line_count
    FROM pair_years
    WHERE (:sector <> '' OR :lot <> '' OR :year <> '')
        AND (:sector = '' OR coalesce(sector, 'Not published') = :sector)
        AND (:lot = '' OR coalesce(lot, 'Not published') = :lot)
        AND (:year = '' OR financial_year = :year)
    GROUP BY buyer_id, supplier_id
),
every AS (
    -- Without a filter each has its sums already.
    SELECT buyer_id, amount_pence, sme_pence, supplier_count, sme_count, first_sale_count,
        line_count, largest_pence, largest_supplier_id
    FROM buyer_totals
    WHERE :sector = '' AND :lot = '' AND :year = ''
    UNION ALL
    -- largest_supplier_id is of the row that max() chose, as SQLite promises for a single max().
    SELECT pairs.buyer_id, sum(pairs.amount_pence), sum(pairs.sme_pence), sum(sold),
        count(pairs.first_sme_month),
        count(CASE WHEN pairs.first_sme_month = supplier_totals.first_sme_month THEN 1 END),
        sum(pairs.line_count), max(pairs.amount_pence), pairs.supplier_id
    FROM pairs
    JOIN supplier_totals ON supplier_totals.supplier_id = pairs.supplier_id
    GROUP BY pairs.buyer_id
),
sums AS (
    SELECT * FROM every
    WHERE :words = '' OR buyer_id IN (
        SELECT buyer_id FROM buyer_names
        WHERE published_name LIKE '%' || replace(:words, ' ', '%') || '%')
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
