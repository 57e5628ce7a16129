-- Months that a release told otherwise than the release before it, most changed first.
SELECT month, before_count, after_count, before_pence, after_pence, change_pence,
    round(100.0 * change_pence / nullif(max(before_pence, 0), 0), 1) AS change_pct
FROM revisions
WHERE release_id = :release_id AND (change_pence <> 0 OR before_count <> after_count)
ORDER BY abs(change_pence) DESC, month
