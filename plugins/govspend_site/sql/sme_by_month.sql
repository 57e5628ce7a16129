-- Spend of each month by supplier size, from the current release of every feed.
SELECT release_months.month,
    release_months.supplier_size,
    sum(release_months.line_count) AS line_count,
    sum(release_months.amount_pence) AS amount_pence
FROM release_months
JOIN releases ON releases.release_id = release_months.release_id
WHERE releases.is_current = 1
GROUP BY release_months.month, release_months.supplier_size
ORDER BY release_months.month, release_months.supplier_size
