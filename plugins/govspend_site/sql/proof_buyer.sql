-- What one buyer bought, and from whom. Suppliers are those with a sale, a line above nought.
SELECT sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS sme_pence,
    sum(amount_pence) AS total_pence,
    CASE WHEN sum(amount_pence) > 0 AND count(supplier_size) > 0 THEN round(100.0
        * sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END)
        / sum(amount_pence), 1) END AS sme_pct,
    count(DISTINCT CASE WHEN amount_pence > 0 THEN supplier_id END) AS suppliers_count,
    count(DISTINCT CASE WHEN amount_pence > 0 AND supplier_size = 'SME' THEN supplier_id END)
        AS sme_suppliers_count,
    count(*) AS line_count,
    coalesce(min(CASE WHEN amount_pence > 0 THEN month END), min(month)) AS first_month,
    coalesce(max(CASE WHEN amount_pence > 0 THEN month END), max(month)) AS last_month
FROM spend /* where */
