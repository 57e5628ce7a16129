-- The same firms by the months between first sale and second buyer.
WITH openings AS (
    SELECT supplier_id, buyer_id, min(month) AS month,
        12 * substr(min(month), 1, 4) + substr(min(month), 6, 2) AS month_number
    FROM spend
    WHERE amount_pence > 0
    GROUP BY supplier_id, buyer_id
),
placed AS (
    SELECT supplier_id, month, month_number,
        row_number() OVER (PARTITION BY supplier_id ORDER BY month, buyer_id) AS place
    FROM openings
),
watched AS (
    SELECT firsts.supplier_id, seconds.month_number - firsts.month_number AS wait
    FROM placed AS firsts
    LEFT JOIN placed AS seconds ON seconds.supplier_id = firsts.supplier_id AND seconds.place = 2
    WHERE firsts.place = 1
        AND (SELECT 12 * substr(max(month), 1, 4) + substr(max(month), 6, 2) FROM spend)
            - firsts.month_number >= 12
        AND EXISTS (
            SELECT 1 FROM spend
            WHERE spend.supplier_id = firsts.supplier_id AND spend.month = firsts.month
                AND spend.amount_pence > 0 AND spend.supplier_size = 'SME'
        )
),
bands (second_buyer, from_month, to_month) AS (
    VALUES ('same month', 0, 0), ('1 to 3 months', 1, 3), ('4 to 6 months', 4, 6),
        ('7 to 12 months', 7, 12), ('later', 13, 1000000), ('not so far', NULL, NULL)
)
SELECT bands.second_buyer, count(watched.supplier_id) AS supplier_count
FROM bands
LEFT JOIN watched ON watched.wait BETWEEN bands.from_month AND bands.to_month
    OR (bands.from_month IS NULL AND watched.wait IS NULL)
GROUP BY bands.second_buyer
ORDER BY coalesce(bands.from_month, 1000001)
