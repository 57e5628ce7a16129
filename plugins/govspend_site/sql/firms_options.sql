-- What the lines of this edition can be chosen by.
SELECT DISTINCT 'lot' AS field, lot AS value FROM spend WHERE lot IS NOT NULL
UNION ALL
SELECT DISTINCT 'sector', sector FROM spend WHERE sector IS NOT NULL
UNION ALL
SELECT DISTINCT 'size', coalesce(supplier_size, 'not-published') FROM spend
ORDER BY field, value
