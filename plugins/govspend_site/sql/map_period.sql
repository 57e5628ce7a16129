-- The first and the last month of the spend on the map.
SELECT min(month) AS first_month, max(month) AS last_month FROM spend
