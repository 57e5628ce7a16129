-- What the lists of suppliers and buyers can be filtered by, as they occur in the current releases.
SELECT 'lot' AS field, coalesce(lot, 'Not published') AS value
FROM release_months JOIN releases USING (release_id) WHERE is_current = 1
UNION
SELECT 'sector', coalesce(sector, 'Not published')
FROM release_months JOIN releases USING (release_id) WHERE is_current = 1
UNION
SELECT 'size', coalesce(supplier_size, 'Not published')
FROM release_months JOIN releases USING (release_id) WHERE is_current = 1
UNION
SELECT 'year', CASE WHEN substr(month, 6, 2) >= '04'
    THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
    ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END
FROM release_months JOIN releases USING (release_id) WHERE is_current = 1
ORDER BY 1, 2
