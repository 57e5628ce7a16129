-- How many of the buyers with a purchase bought from an SME. A purchase is a line above nought.
SELECT count(DISTINCT CASE WHEN supplier_size = 'SME' THEN buyer_id END)
        AS buyers_that_bought_from_smes_count,
    count(DISTINCT buyer_id) AS buyers_that_bought_count,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS bought_from_smes_pence,
    min(month) AS first_month,
    max(month) AS last_month
FROM spend
WHERE +amount_pence > 0
