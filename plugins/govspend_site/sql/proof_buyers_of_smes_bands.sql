-- The same buyers by what they bought from SMEs in all. Purchases only, no credits.
WITH sums AS (
    SELECT buyer_id, sum(amount_pence) AS pence
    FROM spend
    WHERE supplier_size = 'SME' AND +amount_pence > 0
    GROUP BY buyer_id
),
bands (from_smes, from_pence, below_pence) AS (
    VALUES ('under £10k', 0, 1000000),
        ('£10k to £50k', 1000000, 5000000),
        ('£50k to £100k', 5000000, 10000000),
        ('£100k to £250k', 10000000, 25000000),
        ('£250k to £1m', 25000000, 100000000),
        ('£1m or more', 100000000, 9223372036854775807)
)
SELECT bands.from_smes, count(sums.buyer_id) AS buyer_count,
    coalesce(sum(sums.pence), 0) AS bought_from_smes_pence
FROM bands
LEFT JOIN sums ON sums.pence >= bands.from_pence AND sums.pence < bands.below_pence
GROUP BY bands.from_pence
ORDER BY bands.from_pence
