-- Every release with the one before it in its feed, and the sums of its months: what a digest opens with.
SELECT releases.*, feeds.title AS feed, feeds.restates_history,
    earlier.release_id AS previous_id, earlier.newest_month AS previous_month,
    sum(release_months.amount_pence) AS total_pence,
    sum(CASE WHEN release_months.supplier_size = 'SME' THEN release_months.amount_pence END)
        AS sme_pence,
    count(release_months.supplier_size) AS sized_count,
    sum(CASE WHEN release_months.month = releases.newest_month
        THEN release_months.amount_pence ELSE 0 END) AS newest_pence
FROM releases
JOIN feeds ON feeds.feed_id = releases.feed_id
LEFT JOIN release_months ON release_months.release_id = releases.release_id
LEFT JOIN releases AS earlier ON earlier.feed_id = releases.feed_id
    AND earlier.position = releases.position - 1
GROUP BY releases.release_id
ORDER BY releases.newest_month DESC, releases.feed_id DESC, releases.position DESC
