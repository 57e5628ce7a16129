-- The same as api_summary.sql from the cubes of buyers and suppliers, which tell who sold and bought.
-- /* source */ becomes that of months or that of financial years; of a year the last month is told.
SELECT /* groups */
    coalesce(sum(spend.amount_pence), 0) / 100.0 AS amount,
    coalesce(sum(spend.amount_pence), 0) AS amount_pence,
    coalesce(sum(spend.line_count), 0) AS line_count,
    count(DISTINCT CASE WHEN spend.sale_count > 0 THEN spend.supplier_id END) AS supplier_count,
    count(DISTINCT CASE WHEN spend.sale_count > 0 THEN spend.buyer_id END) AS buyer_count,
    sum(CASE WHEN spend.supplier_size = 'SME' THEN spend.amount_pence
        WHEN spend.supplier_size IS NOT NULL THEN 0 END) / 100.0 AS sme_amount,
    sum(CASE WHEN spend.supplier_size = 'SME' THEN spend.amount_pence
        WHEN spend.supplier_size IS NOT NULL THEN 0 END) AS sme_amount_pence,
    CASE WHEN sum(spend.amount_pence) > 0 AND count(spend.supplier_size) > 0 THEN round(1.0
        * sum(CASE WHEN spend.supplier_size = 'SME' THEN spend.amount_pence ELSE 0 END)
        / sum(spend.amount_pence), 6) END AS sme_share,
    coalesce(max(spend.month) > :last_settled, 0) AS is_provisional
FROM (/* source */) AS spend
/* where */
/* group by */
