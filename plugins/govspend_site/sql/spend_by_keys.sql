-- Lines of spend added up by month and keys before those are looked up, which is once a key and not once
-- a line. /* lines */ becomes what stands after FROM: the lines, and what chooses them.
SELECT line_categories.framework, line_categories.lot, line_categories.sector,
    line_categories.supplier_size,
    CAST(CASE WHEN substr(sums.month, 6, 2) >= '04'
        THEN substr(sums.month, 1, 4) || '-' || substr(substr(sums.month, 1, 4) + 1, 3)
        ELSE (substr(sums.month, 1, 4) - 1) || '-' || substr(sums.month, 3, 2) END AS TEXT)
        AS financial_year,
    sums.line_count, sums.amount_pence
FROM (
    SELECT lines.categories_key, lines.month, count(*) AS line_count,
        sum(lines.amount_pence) AS amount_pence
    FROM /* lines */
    GROUP BY lines.categories_key, lines.month
) AS sums
JOIN line_categories ON line_categories.categories_key = sums.categories_key
