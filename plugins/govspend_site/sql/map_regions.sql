-- Buyers by the region or nation of their head office, with the sum of their spend; NULL is not
-- known. A sum of sizes is NULL where no size is published.
SELECT buyer_places.region,
    count(DISTINCT pair_totals.buyer_id) AS buyer_count,
    sum(pair_totals.amount_pence) AS amount_pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence
FROM pair_totals
LEFT JOIN buyer_places ON buyer_places.buyer_id = pair_totals.buyer_id
GROUP BY buyer_places.region
ORDER BY buyer_places.region IS NULL, amount_pence DESC, buyer_places.region
