-- Each supplier of one buyer. The share is of all that this buyer comes to.
SELECT spend.supplier_id, suppliers.name AS supplier_name,
    sum(amount_pence) AS amount_pence,
    round(100.0 * sum(amount_pence) / nullif(max(sum(sum(amount_pence)) OVER (), 0), 0), 1)
        AS amount_pct,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    count(*) AS line_count,
    min(CASE WHEN amount_pence > 0 THEN month END) AS first_month,
    max(CASE WHEN amount_pence > 0 THEN month END) AS last_month
FROM spend
JOIN suppliers ON suppliers.supplier_id = spend.supplier_id
WHERE spend.buyer_id = :buyer_id
GROUP BY spend.supplier_id
ORDER BY sum(amount_pence) DESC, spend.supplier_id
