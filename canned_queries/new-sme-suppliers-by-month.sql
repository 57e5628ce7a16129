-- title: New SME suppliers by month
-- description: >-
--   How many small and medium-sized firms (SMEs) made their first sale in each month: whether the
--   door is open to newcomers.
-- measured: >-
--   A firm is new in the month of its first sale (a line above nought) to anyone. It counts as an
--   SME where a sale of that month is published as SME. In the first months of the data every firm
--   is new.
-- caveats: [reported-by-suppliers, size-as-published, names-joined]
-- chart: {mark: bar, x: month, y: [new_sme_supplier_count, new_other_supplier_count]}
WITH sized AS (
    SELECT supplier_id, first_sale_month AS month,
        CASE WHEN max(supplier_size = 'SME') = 1 THEN 'SME'
            WHEN count(supplier_size) > 0 THEN 'other' END AS size,
        row_number() OVER (PARTITION BY supplier_id ORDER BY first_sale_month) AS place
    FROM pair_totals
    WHERE sale_count > 0
    GROUP BY supplier_id, first_sale_month
),
months AS (
    SELECT DISTINCT month FROM release_months JOIN releases USING (release_id)
    WHERE is_current = 1
),
counts AS (
    SELECT months.month,
        count(CASE WHEN size = 'SME' THEN 1 END) AS sme,
        count(CASE WHEN size = 'other' THEN 1 END) AS other,
        count(CASE WHEN supplier_id IS NOT NULL AND size IS NULL THEN 1 END) AS not_published,
        count(supplier_id) AS all_new
    FROM months
    LEFT JOIN sized ON sized.month = months.month AND sized.place = 1
    GROUP BY months.month
)
SELECT month,
    -- Where no size is published, how many are SMEs is unknown and not nought.
    CASE WHEN all_new = 0 OR not_published < all_new THEN sme END AS new_sme_supplier_count,
    CASE WHEN all_new = 0 OR not_published < all_new THEN other END AS new_other_supplier_count,
    not_published AS new_unknown_size_supplier_count,
    all_new AS new_supplier_count,
    sum(all_new) OVER (ORDER BY month) AS total_supplier_count
FROM counts
ORDER BY month;
