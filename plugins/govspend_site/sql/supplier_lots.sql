-- Frameworks and lots of one supplier's lines.
SELECT framework, lot,
    sum(amount_pence) AS amount_pence,
    count(DISTINCT CASE WHEN sale_count > 0 THEN buyer_id END) AS buyer_count,
    sum(line_count) AS line_count,
    min(first_sale_month) AS first_month,
    max(last_sale_month) AS last_month
FROM pair_years
WHERE supplier_id = :supplier_id
GROUP BY framework, lot
ORDER BY sum(amount_pence) DESC, framework, lot
