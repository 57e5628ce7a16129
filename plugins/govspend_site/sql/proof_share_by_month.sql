-- The SME share of each settled month: how often it was over half, its lowest and its highest.
WITH months AS (
    SELECT month,
        CASE WHEN sum(amount_pence) > 0 AND count(supplier_size) > 0 THEN round(100.0
            * sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END)
            / sum(amount_pence), 1) END AS sme_pct
    FROM spend /* where */
    GROUP BY month
)
SELECT count(*) AS month_count,
    count(sme_pct) AS months_with_share_count,
    count(CASE WHEN sme_pct > 50 THEN 1 END) AS months_over_half_count,
    min(sme_pct) AS lowest_pct,
    (SELECT month FROM months WHERE sme_pct IS NOT NULL ORDER BY sme_pct, month LIMIT 1)
        AS lowest_month,
    max(sme_pct) AS highest_pct,
    (SELECT month FROM months WHERE sme_pct IS NOT NULL ORDER BY sme_pct DESC, month LIMIT 1)
        AS highest_month,
    min(month) AS first_month,
    max(month) AS last_month
FROM months
