-- A cube of months with their financial years. /* cube */ becomes its name.
SELECT *,
    -- A text to compare with, as the column of spend is.
    CAST(CASE WHEN substr(month, 6, 2) >= '04'
        THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
        ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END AS TEXT)
        AS financial_year
FROM /* cube */
