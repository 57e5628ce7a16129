-- Firms like one supplier: a quarter to four times its total, and sales in the same lots to the
-- same buyers. The more such buyers the nearer; then the nearer the total.
WITH mine AS (
    SELECT sum(amount_pence) AS amount_pence FROM pair_totals WHERE supplier_id = :supplier_id
),
my_sales AS MATERIALIZED (
    SELECT DISTINCT buyer_id, coalesce(lot, '') AS lot FROM pair_years
    WHERE supplier_id = :supplier_id AND sale_count > 0
),
firms AS MATERIALIZED (
    SELECT supplier_id, sum(amount_pence) AS amount_pence FROM pair_totals GROUP BY +supplier_id
),
near AS MATERIALIZED (
    SELECT firms.supplier_id, firms.amount_pence, mine.amount_pence AS my_pence
    FROM firms
    CROSS JOIN mine
    WHERE mine.amount_pence > 0 AND firms.supplier_id <> :supplier_id
        AND firms.amount_pence BETWEEN mine.amount_pence / 4 AND mine.amount_pence * 4
),
shared AS (
    SELECT supplier_id, count(DISTINCT buyer_id) AS shared_buyer_count
    FROM pair_years
    WHERE sale_count > 0
        -- The + has the rows found by their buyers: those of the firms are more.
        AND +supplier_id IN (SELECT supplier_id FROM near)
        AND coalesce(lot, '') IN (SELECT lot FROM my_sales)
        AND buyer_id IN (SELECT buyer_id FROM my_sales)
    GROUP BY supplier_id
)
SELECT near.supplier_id, suppliers.name AS supplier_name, shared.shared_buyer_count,
    near.amount_pence
FROM near
JOIN shared ON shared.supplier_id = near.supplier_id
JOIN suppliers ON suppliers.supplier_id = near.supplier_id
ORDER BY shared.shared_buyer_count DESC, abs(near.amount_pence - near.my_pence),
    near.supplier_id
LIMIT 10
