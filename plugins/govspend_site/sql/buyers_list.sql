-- Buyers ranked. Every figure is of the lines that the filters choose; which sale was a firm's
-- first as an SME is told from all lines. Lines are summed by the numbers of their names first,
-- which is twice as fast as by the ids, and the names of one party after that.
WITH firsts AS (
    SELECT supplier_names.supplier_id, min(month) AS first_month
    FROM (
        SELECT supplier_name_id, min(month) AS month FROM spend NOT INDEXED
        WHERE supplier_size = 'SME' AND amount_pence > 0
        GROUP BY supplier_name_id
    ) AS sales
    JOIN supplier_names ON supplier_names.supplier_name_id = sales.supplier_name_id
    GROUP BY supplier_names.supplier_id
),
by_name AS (
    SELECT spend.buyer_name_id, spend.supplier_name_id,
        sum(amount_pence) AS amount_pence,
        sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
            WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
        max(amount_pence > 0) AS sold,
        min(CASE WHEN amount_pence > 0 AND supplier_size = 'SME' THEN month END) AS sme_month,
        count(*) AS line_count
    -- In the order of the table: by an index every line would be fetched by itself.
    FROM spend NOT INDEXED
    WHERE (:sector = '' OR coalesce(spend.sector, 'Not published') = :sector)
        AND (:lot = '' OR coalesce(spend.lot, 'Not published') = :lot)
        AND (:year = '' OR spend.financial_year = :year)
        AND (:words = '' OR spend.buyer_id IN (
            SELECT buyer_id FROM buyer_names
            WHERE published_name LIKE '%' || replace(:words, ' ', '%') || '%'))
    GROUP BY spend.buyer_name_id, spend.supplier_name_id
),
pairs AS (
    SELECT buyer_names.buyer_id, supplier_names.supplier_id,
        sum(by_name.amount_pence) AS amount_pence, sum(by_name.sme_pence) AS sme_pence,
        max(by_name.sold) AS sold,
        max(by_name.sme_month IS NOT NULL) AS sme_sold,
        max(coalesce(by_name.sme_month, '') = coalesce(firsts.first_month, '-')) AS opened,
        sum(by_name.line_count) AS line_count
    FROM by_name
    JOIN buyer_names ON buyer_names.buyer_name_id = by_name.buyer_name_id
    JOIN supplier_names ON supplier_names.supplier_name_id = by_name.supplier_name_id
    LEFT JOIN firsts ON firsts.supplier_id = supplier_names.supplier_id
    GROUP BY buyer_names.buyer_id, supplier_names.supplier_id
),
sums AS (
    -- largest_supplier_id is of the row that max() chose, as SQLite promises for a single max().
    SELECT buyer_id, sum(amount_pence) AS amount_pence, sum(sme_pence) AS sme_pence,
        sum(sold) AS supplier_count, sum(sme_sold) AS sme_count, sum(opened) AS first_sale_count,
        sum(line_count) AS line_count,
        max(amount_pence) AS largest_pence, supplier_id AS largest_supplier_id
    FROM pairs
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
