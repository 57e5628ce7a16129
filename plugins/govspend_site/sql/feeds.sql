-- Every feed of the edition with the release of it that the site stands on.
SELECT feeds.feed_id, feeds.title, feeds.publisher, feeds.licence, feeds.attribution,
    releases.release_id, releases.oldest_month, releases.newest_month, releases.published_date
FROM feeds
LEFT JOIN releases ON releases.feed_id = feeds.feed_id AND releases.is_current = 1
ORDER BY feeds.feed_id
