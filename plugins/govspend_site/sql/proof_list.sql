-- How many there are with a line, and what their lines come to. /* party */ becomes supplier or buyer.
SELECT count(DISTINCT /* party */_id) AS /* party */_count,
    sum(amount_pence) AS total_pence,
    count(*) AS line_count,
    min(month) AS first_month,
    max(month) AS last_month
FROM spend
