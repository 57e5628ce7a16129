-- The values that this edition has in each column that is a choice, by the sums that each release
-- has by month: to look for them among the lines takes long.
WITH sums AS MATERIALIZED (
    SELECT DISTINCT framework, lot, sector,
        CASE WHEN substr(month, 6, 2) >= '04'
            THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
            ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END AS financial_year
    FROM release_months
    WHERE release_id IN (SELECT release_id FROM releases WHERE is_current = 1)
)
SELECT 'framework' AS field, framework AS value FROM sums WHERE framework IS NOT NULL GROUP BY 2
UNION ALL
SELECT 'lot', lot FROM sums WHERE lot IS NOT NULL GROUP BY 2
UNION ALL
SELECT 'sector', sector FROM sums WHERE sector IS NOT NULL GROUP BY 2
UNION ALL
SELECT 'financial_year', financial_year FROM sums GROUP BY 2
UNION ALL
SELECT 'release_id', release_id FROM releases
UNION ALL
SELECT 'feed_id', feed_id FROM feeds
ORDER BY 1, 2
