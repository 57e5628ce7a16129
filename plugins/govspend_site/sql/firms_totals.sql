-- The sales of firms of the size that was chosen: what each firm sold to each buyer, and when it
-- began. /* choices */ becomes that size, and /* typical */ what a firm usually sells at once.
firms AS (
    SELECT supplier_id, usual_pence AS typical_pence FROM usual_deals
    WHERE size_choice = :usual_of /* typical */
),
sales AS (
    -- A pair has a row for each size and published name; the earliest tells when it began.
    SELECT spend.supplier_id AS supplier_id, spend.buyer_id AS buyer_id,
        spend.first_sale_month AS first_month, spend.last_sale_month AS last_month,
        spend.first_sale_pence AS first_pence, spend.sale_pence AS amount_pence, spend.sale_count
    FROM pair_totals AS spend
    WHERE spend.sale_count > 0 /* choices */ /* whose */
)
