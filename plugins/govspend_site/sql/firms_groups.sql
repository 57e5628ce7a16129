-- What each firm sold to each buyer: in the first month, and in all.
SELECT supplier_id, buyer_id, first_month, first_pence, amount_pence
FROM sales
ORDER BY supplier_id, buyer_id, first_month
