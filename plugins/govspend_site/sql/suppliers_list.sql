-- Suppliers ranked. Every sum, count and month is of the lines that the filters choose.
-- Without a filter by lot or year each has its sums already, by size too.
WITH every AS (
    SELECT supplier_id, amount_pence, sme_pence, buyer_count, first_sale_month AS first_month,
        last_sale_month AS last_month, line_count
    FROM supplier_totals
    WHERE :lot = '' AND :year = '' AND :size = ''
    UNION ALL
    SELECT supplier_id, amount_pence,
        CASE WHEN supplier_size = 'SME' THEN amount_pence
            WHEN supplier_size IS NOT NULL THEN 0 END,
        buyer_count, first_sale_month, last_sale_month, line_count
    FROM supplier_sizes
    WHERE :lot = '' AND :year = '' AND :size <> ''
        AND coalesce(supplier_size, 'Not published') = :size
    UNION ALL
    SELECT supplier_id,
        sum(amount_pence) AS amount_pence,
        sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
            WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
        count(DISTINCT CASE WHEN sale_count > 0 THEN buyer_id END) AS buyer_count,
        min(first_sale_month) AS first_month,
        max(last_sale_month) AS last_month,
        sum(line_count) AS line_count
    FROM pair_years
    WHERE (:lot <> '' OR :year <> '')
        AND (:lot = '' OR coalesce(lot, 'Not published') = :lot)
        AND (:year = '' OR financial_year = :year)
        AND (:size = '' OR coalesce(supplier_size, 'Not published') = :size)
    GROUP BY supplier_id
),
sums AS (
    SELECT * FROM every
    WHERE :words = '' OR supplier_id IN (
        SELECT supplier_id FROM supplier_names
        WHERE published_name LIKE '%' || replace(:words, ' ', '%') || '%')
),
keyed AS (
    SELECT sums.*, suppliers.name AS supplier_name,
        CASE :sort WHEN 'sme' THEN sme_pence WHEN 'buyers' THEN buyer_count
            WHEN 'first' THEN first_month WHEN 'latest' THEN last_month
            WHEN 'name' THEN lower(suppliers.name) ELSE amount_pence END AS sort_key
    FROM sums
    JOIN suppliers ON suppliers.supplier_id = sums.supplier_id
    WHERE (:minimum = '' OR amount_pence >= 100 * CAST(:minimum AS INTEGER))
        AND (:buyers = '' OR buyer_count >= CAST(:buyers AS INTEGER))
)
SELECT supplier_id, supplier_name, amount_pence / 100.0 AS amount, buyer_count, first_month,
    last_month, line_count, amount_pence, sme_pence
FROM keyed
ORDER BY sort_key IS NULL,
    CASE WHEN :order = 'up' THEN sort_key END,
    CASE WHEN :order <> 'up' THEN sort_key END DESC,
    amount_pence DESC, supplier_id
