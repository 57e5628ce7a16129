-- SMEs whose first sale as an SME, of all in the data, was to one buyer: the first month with a
-- line above nought. Where other buyers bought in that month too, each of them gave it.
WITH mine AS MATERIALIZED (
    SELECT supplier_id, first_sale_month, first_sale_pence FROM pair_totals
    WHERE buyer_id = :buyer_id AND supplier_size = 'SME' AND sale_count > 0
),
firsts AS MATERIALIZED (
    SELECT supplier_id, min(first_sale_month) AS first_month FROM pair_totals
    WHERE supplier_size = 'SME' AND supplier_id IN (SELECT supplier_id FROM mine)
    GROUP BY supplier_id
),
openings AS MATERIALIZED (
    SELECT mine.supplier_id, firsts.first_month, sum(mine.first_sale_pence) AS first_pence
    FROM mine
    JOIN firsts ON firsts.supplier_id = mine.supplier_id
        AND firsts.first_month = mine.first_sale_month
    GROUP BY mine.supplier_id
)
SELECT openings.supplier_id, suppliers.name AS supplier_name, openings.first_month,
    openings.first_pence,
    sum(CASE WHEN pair_totals.buyer_id = :buyer_id THEN pair_totals.amount_pence END)
        AS amount_pence,
    sum(pair_totals.amount_pence) AS all_buyers_pence,
    count(DISTINCT CASE WHEN pair_totals.sale_count > 0 THEN pair_totals.buyer_id END)
        AS buyer_count
-- CROSS JOIN keeps this order: from few firms to their sums.
FROM openings
CROSS JOIN suppliers ON suppliers.supplier_id = openings.supplier_id
CROSS JOIN pair_totals ON pair_totals.supplier_id = openings.supplier_id
GROUP BY openings.supplier_id
ORDER BY openings.first_month DESC, openings.first_pence DESC, openings.supplier_id
