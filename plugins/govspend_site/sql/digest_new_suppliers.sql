-- Suppliers whose first sale a release tells of after the newest month of the release before it.
WITH /* pairs */
firsts AS (
    SELECT supplier_id, min(month) AS first_month FROM pairs WHERE sold GROUP BY supplier_id
)
SELECT pairs.supplier_id AS party_id, suppliers.name, firsts.first_month,
    count(DISTINCT CASE WHEN pairs.sold THEN pairs.buyer_id END) AS other_count,
    sum(pairs.amount_pence) AS amount_pence
FROM firsts
JOIN pairs ON pairs.supplier_id = firsts.supplier_id
JOIN suppliers ON suppliers.supplier_id = firsts.supplier_id
WHERE firsts.first_month > :previous_month
GROUP BY pairs.supplier_id
ORDER BY sum(pairs.amount_pence) DESC, pairs.supplier_id
