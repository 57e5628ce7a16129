-- How many of the months that the release before had told a release told otherwise, and the month
-- that it changed most.
WITH found AS (
/* include releases_pages_months */
),
told AS (
    SELECT *, change_pence <> 0 OR before_count IS NOT after_count AS is_changed
    FROM found WHERE before_count IS NOT NULL
),
most AS (
    SELECT * FROM told WHERE is_changed ORDER BY abs(change_pence) DESC, month LIMIT 1
)
SELECT (SELECT count(*) FROM told WHERE is_changed) AS changed_months_count,
    count(*) AS told_months_count,
    (SELECT month FROM most) AS most_changed_month,
    (SELECT before_pence FROM most) AS before_pence,
    (SELECT after_pence FROM most) AS after_pence,
    (SELECT change_pct FROM most) AS change_pct,
    min(month) AS first_month,
    max(month) AS last_month
FROM told
