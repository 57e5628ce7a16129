-- March against the average of the other months, in financial years that are whole and settled.
SELECT count(*) AS compared_years_count,
    count(CASE WHEN is_highest = 1 THEN 1 END) AS march_was_highest_count,
    count(CASE WHEN march_pence > other_average_pence THEN 1 END) AS march_was_above_count,
    group_concat(printf('%.1f times in %s', 1.0 * march_pence / other_average_pence,
        financial_year), ', ') AS march_to_other_months,
    max(financial_year) AS last_year,
    (SELECT min(month) FROM spend WHERE /* years */) AS first_month,
    (SELECT max(month) FROM spend WHERE /* years */) AS last_month
FROM (
/* include market_march */
)
WHERE /* years */
