-- Revisions for the API, in pounds too. /* where */ becomes the filters.
SELECT feed_id, month, release_id, previous_release_id, before_count, after_count,
    before_pence / 100.0 AS before_amount, before_pence,
    after_pence / 100.0 AS after_amount, after_pence,
    change_pence / 100.0 AS change_amount, change_pence, change_pct
FROM revisions
/* where */
