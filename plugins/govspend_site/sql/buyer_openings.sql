-- SMEs whose first sale as an SME, of all in the data, was to one buyer: the first month with a
-- line above nought. Where other buyers bought in that month too, each of them gave it.
WITH openings AS MATERIALIZED (
    SELECT mine.supplier_id, sum(mine.first_sale_pence) AS first_pence
    FROM pair_totals AS mine
    JOIN supplier_totals AS totals ON totals.supplier_id = mine.supplier_id
        AND totals.first_sme_month = mine.first_sale_month
    WHERE mine.buyer_id = :buyer_id AND mine.supplier_size = 'SME' AND mine.sale_count > 0
    GROUP BY mine.supplier_id
)
SELECT openings.supplier_id, suppliers.name AS supplier_name, totals.first_sme_month AS first_month,
    openings.first_pence,
    (SELECT sum(amount_pence) FROM pair_totals
        WHERE buyer_id = :buyer_id AND supplier_id = openings.supplier_id) AS amount_pence,
    totals.amount_pence AS all_buyers_pence, totals.buyer_count
FROM openings
JOIN suppliers ON suppliers.supplier_id = openings.supplier_id
JOIN supplier_totals AS totals ON totals.supplier_id = openings.supplier_id
ORDER BY first_month DESC, openings.first_pence DESC, openings.supplier_id
