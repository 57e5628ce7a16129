-- March of each financial year beside the average of its other months.
SELECT financial_year, month_count, march_pence, other_average_pence
FROM (
/* include market_march */
)
WHERE march_pence IS NOT NULL
