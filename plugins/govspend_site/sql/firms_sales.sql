-- What each firm sold to each buyer, and when it began. /* whose */ becomes the firms that may.
begun AS (
    SELECT supplier_id, buyer_id, month, amount_pence, sale_count,
        min(month) OVER (PARTITION BY supplier_id, buyer_id) AS first_month
    FROM months
    WHERE 1 /* whose */
),
sales AS (
    SELECT supplier_id, buyer_id, first_month, max(month) AS last_month,
        sum(CASE WHEN month = first_month THEN amount_pence END) AS first_pence,
        sum(amount_pence) AS amount_pence, sum(sale_count) AS sale_count
    FROM begun
    GROUP BY supplier_id, buyer_id
)
