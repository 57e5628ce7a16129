-- title: Revisions of a month
-- description: >-
--   What each release said of a month, since every release restates the whole history. It opens on
--   the month whose total was changed by most between one release and the next.
-- measured: >-
--   Pounds excluding VAT of the lines that each release gave for the month, credits taken off, and
--   the change from the release before it in the same feed. Where a release does not publish the
--   size of firms, the amount with SMEs is unknown.
-- caveats: [revised-backwards, reported-by-suppliers, size-as-published]
-- parameters:
--   month:
--     label: Month
--     kind: month
--     help: A month such as 2013-09.
--     default_sql: >-
--       SELECT substr(month, 1, 7) FROM revisions ORDER BY abs(change_pence) DESC, month LIMIT 1
-- chart: {mark: bar, x: release_id, y: [amount]}
WITH asked AS (
    SELECT substr(
        coalesce(nullif(:month, ''), (
            SELECT substr(month, 1, 7) FROM revisions ORDER BY abs(change_pence) DESC, month LIMIT 1
        )), 1, 7) || '-01' AS month
),
sums AS (
    SELECT releases.feed_id, releases.position, releases.release_id, releases.published_date,
        release_months.month,
        sum(release_months.line_count) AS line_count,
        sum(release_months.amount_pence) AS amount_pence,
        sum(CASE WHEN release_months.supplier_size = 'SME' THEN release_months.amount_pence
            WHEN release_months.supplier_size IS NOT NULL THEN 0 END) AS sme_pence
    FROM release_months
    JOIN releases ON releases.release_id = release_months.release_id
    -- Without any revision there is no month to open on, and all months are shown.
    JOIN asked ON asked.month IS NULL OR release_months.month = asked.month
    GROUP BY releases.release_id, release_months.month
),
compared AS (
    SELECT *, amount_pence - lag(amount_pence)
        OVER (PARTITION BY feed_id, month ORDER BY position) AS change_pence
    FROM sums
)
SELECT month,
    release_id,
    published_date,
    line_count,
    amount_pence / 100.0 AS amount,
    change_pence / 100.0 AS change_amount,
    round(100.0 * change_pence / nullif(max(amount_pence - change_pence, 0), 0), 1) AS change_pct,
    sme_pence / 100.0 AS sme_amount,
    round(100.0 * sme_pence / nullif(max(amount_pence, 0), 0), 1) AS sme_pct,
    amount_pence,
    change_pence
FROM compared
ORDER BY month, feed_id, position;
