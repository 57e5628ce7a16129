-- Every feed with a release: what its newest release is, and how often another is expected.
SELECT feeds.feed_id, feeds.title, feeds.cadence, max(releases.newest_month) AS newest_month,
    max(releases.published_date) AS published_date,
    min(releases.release_id) AS release_id, count(*) AS release_count
FROM feeds
JOIN releases ON releases.feed_id = feeds.feed_id AND releases.is_current = 1
GROUP BY feeds.feed_id
ORDER BY feeds.feed_id
