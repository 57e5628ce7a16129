-- title: SME share by buyer
-- description: >-
--   How much of each public body's spend went to small and medium-sized firms (SMEs), the largest
--   buyers first.
-- measured: >-
--   Pounds excluding VAT, from the newest release of each feed, credits taken off. The share is
--   that of all the buyer's spend, spend with firms whose size is not published included; it is
--   left out where no size is published. A supplier is counted once, as an SME where any of the
--   buyer's lines with it is published as SME.
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
--   sector:
--     label: Sector
--     kind: choice
--     any: All sectors
--     choices_sql: >-
--       SELECT DISTINCT coalesce(sector, 'Not published')
--       FROM release_months JOIN releases USING (release_id)
--       WHERE is_current = 1 ORDER BY 1
--   minimum:
--     label: Spent at least (£)
--     kind: number
--     default: 100000
--     help: A share of a small sum says little, so buyers that spent less are left out.
-- chart: {mark: bar, x: buyer_name, y: [sme_amount, other_amount, not_published_amount]}
WITH asked AS (
    SELECT nullif(:financial_year, '') AS financial_year, nullif(:sector, '') AS sector,
        100 * CAST(coalesce(nullif(:minimum, ''), 100000) AS REAL) AS minimum_pence
),
sums AS (
    SELECT pair_years.buyer_id,
        sum(pair_years.amount_pence) AS amount_pence,
        sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
            WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
        sum(CASE WHEN supplier_size <> 'SME' THEN amount_pence
            WHEN supplier_size IS NOT NULL THEN 0 END) AS other_pence,
        sum(CASE WHEN supplier_size IS NULL THEN amount_pence ELSE 0 END) AS not_published_pence,
        count(DISTINCT CASE WHEN supplier_size = 'SME' THEN supplier_id END) AS sme_supplier_count,
        count(DISTINCT supplier_id) AS supplier_count,
        sum(line_count) AS line_count
    FROM pair_years
    CROSS JOIN asked
    WHERE (asked.financial_year IS NULL OR pair_years.financial_year = asked.financial_year)
        AND (asked.sector IS NULL OR coalesce(pair_years.sector, 'Not published') = asked.sector)
    GROUP BY pair_years.buyer_id
)
SELECT sums.buyer_id,
    buyers.name AS buyer_name,
    sme_pence / 100.0 AS sme_amount,
    other_pence / 100.0 AS other_amount,
    not_published_pence / 100.0 AS not_published_amount,
    amount_pence / 100.0 AS amount,
    round(100.0 * sme_pence / nullif(max(amount_pence, 0), 0), 1) AS sme_pct,
    sme_supplier_count,
    supplier_count,
    line_count,
    sme_pence,
    amount_pence
FROM sums
JOIN asked ON sums.amount_pence >= asked.minimum_pence
JOIN buyers ON buyers.buyer_id = sums.buyer_id
ORDER BY amount_pence DESC, sums.buyer_id;
