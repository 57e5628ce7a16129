-- title: Top SME suppliers
-- description: The small and medium-sized firms (SMEs) that sold the most, and to how many buyers.
-- measured: >-
--   Pounds excluding VAT of the lines published as SME, credits taken off. The share is that of all
--   such spend under the same choices. Buyers are those with at least one sale, a line above nought.
-- caveats: [reported-by-suppliers, size-as-published, resellers, names-joined]
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
-- chart: {mark: bar, x: supplier_name, y: [sme_amount]}
WITH asked AS (
    SELECT nullif(:financial_year, '') AS financial_year, nullif(:lot, '') AS lot,
        nullif(:sector, '') AS sector, CAST(coalesce(nullif(:top, ''), 100) AS INTEGER) AS top
),
-- Without a choice each has its sums already.
sums AS (
    SELECT supplier_id, amount_pence AS sme_pence, buyer_count, line_count, first_month, last_month
    FROM supplier_sizes
    WHERE (SELECT coalesce(financial_year, lot, sector) FROM asked) IS NULL
        AND supplier_size = 'SME'
    UNION ALL
    SELECT supplier_id,
        sum(amount_pence) AS sme_pence,
        count(DISTINCT CASE WHEN sale_count > 0 THEN buyer_id END) AS buyer_count,
        sum(line_count) AS line_count,
        min(first_month) AS first_month,
        max(last_month) AS last_month
    FROM pair_years
    CROSS JOIN asked
    WHERE (SELECT coalesce(financial_year, lot, sector) FROM asked) IS NOT NULL
        AND supplier_size = 'SME'
        AND (asked.financial_year IS NULL OR pair_years.financial_year = asked.financial_year)
        AND (asked.lot IS NULL OR coalesce(pair_years.lot, 'Not published') = asked.lot)
        AND (asked.sector IS NULL OR coalesce(pair_years.sector, 'Not published') = asked.sector)
    GROUP BY supplier_id
),
shares AS (
    SELECT *, sum(sme_pence) OVER () AS total_pence FROM sums
)
SELECT shares.supplier_id,
    suppliers.name AS supplier_name,
    sme_pence / 100.0 AS sme_amount,
    round(100.0 * sme_pence / nullif(max(total_pence, 0), 0), 2) AS of_sme_spend_pct,
    buyer_count,
    line_count,
    first_month,
    last_month,
    sme_pence
FROM shares
JOIN suppliers ON suppliers.supplier_id = shares.supplier_id
ORDER BY sme_pence DESC, shares.supplier_id
LIMIT max((SELECT top FROM asked), 0);
