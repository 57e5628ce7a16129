-- What the newest month of each earlier release came to, and what the release after it said of it.
WITH sums AS (
    SELECT releases.feed_id, releases.position, releases.release_id, releases.newest_month,
        release_months.month, sum(release_months.amount_pence) AS amount_pence
    FROM release_months
    JOIN releases ON releases.release_id = release_months.release_id
    GROUP BY releases.release_id, release_months.month
)
SELECT first.newest_month AS month, first.release_id AS first_release_id,
    next.release_id AS next_release_id, first.amount_pence AS first_pence,
    next.amount_pence AS next_pence,
    round(100.0 * (next.amount_pence - first.amount_pence) / nullif(max(first.amount_pence, 0), 0), 1)
        AS change_pct
FROM sums AS first
JOIN sums AS next ON next.feed_id = first.feed_id AND next.position = first.position + 1
    AND next.month = first.month AND next.newest_month > first.newest_month
WHERE first.month = first.newest_month AND first.feed_id = :feed_id AND next.position <= :position
ORDER BY first.newest_month
