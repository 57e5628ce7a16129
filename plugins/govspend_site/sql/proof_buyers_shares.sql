-- Every buyer by the share of its money that went to SMEs. A share needs a sum above nought.
WITH sums AS (
    SELECT sum(amount_pence) AS amount_pence,
        sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS sme_pence
    FROM spend GROUP BY buyer_id
),
placed AS (
    SELECT CASE WHEN amount_pence <= 0 THEN 6
        WHEN sme_pence = amount_pence THEN 1
        WHEN 100.0 * sme_pence / amount_pence >= 75 THEN 2
        WHEN 100.0 * sme_pence / amount_pence >= 50 THEN 3
        WHEN 100.0 * sme_pence / amount_pence >= 25 THEN 4
        ELSE 5 END AS place, amount_pence
    FROM sums
),
bands (sme_share, place) AS (
    VALUES ('all', 1), ('75% or more', 2), ('50% to 75%', 3), ('25% to 50%', 4), ('under 25%', 5),
        ('no sum above nought', 6)
)
SELECT bands.sme_share, count(placed.place) AS buyer_count,
    coalesce(sum(placed.amount_pence), 0) AS amount_pence
FROM bands
LEFT JOIN placed ON placed.place = bands.place
GROUP BY bands.place
ORDER BY bands.place
