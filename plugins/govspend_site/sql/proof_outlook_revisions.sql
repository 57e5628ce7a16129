-- The earlier revisions that it rests on.
SELECT month, first_pence, next_pence, next_pence - first_pence AS change_pence, change_pct,
    next_release_id
FROM (
/* include digest_first_revisions */
)
