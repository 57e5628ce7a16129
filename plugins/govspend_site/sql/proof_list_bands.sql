-- The same by what the lines of each come to in all.
WITH sums AS (
    SELECT /* party */_id, sum(amount_pence) AS pence FROM spend GROUP BY /* party */_id
),
bands (total, from_pence, below_pence) AS (
    VALUES ('nothing, or credits', -9223372036854775807, 1),
        ('under £10k', 1, 1000000),
        ('£10k to £100k', 1000000, 10000000),
        ('£100k to £1m', 10000000, 100000000),
        ('£1m to £10m', 100000000, 1000000000),
        ('£10m or more', 1000000000, 9223372036854775807)
)
SELECT bands.total, count(sums./* party */_id) AS /* party */_count,
    coalesce(sum(sums.pence), 0) AS total_pence
FROM bands
LEFT JOIN sums ON sums.pence >= bands.from_pence AND sums.pence < bands.below_pence
GROUP BY bands.from_pence
ORDER BY bands.from_pence
