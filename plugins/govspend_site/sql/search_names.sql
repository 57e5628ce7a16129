-- Every supplier and buyer by name, with what its lines come to, the largest first.
SELECT 'supplier' AS kind, suppliers.supplier_id AS id, suppliers.name,
    coalesce(sum(pair_totals.amount_pence), 0) AS amount_pence
FROM suppliers
LEFT JOIN pair_totals ON pair_totals.supplier_id = suppliers.supplier_id
GROUP BY suppliers.supplier_id
UNION ALL
SELECT 'buyer', buyers.buyer_id, buyers.name, coalesce(sum(pair_totals.amount_pence), 0)
FROM buyers
LEFT JOIN pair_totals ON pair_totals.buyer_id = buyers.buyer_id
GROUP BY buyers.buyer_id
ORDER BY amount_pence DESC, id
