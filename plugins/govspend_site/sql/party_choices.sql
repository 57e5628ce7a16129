-- What the lists of suppliers and buyers can be filtered by, as they occur in the current releases.
WITH cells AS MATERIALIZED (
    SELECT DISTINCT lot, sector, supplier_size FROM release_months
    WHERE release_id IN (SELECT release_id FROM releases WHERE is_current = 1)
),
months AS (
    SELECT DISTINCT month FROM release_months
    WHERE release_id IN (SELECT release_id FROM releases WHERE is_current = 1)
)
SELECT 'lot' AS field, coalesce(lot, 'Not published') AS value FROM cells
UNION
SELECT 'sector', coalesce(sector, 'Not published') FROM cells
UNION
SELECT 'size', coalesce(supplier_size, 'Not published') FROM cells
UNION
SELECT 'year', CASE WHEN substr(month, 6, 2) >= '04'
    THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
    ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END FROM months
ORDER BY 1, 2
