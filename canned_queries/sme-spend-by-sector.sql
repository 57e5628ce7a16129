-- title: SME spend by sector
-- description: >-
--   What each part of the public sector, as published, spent with small and medium-sized firms
--   (SMEs) and with others.
-- measured: >-
--   Pounds excluding VAT, from the newest release of each feed, credits taken off. The share is that
--   of all spend, spend with firms whose size is not published included; it is left out where
--   there is no spend to be a share of, or where no size is published.
-- caveats: [reported-by-suppliers, size-as-published, resellers]
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
-- chart: {mark: bar, x: sector, y: [sme_amount, other_amount, not_published_amount]}
WITH asked AS (
    SELECT nullif(:lot, '') AS lot, nullif(:financial_year, '') AS financial_year
),
sums AS (
    SELECT release_months.sector,
        sum(amount_pence) AS amount_pence,
        sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
            WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
        sum(CASE WHEN supplier_size <> 'SME' THEN amount_pence
            WHEN supplier_size IS NOT NULL THEN 0 END) AS other_pence,
        sum(CASE WHEN supplier_size IS NULL THEN amount_pence ELSE 0 END) AS not_published_pence,
        sum(release_months.line_count) AS line_count
    FROM release_months
    JOIN releases ON releases.release_id = release_months.release_id
    CROSS JOIN asked
    WHERE releases.is_current = 1
        AND (asked.lot IS NULL OR asked.lot = coalesce(release_months.lot, 'Not published'))
        AND (asked.financial_year IS NULL OR asked.financial_year = CASE WHEN substr(month, 6, 2) >= '04'
                THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
                ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END)
    GROUP BY 1
)
SELECT sector,
    sme_pence / 100.0 AS sme_amount,
    other_pence / 100.0 AS other_amount,
    not_published_pence / 100.0 AS not_published_amount,
    amount_pence / 100.0 AS amount,
    round(100.0 * sme_pence / nullif(max(amount_pence, 0), 0), 1) AS sme_pct,
    line_count,
    sme_pence,
    amount_pence
FROM sums
ORDER BY amount_pence DESC, sector;
