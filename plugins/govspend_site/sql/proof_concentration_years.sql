-- The same for each financial year; the largest of a year are the largest of that year.
SELECT financial_year, supplier_count, amount_pence, top_10_pct, top_25_pct, top_100_pct
FROM (
/* include proof_market_top */
)
