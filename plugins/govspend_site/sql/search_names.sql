-- Every supplier and buyer by name, with what its lines come to, the largest first.
SELECT 'supplier' AS kind, suppliers.supplier_id AS id, suppliers.name,
    coalesce(totals.amount_pence, 0) AS amount_pence
FROM suppliers
LEFT JOIN supplier_totals AS totals ON totals.supplier_id = suppliers.supplier_id
UNION ALL
SELECT 'buyer', buyers.buyer_id, buyers.name, coalesce(totals.amount_pence, 0)
FROM buyers
LEFT JOIN buyer_totals AS totals ON totals.buyer_id = buyers.buyer_id
ORDER BY amount_pence DESC, id
