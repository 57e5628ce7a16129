-- Frameworks and lots of one buyer's lines.
SELECT framework, lot,
    sum(amount_pence) AS amount_pence,
    count(DISTINCT CASE WHEN amount_pence > 0 THEN supplier_id END) AS supplier_count,
    count(*) AS line_count,
    min(CASE WHEN amount_pence > 0 THEN month END) AS first_month,
    max(CASE WHEN amount_pence > 0 THEN month END) AS last_month
FROM spend
WHERE buyer_id = :buyer_id
GROUP BY framework, lot
ORDER BY sum(amount_pence) DESC, framework, lot
