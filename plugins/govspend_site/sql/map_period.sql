-- The first and the last month of the spend on the map.
SELECT min(first_month) AS first_month, max(last_month) AS last_month FROM pair_totals
