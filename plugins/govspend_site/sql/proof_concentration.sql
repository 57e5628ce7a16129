-- The share of all spend that the largest 10, 25 and 100 suppliers took.
SELECT supplier_count, amount_pence AS total_pence, top_10_pct, top_25_pct, top_100_pct,
    (SELECT min(month) FROM spend) AS first_month,
    (SELECT max(month) FROM spend) AS last_month
FROM (
/* include proof_market_top */
)
WHERE financial_year = 'All years' AND top_10_pct IS NOT NULL
