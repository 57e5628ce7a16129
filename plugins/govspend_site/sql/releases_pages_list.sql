-- Every release, newest data first, with the feed that it is an issue of.
SELECT releases.release_id, releases.feed_id, feeds.title AS feed, releases.position,
    releases.newest_month, releases.oldest_month, releases.published_date, releases.fetched_at,
    releases.is_current, releases.line_count, releases.loaded_count, releases.quarantined_count,
    releases.loaded_pence, releases.published_amount, releases.byte_count, releases.sha256
FROM releases
JOIN feeds ON feeds.feed_id = releases.feed_id
ORDER BY releases.newest_month DESC, releases.feed_id, releases.position DESC
