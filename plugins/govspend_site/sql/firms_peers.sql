-- The firms, the largest seller first.
SELECT sales.supplier_id, suppliers.name AS supplier_name, sum(sales.amount_pence) AS amount_pence,
    sum(sales.sale_count) AS sale_count, count(DISTINCT sales.buyer_id) AS buyer_count,
    firms.typical_pence, min(sales.first_month) AS first_month,
    max(sales.last_month) AS last_month
FROM sales
JOIN suppliers ON suppliers.supplier_id = sales.supplier_id
JOIN firms ON firms.supplier_id = sales.supplier_id
GROUP BY sales.supplier_id
ORDER BY sum(sales.amount_pence) DESC, sales.supplier_id
