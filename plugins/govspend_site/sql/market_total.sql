-- What was spent in all, by how many buyers and with how many suppliers.
SELECT sum(amount_pence) AS total_pence,
    sum(line_count) AS line_count,
    count(DISTINCT CASE WHEN sale_count > 0 THEN supplier_id END) AS suppliers_that_sold_count,
    count(DISTINCT CASE WHEN sale_count > 0 THEN buyer_id END) AS buyers_that_bought_count,
    min(first_month) AS first_month,
    max(last_month) AS last_month
FROM pair_totals
