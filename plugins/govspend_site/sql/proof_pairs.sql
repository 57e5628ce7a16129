-- Sales by month, supplier and buyer as a release told them: what the newest release says, with
-- every change that came after the release taken back. To be put after WITH in other queries.
told AS (
    SELECT releases.feed_id, releases.position, feeds.restates_history
    FROM releases JOIN feeds ON feeds.feed_id = releases.feed_id
    WHERE releases.release_id = :release_id
),
newest AS (
    SELECT spend.month, spend.supplier_id, spend.buyer_id, sum(spend.amount_pence) AS amount_pence,
        max(spend.amount_pence) > 0 AS sold
    FROM spend
    JOIN releases ON releases.release_id = spend.release_id
    JOIN told ON told.feed_id = releases.feed_id
        AND (told.restates_history = 1 OR releases.position <= told.position)
    GROUP BY spend.month, spend.supplier_id, spend.buyer_id
),
since AS (
    -- Of several later changes the earliest knows what stood before; min() picks its row.
    SELECT changes.month, changes.supplier_id, changes.buyer_id, changes.before_count,
        changes.before_pence, min(releases.position) AS position
    FROM changes
    JOIN releases ON releases.release_id = changes.release_id
    JOIN told ON told.feed_id = releases.feed_id AND releases.position > told.position
    GROUP BY changes.month, changes.supplier_id, changes.buyer_id
),
pairs AS (
    SELECT newest.month, newest.supplier_id, newest.buyer_id, newest.amount_pence, newest.sold
    FROM newest
    LEFT JOIN since ON since.month = newest.month AND since.supplier_id = newest.supplier_id
        AND since.buyer_id = newest.buyer_id
    WHERE since.position IS NULL
    UNION ALL
    SELECT month, supplier_id, buyer_id, before_pence, before_pence > 0
    FROM since WHERE before_count IS NOT NULL
)
