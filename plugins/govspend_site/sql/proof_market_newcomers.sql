-- How many suppliers sold and how many buyers bought in each month, how many of them for the first
-- time, and how many had by then. A sale is a line above nought.
WITH pairs AS (
    -- The + keeps SQLite from an index, by which every line would be fetched by itself.
    SELECT DISTINCT month, supplier_id, buyer_id FROM spend WHERE +amount_pence > 0
),
active AS (
    SELECT month, count(DISTINCT supplier_id) AS supplier_count,
        count(DISTINCT buyer_id) AS buyer_count
    FROM pairs GROUP BY month
),
new_suppliers AS (
    SELECT month, count(*) AS new_count
    FROM (SELECT min(month) AS month FROM pairs GROUP BY supplier_id) GROUP BY month
),
new_buyers AS (
    SELECT month, count(*) AS new_count
    FROM (SELECT min(month) AS month FROM pairs GROUP BY buyer_id) GROUP BY month
)
SELECT active.month, active.supplier_count,
    coalesce(new_suppliers.new_count, 0) AS new_supplier_count,
    coalesce(sum(new_suppliers.new_count) OVER (ORDER BY active.month), 0) AS total_supplier_count,
    active.buyer_count,
    coalesce(new_buyers.new_count, 0) AS new_buyer_count,
    coalesce(sum(new_buyers.new_count) OVER (ORDER BY active.month), 0) AS total_buyer_count
FROM active
LEFT JOIN new_suppliers ON new_suppliers.month = active.month
LEFT JOIN new_buyers ON new_buyers.month = active.month
ORDER BY active.month
