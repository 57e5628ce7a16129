-- The latest purchases of one buyer: the largest lines of its newest months.
SELECT spend.spend_id, spend.month, spend.supplier_id, suppliers.name AS supplier_name, spend.lot,
    spend.description, spend.amount_pence
FROM spend
LEFT JOIN suppliers ON suppliers.supplier_id = spend.supplier_id
WHERE spend.buyer_id = :buyer_id AND spend.amount_pence > 0
ORDER BY spend.month DESC, spend.amount_pence DESC, spend.spend_id
LIMIT 10
