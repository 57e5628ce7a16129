-- The lines of a supplier's first and of its latest month with a sale: lines carry a month, no day.
WITH months AS (
    SELECT min(month) AS first_month, max(month) AS last_month
    FROM spend WHERE supplier_id = :supplier_id AND amount_pence > 0
)
SELECT CASE WHEN spend.month = months.first_month THEN 'first' ELSE 'latest' END AS sale,
    spend.spend_id, spend.month, spend.buyer_id, buyers.name AS buyer_name, spend.lot,
    spend.description, spend.amount_pence
FROM spend
JOIN months ON spend.month IN (months.first_month, months.last_month)
JOIN buyers ON buyers.buyer_id = spend.buyer_id
WHERE spend.supplier_id = :supplier_id AND spend.amount_pence > 0
ORDER BY spend.month, spend.amount_pence DESC, spend.spend_id
