-- Every supplier and buyer by name, with what its lines come to, the largest first.
SELECT 'supplier' AS kind, suppliers.supplier_id AS id, suppliers.name,
    coalesce(sum(spend.amount_pence), 0) AS amount_pence
FROM suppliers
LEFT JOIN spend ON spend.supplier_id = suppliers.supplier_id
GROUP BY suppliers.supplier_id
UNION ALL
SELECT 'buyer', buyers.buyer_id, buyers.name, coalesce(sum(spend.amount_pence), 0)
FROM buyers
LEFT JOIN spend ON spend.buyer_id = buyers.buyer_id
GROUP BY buyers.buyer_id
ORDER BY amount_pence DESC, id
