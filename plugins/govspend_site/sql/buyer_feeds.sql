-- Titles of the feeds that a buyer's lines come from.
SELECT feeds.title FROM feeds WHERE feeds.feed_id IN (
    SELECT releases.feed_id FROM releases WHERE releases.release_id IN (
        SELECT DISTINCT release_id FROM pair_months WHERE buyer_id = :buyer_id))
ORDER BY feeds.feed_id DESC
