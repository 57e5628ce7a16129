-- What went to SMEs, of all lines or of those of a period. /* where */ becomes the condition.
SELECT sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS sme_pence,
    sum(amount_pence) AS total_pence,
    CASE WHEN sum(amount_pence) > 0 AND count(supplier_size) > 0 THEN round(100.0
        * sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END)
        / sum(amount_pence), 1) END AS sme_pct,
    sum(CASE WHEN supplier_size IS NULL THEN amount_pence ELSE 0 END) AS size_not_published_pence,
    count(*) - count(supplier_size) AS size_not_published_count,
    count(*) AS line_count,
    min(month) AS first_month,
    max(month) AS last_month
FROM spend /* where */
