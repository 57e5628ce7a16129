-- Regions that buyers are known to be in.
SELECT DISTINCT region FROM buyer_places WHERE region IS NOT NULL ORDER BY region
