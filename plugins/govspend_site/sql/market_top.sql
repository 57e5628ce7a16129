-- How much of the money went to the largest 10, 25 and 100 suppliers, in each financial year and in
-- all. The largest of a year are the largest of that year. Credits are taken off.
WITH every_month AS MATERIALIZED (
    SELECT DISTINCT month FROM release_months
    WHERE release_id IN (SELECT release_id FROM releases WHERE is_current = 1)
),
months AS (
    SELECT CASE WHEN substr(month, 6, 2) >= '04'
            THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
            ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END AS financial_year,
        count(*) AS month_count
    FROM every_month GROUP BY 1
    UNION ALL
    SELECT 'All years', count(*) FROM every_month
),
parties AS (
    SELECT financial_year, amount_pence FROM supplier_years
    UNION ALL
    SELECT 'All years', amount_pence FROM supplier_totals
),
placed AS (
    SELECT financial_year, amount_pence,
        row_number() OVER (PARTITION BY financial_year ORDER BY amount_pence DESC) AS place
    FROM parties
),
summed AS (
    SELECT financial_year, count(*) AS supplier_count, sum(amount_pence) AS amount_pence,
        sum(CASE WHEN place <= 10 THEN amount_pence ELSE 0 END) AS top_10_pence,
        sum(CASE WHEN place <= 25 THEN amount_pence ELSE 0 END) AS top_25_pence,
        sum(CASE WHEN place <= 100 THEN amount_pence ELSE 0 END) AS top_100_pence
    FROM placed GROUP BY financial_year
)
SELECT summed.financial_year, months.month_count, supplier_count, amount_pence,
    top_10_pence, round(100.0 * top_10_pence / nullif(max(amount_pence, 0), 0), 1) AS top_10_pct,
    top_25_pence, round(100.0 * top_25_pence / nullif(max(amount_pence, 0), 0), 1) AS top_25_pct,
    top_100_pence, round(100.0 * top_100_pence / nullif(max(amount_pence, 0), 0), 1) AS top_100_pct
FROM summed
JOIN months ON months.financial_year = summed.financial_year
ORDER BY summed.financial_year
