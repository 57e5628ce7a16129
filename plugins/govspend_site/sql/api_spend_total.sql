-- How many lines of spend the filters choose, and what they come to. /* where */ becomes them.
SELECT count(*) AS count, coalesce(sum(spend.amount_pence), 0) AS amount_pence
FROM spend
/* where */
