-- SMEs watched for 12 months or more since their first sale: how many sold to a second buyer by then.
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
)
SELECT count(CASE WHEN wait <= 12 THEN 1 END) AS second_buyer_within_12_months_count,
    count(*) AS watched_12_months_count,
    CASE WHEN count(*) > 0 THEN
        round(100.0 * count(CASE WHEN wait <= 12 THEN 1 END) / count(*), 1) END AS share_pct,
    (SELECT min(month) FROM spend) AS first_month,
    (SELECT max(month) FROM spend) AS last_month
FROM watched
