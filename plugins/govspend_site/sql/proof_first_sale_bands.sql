-- SMEs by what they sold in the first month in which they sold as SMEs.
WITH months AS (
    SELECT supplier_id, month, sum(amount_pence) AS pence,
        row_number() OVER (PARTITION BY supplier_id ORDER BY month) AS nth
    FROM spend
    WHERE +amount_pence > 0 AND supplier_size = 'SME'
    GROUP BY supplier_id, month
),
bands (first_sale, from_pence, below_pence) AS (
    VALUES ('under £1k', 0, 100000),
        ('£1k to £5k', 100000, 500000),
        ('£5k to £10k', 500000, 1000000),
        ('£10k to £25k', 1000000, 2500000),
        ('£25k to £50k', 2500000, 5000000),
        ('£50k to £100k', 5000000, 10000000),
        ('£100k or more', 10000000, 9223372036854775807)
)
SELECT bands.first_sale, count(months.supplier_id) AS supplier_count
FROM bands
LEFT JOIN months ON months.pence >= bands.from_pence AND months.pence < bands.below_pence
    AND months.nth = 1
GROUP BY bands.from_pence
ORDER BY bands.from_pence
