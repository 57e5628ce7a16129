-- The largest part of all spend, and its share. /* column */ becomes lot, sector or framework.
WITH sums AS (
    SELECT /* column */ AS name, sum(amount_pence) AS amount_pence FROM spend GROUP BY 1
)
SELECT sums.name AS largest_name, sums.amount_pence AS largest_pence,
    (SELECT sum(amount_pence) FROM sums) AS total_pence,
    CASE WHEN (SELECT sum(amount_pence) FROM sums) > 0 THEN
        round(100.0 * sums.amount_pence / (SELECT sum(amount_pence) FROM sums), 1) END AS largest_pct,
    (SELECT min(month) FROM spend) AS first_month,
    (SELECT max(month) FROM spend) AS last_month
FROM sums
ORDER BY sums.amount_pence DESC, sums.name
LIMIT 1
