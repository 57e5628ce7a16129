-- Which buyers' figures made up most of what a release revised in months told before.
SELECT changes.buyer_id AS party_id, buyers.name,
    count(DISTINCT changes.month) AS month_count,
    sum(coalesce(changes.after_count, 0)) - sum(coalesce(changes.before_count, 0)) AS line_change,
    sum(coalesce(changes.after_pence, 0)) - sum(coalesce(changes.before_pence, 0)) AS change_pence
FROM changes
JOIN buyers ON buyers.buyer_id = changes.buyer_id
WHERE changes.release_id = :release_id AND changes.month <= :previous_month
GROUP BY changes.buyer_id
HAVING sum(coalesce(changes.after_pence, 0)) <> sum(coalesce(changes.before_pence, 0))
ORDER BY abs(sum(coalesce(changes.after_pence, 0)) - sum(coalesce(changes.before_pence, 0))) DESC,
    changes.buyer_id
