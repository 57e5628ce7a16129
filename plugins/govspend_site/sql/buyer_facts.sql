-- What one buyer's lines come to. A sale is a line above nought. One that stood in earlier releases
-- only has no lines.
SELECT buyers.buyer_id, buyers.name,
    coalesce(totals.amount_pence, 0) AS amount_pence,
    coalesce(sum(pair_totals.amount_pence - pair_totals.sale_pence), 0) AS credit_pence,
    totals.sme_pence,
    coalesce(sum(CASE WHEN pair_totals.supplier_size IS NULL THEN pair_totals.line_count END), 0)
        AS unknown_count,
    coalesce(totals.line_count, 0) AS line_count,
    coalesce(sum(pair_totals.sale_count), 0) AS sale_count,
    coalesce(totals.supplier_count, 0) AS supplier_count,
    coalesce(totals.sme_count, 0) AS sme_count,
    coalesce(totals.first_sale_count, 0) AS first_sale_count,
    totals.first_sale_month AS first_month,
    totals.last_sale_month AS last_month
FROM buyers
LEFT JOIN buyer_totals AS totals ON totals.buyer_id = buyers.buyer_id
LEFT JOIN pair_totals ON pair_totals.buyer_id = buyers.buyer_id
WHERE buyers.buyer_id = :buyer_id
GROUP BY buyers.buyer_id
