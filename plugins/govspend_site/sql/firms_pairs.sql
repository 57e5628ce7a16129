-- What each firm sold to each buyer in each month, from the cube of months, which the audit proves equal
-- to the lines. /* choices */ becomes the conditions that were asked.
months AS (
    SELECT spend.supplier_id AS supplier_id, spend.buyer_id AS buyer_id, spend.month,
        sum(spend.sale_pence) AS amount_pence, sum(spend.sale_count) AS sale_count
    FROM pair_months AS spend
    WHERE spend.sale_count > 0 /* choices */
    GROUP BY spend.supplier_id, spend.buyer_id, spend.month
)
