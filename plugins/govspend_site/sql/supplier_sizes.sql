-- The sizes that one supplier was published under in the current releases, and from when to when.
SELECT supplier_size, min(month) AS first_month, max(month) AS last_month,
    count(*) AS month_count, sum(line_count) AS line_count, sum(amount_pence) AS amount_pence
FROM supplier_months
WHERE supplier_id = :supplier_id
GROUP BY supplier_size
ORDER BY min(month), supplier_size
