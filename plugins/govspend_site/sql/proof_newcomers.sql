-- How many had sold or bought by the newest month, when most came, and when most were there. In the
-- first month everyone is new, so it is not asked. /* party */ becomes supplier or buyer.
WITH found AS (
/* include proof_market_newcomers */
),
first AS (SELECT min(month) AS opening, count(*) AS months FROM found)
SELECT (SELECT total_/* party */_count FROM found ORDER BY month DESC LIMIT 1) AS so_far_count,
    came.month AS most_new_month, came.new_/* party */_count AS most_new_count,
    busy.month AS most_in_month, busy./* party */_count AS most_in_month_count,
    (SELECT opening FROM first) AS first_month,
    (SELECT max(month) FROM found) AS last_month
FROM (
    SELECT found.* FROM found, first
    WHERE month > opening OR months = 1
    ORDER BY new_/* party */_count DESC, month LIMIT 1
) AS came, (SELECT * FROM found ORDER BY /* party */_count DESC, month LIMIT 1) AS busy
