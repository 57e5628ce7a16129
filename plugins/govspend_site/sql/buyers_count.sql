-- How many buyers the filters leave before a rank by share asks for a sum and suppliers enough.
SELECT count(DISTINCT buyer_id) AS buyer_count
FROM pair_years
WHERE (:sector = '' OR coalesce(sector, 'Not published') = :sector)
    AND (:lot = '' OR coalesce(lot, 'Not published') = :lot)
    AND (:year = '' OR financial_year = :year)
    AND (:words = '' OR buyer_id IN (
        SELECT buyer_id FROM buyer_names
        WHERE published_name LIKE '%' || replace(:words, ' ', '%') || '%'))
