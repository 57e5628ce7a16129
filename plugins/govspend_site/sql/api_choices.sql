-- The values that this edition has in each column that is a choice.
WITH cells AS MATERIALIZED (
    SELECT DISTINCT framework, lot, sector FROM release_months
    WHERE release_id IN (SELECT release_id FROM releases WHERE is_current = 1)
),
months AS (
    SELECT DISTINCT month FROM release_months
    WHERE release_id IN (SELECT release_id FROM releases WHERE is_current = 1)
)
SELECT 'framework' AS field, framework AS value FROM cells WHERE framework IS NOT NULL
UNION
SELECT 'lot', lot FROM cells WHERE lot IS NOT NULL
UNION
SELECT 'sector', sector FROM cells WHERE sector IS NOT NULL
UNION
SELECT 'financial_year', CASE WHEN substr(month, 6, 2) >= '04'
    THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
    ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END FROM months
UNION
SELECT 'release_id', release_id FROM releases
UNION
SELECT 'feed_id', feed_id FROM feeds
ORDER BY 1, 2
