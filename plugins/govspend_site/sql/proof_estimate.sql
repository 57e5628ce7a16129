-- Kaplan-Meier estimate: for each month after the first sale the firms at risk (still waiting and
-- watched), those that reached a second buyer in it, and the share that had reached one by its end.
-- To be put after WITH in other queries. No firm at risk in a month is no share for it.
/* include proof_waits */,
risk AS (
    SELECT wait, count(*) AS leaving_count, sum(reached) AS reached_count,
        sum(count(*)) OVER (ORDER BY wait DESC) AS at_risk_count
    FROM waits
    GROUP BY wait
),
steps AS (
    SELECT -1 AS month_number, count(*) AS at_risk_count, 0 AS reached_count, 0 AS leaving_count,
        1.0 AS waiting
    FROM waits
    UNION ALL
    SELECT steps.month_number + 1, steps.at_risk_count - steps.leaving_count,
        coalesce(risk.reached_count, 0), coalesce(risk.leaving_count, 0),
        steps.waiting * (1 - coalesce(1.0 * risk.reached_count / risk.at_risk_count, 0))
    FROM steps
    LEFT JOIN risk ON risk.wait = steps.month_number + 1
    WHERE steps.at_risk_count > steps.leaving_count
)
