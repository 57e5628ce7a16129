-- What the newest month of a release may be revised to, if the next release changes it as earlier ones
-- changed their newest month: by the least, the median and the greatest. Only from six of them.
WITH ratios AS (
    SELECT first_pence, 1.0 * next_pence / nullif(first_pence, 0) AS ratio
    FROM (
/* include digest_first_revisions */
    )
),
placed AS (
    SELECT first_pence, ratio, row_number() OVER (ORDER BY ratio) AS place,
        count(*) OVER () AS places
    FROM ratios
),
newest AS (
    SELECT sum(release_months.amount_pence) AS pence, releases.newest_month AS month
    FROM releases
    JOIN release_months ON release_months.release_id = releases.release_id
        AND release_months.month = releases.newest_month
    WHERE releases.release_id = :release_id
)
SELECT newest.pence AS newest_pence, count(*) AS revision_count,
    CAST(round(newest.pence * min(ratio)) AS INTEGER) AS low_pence,
    CAST(round(newest.pence * avg(CASE WHEN 2 * place BETWEEN places AND places + 2 THEN ratio END))
        AS INTEGER) AS middle_pence,
    CAST(round(newest.pence * max(ratio)) AS INTEGER) AS high_pence,
    newest.month AS first_month, newest.month AS last_month
FROM placed, newest
GROUP BY newest.month, newest.pence
HAVING count(*) >= 6 AND min(first_pence) > 0
