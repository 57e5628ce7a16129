-- SMEs watched for 12 months or more since their first sale: how many sold to a second buyer by then.
WITH /* include proof_waits */
SELECT count(CASE WHEN reached = 1 AND wait <= 12 THEN 1 END) AS second_buyer_within_12_months_count,
    count(*) AS watched_12_months_count,
    CASE WHEN count(*) > 0 THEN
        round(100.0 * count(CASE WHEN reached = 1 AND wait <= 12 THEN 1 END) / count(*), 1) END
        AS share_pct,
    (SELECT min(month) FROM spend) AS first_month,
    (SELECT month FROM ending) AS last_month
FROM waits
WHERE watched >= 12
