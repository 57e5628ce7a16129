-- Firms like one supplier: a quarter to four times its total, and sales in the same lots to the
-- same buyers. The more such buyers the nearer; then the nearer the total.
WITH mine AS (
    SELECT amount_pence FROM supplier_totals WHERE supplier_id = :supplier_id
),
my_sales AS MATERIALIZED (
    SELECT DISTINCT buyer_id, coalesce(lot, '') AS lot FROM pair_years
    WHERE supplier_id = :supplier_id AND sale_count > 0
),
near AS MATERIALIZED (
    SELECT firms.supplier_id, firms.amount_pence, mine.amount_pence AS my_pence
    FROM supplier_totals AS firms
    CROSS JOIN mine
    WHERE mine.amount_pence > 0 AND firms.supplier_id <> :supplier_id
        AND firms.amount_pence BETWEEN mine.amount_pence / 4 AND mine.amount_pence * 4
),
-- Who sold to the same buyers at all is told by an index alone; they are few who are near.
pairs AS MATERIALIZED (
    SELECT DISTINCT buyer_id, supplier_id FROM pair_totals
    WHERE buyer_id IN (SELECT buyer_id FROM my_sales)
        AND +supplier_id IN (SELECT supplier_id FROM near)
),
shared AS (
    SELECT supplier_id, count(*) AS shared_buyer_count
    FROM pairs
    WHERE EXISTS (
        SELECT 1 FROM pair_years
        WHERE pair_years.buyer_id = pairs.buyer_id AND pair_years.supplier_id = pairs.supplier_id
            AND sale_count > 0 AND coalesce(lot, '') IN (SELECT lot FROM my_sales)
    )
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
