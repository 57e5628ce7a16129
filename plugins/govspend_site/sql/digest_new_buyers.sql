-- Buyers whose first sale a release tells of after the newest month of the release before it.
WITH /* pairs */
firsts AS (
    SELECT buyer_id, min(month) AS first_month FROM pairs WHERE sold GROUP BY buyer_id
)
SELECT pairs.buyer_id AS party_id, buyers.name, firsts.first_month,
    count(DISTINCT CASE WHEN pairs.sold THEN pairs.supplier_id END) AS other_count,
    sum(pairs.amount_pence) AS amount_pence
FROM firsts
JOIN pairs ON pairs.buyer_id = firsts.buyer_id
JOIN buyers ON buyers.buyer_id = firsts.buyer_id
WHERE firsts.first_month > :previous_month
GROUP BY pairs.buyer_id
ORDER BY sum(pairs.amount_pence) DESC, pairs.buyer_id
