-- Firms like one supplier: a quarter to four times its total, and sales in the same lots to the
-- same buyers. The more such buyers the nearer; then the nearer the total.
WITH mine AS (
    SELECT sum(amount_pence) AS amount_pence FROM spend WHERE supplier_id = :supplier_id
),
my_sales AS (
    SELECT DISTINCT buyer_id, coalesce(lot, '') AS lot FROM spend
    WHERE supplier_id = :supplier_id AND amount_pence > 0
),
firms AS (
    SELECT spend.supplier_id, sum(spend.amount_pence) AS amount_pence, mine.amount_pence AS my_pence
    FROM spend NOT INDEXED
    CROSS JOIN mine
    WHERE mine.amount_pence > 0
    GROUP BY spend.supplier_id
    HAVING sum(spend.amount_pence) BETWEEN mine.amount_pence / 4 AND mine.amount_pence * 4
        AND spend.supplier_id <> :supplier_id
),
shared AS (
    SELECT spend.supplier_id, count(DISTINCT spend.buyer_id) AS shared_buyer_count
    FROM spend NOT INDEXED
    WHERE spend.amount_pence > 0
        AND spend.buyer_id IN (SELECT buyer_id FROM my_sales)
        AND coalesce(spend.lot, '') IN (SELECT lot FROM my_sales)
        AND spend.supplier_id IN (SELECT supplier_id FROM firms)
    GROUP BY spend.supplier_id
)
SELECT firms.supplier_id, suppliers.name AS supplier_name, shared.shared_buyer_count,
    firms.amount_pence
FROM firms
JOIN shared ON shared.supplier_id = firms.supplier_id
JOIN suppliers ON suppliers.supplier_id = firms.supplier_id
ORDER BY shared.shared_buyer_count DESC, abs(firms.amount_pence - firms.my_pence),
    firms.supplier_id
LIMIT 10
