-- The estimate month by month, with the numbers at risk.
WITH RECURSIVE /* include proof_estimate */
SELECT month_number, at_risk_count, reached_count AS reached_then_count,
    round(100 * (1 - waiting), 1) AS reached_one_pct
FROM steps
WHERE month_number >= 0
ORDER BY month_number
