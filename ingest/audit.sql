-- Each query gives one number that must be nought in a proven edition.

-- must be nought: releases whose published categories do not add up to their lines
SELECT count(*) FROM releases
WHERE loaded_pence IS NOT (
    SELECT sum(amount_pence) FROM published_categories
    WHERE published_categories.release_id = releases.release_id
)

-- must be nought: releases whose sizes by supplier do not add up to their lines
SELECT count(*) FROM releases
WHERE loaded_pence IS NOT (
    SELECT sum(amount_pence) FROM release_sizes
    WHERE release_sizes.release_id = releases.release_id
)

-- must be nought: pence by which changes between releases differ from the releases' totals
SELECT coalesce(sum(abs(listed - actual)), 0) FROM (
    SELECT
        coalesce((
            SELECT sum(coalesce(after_pence, 0) - coalesce(before_pence, 0))
            FROM changes WHERE changes.release_id = later.release_id
        ), 0) AS listed,
        later.loaded_pence - earlier.loaded_pence AS actual
    FROM releases AS later
    JOIN releases AS earlier ON earlier.feed_id = later.feed_id
        AND earlier.position = later.position - 1
    JOIN feeds ON feeds.feed_id = later.feed_id AND feeds.restates_history
)

-- must be nought: suppliers and buyers without a published name
SELECT (SELECT count(*) FROM suppliers WHERE supplier_id NOT IN (SELECT supplier_id FROM supplier_names))
    + (SELECT count(*) FROM buyers WHERE buyer_id NOT IN (SELECT buyer_id FROM buyer_names))

-- must be nought: places that are no buyer's, or lie outside the United Kingdom
SELECT count(*) FROM buyer_places
WHERE buyer_id NOT IN (SELECT buyer_id FROM buyers)
    OR name <> (SELECT name FROM buyers WHERE buyers.buyer_id = buyer_places.buyer_id)
    OR latitude NOT BETWEEN 49.8 AND 60.9 OR longitude NOT BETWEEN -8.7 AND 1.8

-- must be nought: files of lists whose lines are not all admitted, repeated or rejected
SELECT count(*) FROM admitted_files
WHERE line_count <> admitted_count + duplicate_count + rejected_count
    OR admitted_count <> (SELECT count(*) FROM admitted
        WHERE admitted.list_id = admitted_files.list_id AND admitted.url = admitted_files.url)
    OR duplicate_count + rejected_count <> (SELECT count(*) FROM admitted_left_out
        WHERE admitted_left_out.list_id = admitted_files.list_id
            AND admitted_left_out.url = admitted_files.url)

-- must be nought: admitted firms that sold and are not joined to their sales, or to another's
SELECT count(*) FROM admitted
WHERE supplier_id IS NOT (
    SELECT suppliers.supplier_id FROM suppliers WHERE suppliers.supplier_id = admitted.party_id
)
