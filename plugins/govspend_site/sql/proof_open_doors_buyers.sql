-- The buyers that gave a first sale to three firms or more.
WITH /* include proof_openings */
SELECT buyers.name AS buyer, count(*) AS supplier_count, max(openings.month) AS latest_month
FROM openings
JOIN buyers ON buyers.buyer_id = openings.buyer_id
GROUP BY openings.buyer_id
HAVING count(*) >= 3
ORDER BY count(*) DESC, openings.buyer_id
