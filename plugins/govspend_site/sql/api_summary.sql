-- What lines of spend come to for the API. /* groups */ becomes the columns of the groups, /* lines */
-- the lines or a cube of them, /* where */ the filters, and /* group by */ what they are grouped by.
-- Suppliers and buyers are counted where they have a sale (a line above zero). The SME share is of
-- all spend, that of unknown size included; it is null where that is zero or less, or where no size is
-- published.
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
FROM (/* lines */) AS spend
/* where */
/* group by */
