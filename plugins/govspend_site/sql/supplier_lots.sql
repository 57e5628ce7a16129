-- Frameworks and lots of one supplier's lines.
SELECT framework, lot,
    sum(amount_pence) AS amount_pence,
    count(DISTINCT CASE WHEN amount_pence > 0 THEN buyer_id END) AS buyer_count,
    count(*) AS line_count,
    min(CASE WHEN amount_pence > 0 THEN month END) AS first_month,
    max(CASE WHEN amount_pence > 0 THEN month END) AS last_month
FROM spend
WHERE supplier_id = :supplier_id
GROUP BY framework, lot
ORDER BY sum(amount_pence) DESC, framework, lot
