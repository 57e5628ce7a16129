-- The same month by month.
SELECT month, /* party */_count, new_/* party */_count, total_/* party */_count
FROM (
/* include proof_market_newcomers */
)
