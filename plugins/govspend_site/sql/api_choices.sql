-- The values that this edition has in each column that is a choice.
SELECT 'framework' AS field, framework AS value FROM spend WHERE framework IS NOT NULL GROUP BY 2
UNION ALL
SELECT 'lot', lot FROM spend WHERE lot IS NOT NULL GROUP BY 2
UNION ALL
SELECT 'sector', sector FROM spend WHERE sector IS NOT NULL GROUP BY 2
UNION ALL
SELECT 'financial_year', financial_year FROM spend GROUP BY 2
UNION ALL
SELECT 'release_id', release_id FROM releases
UNION ALL
SELECT 'feed_id', feed_id FROM feeds
ORDER BY 1, 2
