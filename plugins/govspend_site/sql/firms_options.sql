-- What the lines of this edition can be chosen by.
WITH cells AS MATERIALIZED (
    SELECT DISTINCT lot, sector, supplier_size FROM release_months
    WHERE release_id IN (SELECT release_id FROM releases WHERE is_current = 1)
)
SELECT 'lot' AS field, lot AS value FROM cells WHERE lot IS NOT NULL
UNION
SELECT 'sector', sector FROM cells WHERE sector IS NOT NULL
UNION
SELECT 'size', coalesce(supplier_size, 'not-published') FROM cells
ORDER BY field, value
