-- First sales that buyers gave to SMEs: more than the firms, as some began with several buyers.
WITH /* include proof_openings */
SELECT count(*) AS first_sale_count,
    count(DISTINCT supplier_id) AS sme_suppliers_count,
    count(DISTINCT buyer_id) AS buyer_count,
    (SELECT count(*) FROM (SELECT 1 FROM openings GROUP BY supplier_id HAVING count(*) > 1))
        AS began_with_more_count,
    (SELECT min(month) FROM spend) AS first_month,
    (SELECT max(month) FROM spend) AS last_month
FROM openings
