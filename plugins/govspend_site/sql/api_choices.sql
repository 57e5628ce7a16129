-- The values that this edition has in each column that is a choice.
SELECT 'framework' AS field, framework AS value FROM pair_years WHERE framework IS NOT NULL GROUP BY 2
UNION ALL
SELECT 'lot', lot FROM pair_years WHERE lot IS NOT NULL GROUP BY 2
UNION ALL
SELECT 'sector', sector FROM pair_years WHERE sector IS NOT NULL GROUP BY 2
UNION ALL
SELECT 'financial_year', financial_year FROM pair_years GROUP BY 2
UNION ALL
SELECT 'release_id', release_id FROM releases
UNION ALL
SELECT 'feed_id', feed_id FROM feeds
ORDER BY 1, 2
