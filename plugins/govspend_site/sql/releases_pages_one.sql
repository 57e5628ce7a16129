-- A release with its feed, and the release of the feed before it and after it, if any.
SELECT releases.*, feeds.title AS feed, feeds.publisher, feeds.restates_history,
    earlier.release_id AS previous_id, earlier.newest_month AS previous_month,
    later.release_id AS next_id
FROM releases
JOIN feeds ON feeds.feed_id = releases.feed_id
LEFT JOIN releases AS earlier ON earlier.feed_id = releases.feed_id
    AND earlier.position = releases.position - 1
LEFT JOIN releases AS later ON later.feed_id = releases.feed_id
    AND later.position = releases.position + 1
WHERE releases.release_id = :release_id
