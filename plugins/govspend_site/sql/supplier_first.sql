-- The first sales of one supplier: the largest lines of its oldest months.
SELECT spend.spend_id, spend.month, spend.buyer_id, buyers.name AS buyer_name, spend.lot,
    spend.description, spend.amount_pence
FROM spend
LEFT JOIN buyers ON buyers.buyer_id = spend.buyer_id
WHERE spend.supplier_id = :supplier_id AND spend.amount_pence > 0
ORDER BY spend.month, spend.amount_pence DESC, spend.spend_id
LIMIT 5
