-- What one buyer's lines come to. A sale is a line above nought. One that stood in earlier releases
-- only has no lines.
WITH firsts AS (
    SELECT supplier_id, min(month) AS first_month
    FROM spend NOT INDEXED
    WHERE supplier_size = 'SME' AND amount_pence > 0
    GROUP BY supplier_id
)
SELECT buyers.buyer_id, buyers.name,
    coalesce(sum(amount_pence), 0) AS amount_pence,
    sum(CASE WHEN amount_pence < 0 THEN amount_pence ELSE 0 END) AS credit_pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    count(CASE WHEN supplier_size IS NULL THEN spend.spend_id END) AS unknown_count,
    count(spend.spend_id) AS line_count,
    coalesce(sum(amount_pence > 0), 0) AS sale_count,
    count(DISTINCT CASE WHEN amount_pence > 0 THEN spend.supplier_id END) AS supplier_count,
    count(DISTINCT CASE WHEN amount_pence > 0 AND supplier_size = 'SME' THEN spend.supplier_id END)
        AS sme_count,
    count(DISTINCT CASE WHEN amount_pence > 0 AND supplier_size = 'SME'
        AND spend.month = firsts.first_month THEN spend.supplier_id END) AS first_sale_count,
    min(CASE WHEN amount_pence > 0 THEN month END) AS first_month,
    max(CASE WHEN amount_pence > 0 THEN month END) AS last_month
FROM buyers
LEFT JOIN spend ON spend.buyer_id = buyers.buyer_id
LEFT JOIN firsts ON firsts.supplier_id = spend.supplier_id
WHERE buyers.buyer_id = :buyer_id
GROUP BY buyers.buyer_id
