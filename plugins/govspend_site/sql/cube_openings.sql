-- First sales of SMEs, as proof_openings has them, from the cube: to be put after WITH.
sales AS (
    SELECT DISTINCT supplier_id, buyer_id, first_sale_month AS month
    FROM pair_totals
    WHERE sale_count > 0 AND supplier_size = 'SME'
),
firsts AS (
    SELECT supplier_id, first_sme_month AS month FROM supplier_totals WHERE first_sme_month NOTNULL
),
openings AS (
    SELECT DISTINCT sales.supplier_id, sales.buyer_id, sales.month
    FROM firsts
    JOIN sales ON sales.supplier_id = firsts.supplier_id AND sales.month = firsts.month
)
