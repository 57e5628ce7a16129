-- Size of firms in the months that two releases both tell: how it was published then and later.
SELECT supplier_size,
    sum(CASE WHEN release_id = :previous_id THEN line_count ELSE 0 END) AS before_count,
    sum(CASE WHEN release_id = :release_id THEN line_count ELSE 0 END) AS after_count,
    sum(CASE WHEN release_id = :previous_id THEN amount_pence ELSE 0 END) AS before_pence,
    sum(CASE WHEN release_id = :release_id THEN amount_pence ELSE 0 END) AS after_pence
FROM release_months
WHERE release_id IN (:previous_id, :release_id) AND month <= :previous_month
    AND month >= (SELECT max(oldest_month) FROM releases
        WHERE release_id IN (:previous_id, :release_id))
GROUP BY supplier_size
ORDER BY supplier_size IS NULL, supplier_size DESC
