-- Buyers by the region or nation of their head office, with the sum of their spend; NULL is not
-- known. A sum of sizes is NULL where no size is published.
SELECT buyer_places.region,
    count(DISTINCT spend.buyer_id) AS buyer_count,
    sum(spend.amount_pence) AS amount_pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence
FROM spend
LEFT JOIN buyer_places ON buyer_places.buyer_id = spend.buyer_id
GROUP BY buyer_places.region
ORDER BY buyer_places.region IS NULL, amount_pence DESC, buyer_places.region
