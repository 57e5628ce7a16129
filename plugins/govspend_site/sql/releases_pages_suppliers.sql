-- Whose sales a release changed most, in the months that the release before it had already told.
SELECT changes.supplier_id, suppliers.name AS supplier_name,
    count(DISTINCT changes.month) AS month_count,
    sum(coalesce(changes.before_pence, 0)) AS before_pence,
    sum(coalesce(changes.after_pence, 0)) AS after_pence,
    sum(coalesce(changes.after_pence, 0)) - sum(coalesce(changes.before_pence, 0)) AS change_pence
FROM changes
JOIN suppliers ON suppliers.supplier_id = changes.supplier_id
WHERE changes.release_id = :release_id AND changes.month <= :previous_month
GROUP BY changes.supplier_id
ORDER BY abs(sum(coalesce(changes.after_pence, 0)) - sum(coalesce(changes.before_pence, 0))) DESC,
    changes.supplier_id
