-- The same firms by the financial year of their first sale.
WITH /* include proof_openings */
SELECT CASE WHEN substr(month, 6, 2) >= '04'
        THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
        ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END AS financial_year,
    count(*) AS supplier_count
FROM openings /* where */
GROUP BY 1
ORDER BY 1
