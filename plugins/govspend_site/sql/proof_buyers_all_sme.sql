-- Buyers all of whose money went to SMEs, and how many of those had one supplier.
SELECT buyer_count, all_sme_count AS with_smes_alone_count,
    one_supplier_count AS of_them_with_one_firm_count,
    (SELECT min(month) FROM spend) AS first_month,
    (SELECT max(month) FROM spend) AS last_month
FROM (
/* include proof_all_sme */
)
