-- What a release told of each month that the one before it had told.
SELECT month, before_count, after_count, before_pence, after_pence, change_pence, change_pct
FROM (
/* include releases_pages_months */
)
WHERE before_count IS NOT NULL
