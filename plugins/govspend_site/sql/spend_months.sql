-- The lines of spend added up by month, release, framework, lot, sector and size.
SELECT release_id, month,
    -- A text to compare with, as the column of spend is.
    CAST(CASE WHEN substr(month, 6, 2) >= '04'
        THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
        ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END AS TEXT)
        AS financial_year,
    framework, lot, sector, supplier_size, line_count, amount_pence
FROM release_months
WHERE release_id IN (SELECT release_id FROM releases WHERE is_current = 1)
