-- What each earlier release said of a month beside what the current one says of it.
WITH totals AS (
    SELECT releases.feed_id, releases.release_id, releases.newest_month, releases.is_current,
        release_months.month, sum(release_months.amount_pence) AS pence
    FROM release_months
    JOIN releases ON releases.release_id = release_months.release_id
    GROUP BY releases.release_id, release_months.month
)
SELECT earlier.feed_id, earlier.release_id, earlier.newest_month, earlier.month,
    earlier.pence AS then_pence, current.pence AS now_pence
FROM totals AS earlier
JOIN totals AS current ON current.feed_id = earlier.feed_id AND current.month = earlier.month
WHERE current.is_current = 1 AND earlier.is_current = 0
ORDER BY earlier.feed_id, earlier.release_id, earlier.month
