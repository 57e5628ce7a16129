-- First sales of SMEs: every buyer of the first month in which a firm sold as an SME gave it one. To
-- be put after WITH in other queries.
sales AS (
    SELECT DISTINCT supplier_id, buyer_id, month
    -- The + keeps SQLite from an index, by which every line would be fetched by itself.
    FROM spend
    WHERE +amount_pence > 0 AND supplier_size = 'SME'
),
firsts AS (
    SELECT supplier_id, min(month) AS month FROM sales GROUP BY supplier_id
),
openings AS (
    SELECT sales.supplier_id, sales.buyer_id, sales.month
    FROM firsts
    JOIN sales ON sales.supplier_id = firsts.supplier_id AND sales.month = firsts.month
)
