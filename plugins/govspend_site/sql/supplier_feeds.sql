-- Titles of the feeds that a supplier's lines come from.
SELECT feeds.title FROM feeds WHERE feeds.feed_id IN (
    SELECT releases.feed_id FROM releases WHERE releases.is_current = 1 AND EXISTS (
        SELECT 1 FROM release_sizes
        WHERE supplier_id = :supplier_id AND release_sizes.release_id = releases.release_id))
ORDER BY feeds.feed_id DESC
