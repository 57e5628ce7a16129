-- What one buyer's lines come to. A sale is a line above nought. One that stood in earlier releases
-- only has no lines.
WITH firsts AS MATERIALIZED (
    SELECT supplier_id, min(first_sale_month) AS first_month
    FROM pair_totals WHERE supplier_size = 'SME' GROUP BY +supplier_id
)
SELECT buyers.buyer_id, buyers.name,
    coalesce(sum(amount_pence), 0) AS amount_pence,
    coalesce(sum(amount_pence - sale_pence), 0) AS credit_pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    coalesce(sum(CASE WHEN supplier_size IS NULL THEN line_count END), 0) AS unknown_count,
    coalesce(sum(line_count), 0) AS line_count,
    coalesce(sum(sale_count), 0) AS sale_count,
    count(DISTINCT CASE WHEN sale_count > 0 THEN pair_totals.supplier_id END) AS supplier_count,
    count(DISTINCT CASE WHEN sale_count > 0 AND supplier_size = 'SME'
        THEN pair_totals.supplier_id END) AS sme_count,
    count(DISTINCT CASE WHEN sale_count > 0 AND supplier_size = 'SME'
        AND first_sale_month = firsts.first_month THEN pair_totals.supplier_id END)
        AS first_sale_count,
    min(first_sale_month) AS first_month,
    max(last_sale_month) AS last_month
FROM buyers
LEFT JOIN pair_totals ON pair_totals.buyer_id = buyers.buyer_id
LEFT JOIN firsts ON firsts.supplier_id = pair_totals.supplier_id
WHERE buyers.buyer_id = :buyer_id
GROUP BY buyers.buyer_id
