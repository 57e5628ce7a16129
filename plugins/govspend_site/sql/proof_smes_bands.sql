-- Suppliers with a sale published as SME by what they sold as SMEs in all. Sales only, no credits.
WITH firms AS (
    SELECT supplier_id, sum(amount_pence) AS pence
    FROM spend
    WHERE supplier_size = 'SME' AND +amount_pence > 0
    GROUP BY supplier_id
),
bands (total_sales, from_pence, below_pence) AS (
    VALUES ('under £10k', 0, 1000000),
        ('£10k to £50k', 1000000, 5000000),
        ('£50k to £100k', 5000000, 10000000),
        ('£100k to £250k', 10000000, 25000000),
        ('£250k to £1m', 25000000, 100000000),
        ('£1m or more', 100000000, 9223372036854775807)
)
SELECT bands.total_sales, count(firms.supplier_id) AS supplier_count,
    coalesce(sum(firms.pence), 0) AS sales_pence
FROM bands
LEFT JOIN firms ON firms.pence >= bands.from_pence AND firms.pence < bands.below_pence
GROUP BY bands.from_pence
ORDER BY bands.from_pence
