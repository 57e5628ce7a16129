-- What the lines of this edition can be chosen by.
SELECT DISTINCT 'lot' AS field, lot AS value FROM pair_years WHERE lot IS NOT NULL
UNION ALL
SELECT DISTINCT 'sector', sector FROM pair_years WHERE sector IS NOT NULL
UNION ALL
SELECT DISTINCT 'size', coalesce(supplier_size, 'not-published') FROM pair_years
ORDER BY field, value
