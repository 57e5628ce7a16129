-- Sales of each firm to each buyer in each month.
SELECT supplier_id, buyer_id, month, amount_pence, sale_count
FROM sales
ORDER BY supplier_id, buyer_id, month
