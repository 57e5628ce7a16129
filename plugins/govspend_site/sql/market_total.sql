-- What was spent in all, by how many buyers and with how many suppliers.
SELECT sum(amount_pence) AS total_pence,
    sum(line_count) AS line_count,
    count(CASE WHEN buyer_count > 0 THEN 1 END) AS suppliers_that_sold_count,
    (SELECT count(*) FROM buyer_totals WHERE supplier_count > 0) AS buyers_that_bought_count,
    (SELECT min(first_month) FROM supplier_sizes) AS first_month,
    (SELECT max(last_month) FROM supplier_sizes) AS last_month
FROM supplier_totals
