-- How many suppliers sold and how many buyers bought in each month, how many of them for the first
-- time, and how many had by then. A sale is a line above nought.
SELECT month, supplier_count, new_supplier_count,
    sum(new_supplier_count) OVER (ORDER BY month) AS total_supplier_count,
    buyer_count, new_buyer_count,
    sum(new_buyer_count) OVER (ORDER BY month) AS total_buyer_count
FROM party_months
ORDER BY month
