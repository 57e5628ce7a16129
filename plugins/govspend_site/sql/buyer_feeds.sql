-- Titles of the feeds that a buyer's lines come from.
SELECT feeds.title FROM feeds WHERE feeds.feed_id IN (
    SELECT releases.feed_id FROM releases WHERE releases.is_current = 1 AND EXISTS (
        SELECT 1 FROM pair_months
        WHERE buyer_id = :buyer_id AND pair_months.release_id = releases.release_id))
ORDER BY feeds.feed_id DESC
