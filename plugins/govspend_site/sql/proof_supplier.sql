-- What one supplier sold. A sale is a line above nought; credits are in the sum.
SELECT sum(amount_pence) AS total_pence,
    count(*) AS line_count,
    count(DISTINCT CASE WHEN amount_pence > 0 THEN buyer_id END) AS buyers_sold_to_count,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS as_sme_pence,
    coalesce(min(CASE WHEN amount_pence > 0 THEN month END), min(month)) AS first_month,
    coalesce(max(CASE WHEN amount_pence > 0 THEN month END), max(month)) AS last_month
FROM spend /* where */
