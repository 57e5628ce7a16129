-- What a release says of every month beside what the release before it in the feed said.
WITH
sides AS (
    SELECT month, line_count AS after_count, amount_pence AS after_pence,
        NULL AS before_count, NULL AS before_pence
    FROM release_months WHERE release_id = :release_id
    UNION ALL
    SELECT month, NULL, NULL, line_count, amount_pence
    FROM release_months WHERE release_id = :previous_id
)
SELECT month, sum(before_count) AS before_count, sum(after_count) AS after_count,
    sum(before_pence) AS before_pence, sum(after_pence) AS after_pence,
    coalesce(sum(after_pence), 0) - coalesce(sum(before_pence), 0) AS change_pence,
    round(100.0 * (coalesce(sum(after_pence), 0) - sum(before_pence))
        / nullif(max(sum(before_pence), 0), 0), 1) AS change_pct
FROM sides
GROUP BY month
ORDER BY month DESC
