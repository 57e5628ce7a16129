-- The SME share of each month; null where nothing can be a share of it.
SELECT month,
    CASE WHEN sum(amount_pence) > 0 AND count(supplier_size) > 0 THEN round(100.0
        * sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END)
        / sum(amount_pence), 1) END AS sme_pct,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS sme_pence,
    sum(amount_pence) AS total_pence
FROM spend
GROUP BY month
ORDER BY month
