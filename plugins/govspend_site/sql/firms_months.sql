-- What each firm sold to each buyer in each month, from the sales. Where nothing else asks those, it may
-- be asked of each file of lines.
parts AS (/* each */
    SELECT supplier_id, buyer_id, month, sum(amount_pence) AS amount_pence, count(*) AS sale_count
    FROM fitting
    GROUP BY supplier_id, buyer_id, month
),
months AS (
    SELECT supplier_id, buyer_id, month, sum(amount_pence) AS amount_pence,
        sum(sale_count) AS sale_count
    FROM parts
    GROUP BY supplier_id, buyer_id, month
)
