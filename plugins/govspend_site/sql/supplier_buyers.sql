-- Each buyer of one supplier. The share is of all that this supplier comes to.
SELECT spend.buyer_id, buyers.name AS buyer_name,
    sum(amount_pence) AS amount_pence,
    round(100.0 * sum(amount_pence) / nullif(max(sum(sum(amount_pence)) OVER (), 0), 0), 1)
        AS amount_pct,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    count(*) AS line_count,
    min(CASE WHEN amount_pence > 0 THEN month END) AS first_month,
    max(CASE WHEN amount_pence > 0 THEN month END) AS last_month
FROM spend
JOIN buyers ON buyers.buyer_id = spend.buyer_id
WHERE spend.supplier_id = :supplier_id
GROUP BY spend.buyer_id
ORDER BY sum(amount_pence) DESC, spend.buyer_id
