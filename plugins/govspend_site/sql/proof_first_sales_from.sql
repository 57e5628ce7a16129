-- SMEs whose first sale was to one buyer.
WITH /* include proof_openings */
SELECT count(*) AS sme_suppliers_count,
    (SELECT min(month) FROM spend) AS first_month,
    (SELECT max(month) FROM spend) AS last_month
FROM openings /* where */
