-- title: Buyers by number of SME suppliers
-- description: >-
--   Which public bodies buy from the most small and medium-sized firms (SMEs): a list to call.
-- measured: >-
--   A firm counts for a buyer where it made at least one sale to it (a line above nought) that is
--   published as SME. The amounts are pounds excluding VAT with credits taken off.
-- caveats: [reported-by-suppliers, size-as-published, names-joined]
-- parameters:
--   financial_year:
--     label: Financial year
--     kind: choice
--     any: All years
--     choices_sql: >-
--       SELECT DISTINCT financial_year(month) FROM (
--         SELECT DISTINCT month FROM release_months JOIN releases USING (release_id)
--         WHERE is_current = 1
--       ) ORDER BY 1 DESC
--   lot:
--     label: Lot
--     kind: choice
--     any: All lots
--     choices_sql: >-
--       SELECT DISTINCT coalesce(lot, 'Not published')
--       FROM release_months JOIN releases USING (release_id)
--       WHERE is_current = 1 ORDER BY 1
--   sector:
--     label: Sector
--     kind: choice
--     any: All sectors
--     choices_sql: >-
--       SELECT DISTINCT coalesce(sector, 'Not published')
--       FROM release_months JOIN releases USING (release_id)
--       WHERE is_current = 1 ORDER BY 1
--   top:
--     label: How many to list
--     kind: number
--     default: 100
--     minimum: 1
--     maximum: 1000
-- chart: {mark: bar, x: buyer_name, y: [sme_supplier_count]}
WITH asked AS (
    SELECT nullif(:financial_year, '') AS financial_year, nullif(:lot, '') AS lot,
        nullif(:sector, '') AS sector, CAST(coalesce(nullif(:top, ''), 100) AS INTEGER) AS top
),
sums AS (
    SELECT pair_years.buyer_id,
        count(DISTINCT CASE WHEN supplier_size = 'SME' AND sale_count > 0 THEN supplier_id END)
            AS sme_supplier_count,
        count(DISTINCT CASE WHEN sale_count > 0 THEN supplier_id END) AS supplier_count,
        sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
            WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
        sum(amount_pence) AS amount_pence,
        max(CASE WHEN supplier_size = 'SME' THEN last_sale_month END) AS last_sme_month
    FROM pair_years
    CROSS JOIN asked
    WHERE (asked.financial_year IS NULL OR pair_years.financial_year = asked.financial_year)
        AND (asked.lot IS NULL OR coalesce(pair_years.lot, 'Not published') = asked.lot)
        AND (asked.sector IS NULL OR coalesce(pair_years.sector, 'Not published') = asked.sector)
    GROUP BY pair_years.buyer_id
)
SELECT sums.buyer_id,
    buyers.name AS buyer_name,
    sme_supplier_count,
    supplier_count,
    sme_pence / 100.0 AS sme_amount,
    amount_pence / 100.0 AS amount,
    round(100.0 * sme_pence / nullif(max(amount_pence, 0), 0), 1) AS sme_pct,
    last_sme_month,
    sme_pence,
    amount_pence
FROM sums
JOIN buyers ON buyers.buyer_id = sums.buyer_id
WHERE sme_supplier_count > 0
ORDER BY sme_supplier_count DESC, sme_pence DESC, sums.buyer_id
LIMIT max((SELECT top FROM asked), 0);
