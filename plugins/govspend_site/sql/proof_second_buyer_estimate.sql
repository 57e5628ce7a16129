-- The estimated share of SMEs with a second buyer 12 months after the first sale, and the median of
-- those that reached one.
WITH RECURSIVE /* include proof_estimate */,
ended AS (
    SELECT wait, row_number() OVER (ORDER BY wait) AS place, count(*) OVER () AS places
    FROM waits
    WHERE reached = 1
)
SELECT round(100 * (1 - steps.waiting), 1) AS reached_within_12_months_pct,
    steps.at_risk_count AS at_risk_at_12_months_count,
    (SELECT count(*) FROM waits) AS sme_suppliers_count,
    (SELECT avg(wait) FROM ended WHERE 2 * place BETWEEN places AND places + 2)
        AS median_months_of_those_that_did,
    (SELECT min(month) FROM spend) AS first_month,
    (SELECT month FROM ending) AS last_month
FROM steps
WHERE steps.month_number = 12
