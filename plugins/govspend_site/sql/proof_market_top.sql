-- How much of the money went to the largest 10, 25 and 100 suppliers, in each financial year and in
-- all. The largest of a year are the largest of that year. Credits are taken off.
WITH sums AS (
    SELECT financial_year, supplier_id, sum(amount_pence) AS amount_pence
    FROM spend GROUP BY financial_year, supplier_id
),
months AS (
    SELECT financial_year, count(DISTINCT month) AS month_count
    FROM spend GROUP BY financial_year
    UNION ALL
    SELECT 'All years', count(DISTINCT month) FROM spend
),
parties AS (
    SELECT financial_year, supplier_id, amount_pence FROM sums
    UNION ALL
    SELECT 'All years', supplier_id, sum(amount_pence) FROM sums GROUP BY supplier_id
),
placed AS (
    SELECT financial_year, amount_pence,
        row_number() OVER (PARTITION BY financial_year ORDER BY amount_pence DESC, supplier_id)
            AS place
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
