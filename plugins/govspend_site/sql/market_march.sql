-- March of each financial year beside the average of its other months.
WITH months AS (
    SELECT release_months.month,
        CASE WHEN substr(month, 6, 2) >= '04'
            THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
            ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END AS financial_year,
        sum(release_months.amount_pence) AS amount_pence
    FROM release_months
    JOIN releases ON releases.release_id = release_months.release_id
    WHERE releases.is_current = 1
    GROUP BY release_months.month
)
SELECT financial_year, count(*) AS month_count,
    sum(CASE WHEN substr(month, 6, 2) = '03' THEN amount_pence END) AS march_pence,
    sum(CASE WHEN substr(month, 6, 2) <> '03' THEN amount_pence END)
        / nullif(count(CASE WHEN substr(month, 6, 2) <> '03' THEN 1 END), 0) AS other_average_pence,
    max(amount_pence) = max(CASE WHEN substr(month, 6, 2) = '03' THEN amount_pence END)
        AS is_highest
FROM months
GROUP BY financial_year
ORDER BY financial_year
