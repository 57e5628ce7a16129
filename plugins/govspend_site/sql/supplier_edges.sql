-- The largest sales of a supplier's first and of its latest month: lines carry a month and no day.
WITH placed AS (
    SELECT spend.spend_id, spend.month, spend.buyer_id, spend.lot, spend.description,
        spend.amount_pence,
        row_number() OVER (PARTITION BY spend.month
            ORDER BY spend.amount_pence DESC, spend.spend_id) AS place
    FROM spend
    WHERE spend.supplier_id = :supplier_id AND spend.amount_pence > 0
        AND spend.month IN (
            SELECT min(first_sale_month) FROM pair_totals WHERE supplier_id = :supplier_id
            UNION ALL
            SELECT max(last_sale_month) FROM pair_totals WHERE supplier_id = :supplier_id
        )
)
SELECT CASE WHEN placed.month = (SELECT min(month) FROM placed) THEN 'first' ELSE 'latest' END
        AS sale,
    placed.spend_id, placed.month, placed.buyer_id, buyers.name AS buyer_name,
    placed.lot, placed.description, placed.amount_pence
FROM placed
JOIN buyers ON buyers.buyer_id = placed.buyer_id
WHERE placed.place <= 5
ORDER BY placed.month, placed.place
