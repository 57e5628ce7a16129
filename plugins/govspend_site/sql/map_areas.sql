-- Buyers by the post town of their head office, with the sum of their spend; NULL is not known.
-- A sum of sizes is NULL where no size is published.
SELECT buyer_places.area,
    count(DISTINCT pair_totals.buyer_id) AS buyer_count,
    count(DISTINCT buyer_places.region) AS region_count,
    min(buyer_places.region) AS region,
    sum(pair_totals.amount_pence) AS amount_pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    avg(buyer_places.latitude) AS latitude,
    avg(buyer_places.longitude) AS longitude
FROM pair_totals
LEFT JOIN buyer_places ON buyer_places.buyer_id = pair_totals.buyer_id
GROUP BY buyer_places.area
ORDER BY buyer_places.area IS NULL, amount_pence DESC, buyer_places.area
