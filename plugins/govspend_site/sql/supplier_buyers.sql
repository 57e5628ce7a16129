-- Each buyer of one supplier. The share is of all that this supplier comes to.
SELECT pair_totals.buyer_id, buyers.name AS buyer_name,
    sum(amount_pence) AS amount_pence,
    round(100.0 * sum(amount_pence) / nullif(max(sum(sum(amount_pence)) OVER (), 0), 0), 1)
        AS amount_pct,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    sum(line_count) AS line_count,
    min(first_sale_month) AS first_month,
    max(last_sale_month) AS last_month
FROM pair_totals
JOIN buyers ON buyers.buyer_id = pair_totals.buyer_id
WHERE pair_totals.supplier_id = :supplier_id
GROUP BY pair_totals.buyer_id
ORDER BY sum(amount_pence) DESC, pair_totals.buyer_id
