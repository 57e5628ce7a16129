-- Which suppliers' figures made up most of what a release revised in months told before.
SELECT changes.supplier_id AS party_id, suppliers.name,
    count(DISTINCT changes.month) AS month_count,
    sum(coalesce(changes.after_count, 0)) - sum(coalesce(changes.before_count, 0)) AS line_change,
    sum(coalesce(changes.after_pence, 0)) - sum(coalesce(changes.before_pence, 0)) AS change_pence
FROM changes
JOIN suppliers ON suppliers.supplier_id = changes.supplier_id
WHERE changes.release_id = :release_id AND changes.month <= :previous_month
GROUP BY changes.supplier_id
HAVING sum(coalesce(changes.after_pence, 0)) <> sum(coalesce(changes.before_pence, 0))
ORDER BY abs(sum(coalesce(changes.after_pence, 0)) - sum(coalesce(changes.before_pence, 0))) DESC,
    changes.supplier_id
