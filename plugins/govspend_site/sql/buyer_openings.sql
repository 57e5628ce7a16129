-- SMEs whose first sale as an SME, of all in the data, was to one buyer: the first month with a
-- line above nought. Where other buyers bought in that month too, each of them gave it.
WITH firsts AS MATERIALIZED (
    SELECT supplier_id, min(month) AS first_month
    FROM spend NOT INDEXED
    WHERE supplier_size = 'SME' AND amount_pence > 0
    GROUP BY supplier_id
),
openings AS MATERIALIZED (
    SELECT spend.supplier_id, firsts.first_month, sum(spend.amount_pence) AS first_pence
    FROM spend
    CROSS JOIN firsts ON firsts.supplier_id = spend.supplier_id AND firsts.first_month = spend.month
    WHERE spend.buyer_id = :buyer_id AND spend.amount_pence > 0 AND spend.supplier_size = 'SME'
    GROUP BY spend.supplier_id
)
SELECT openings.supplier_id, suppliers.name AS supplier_name, openings.first_month,
    openings.first_pence,
    sum(CASE WHEN spend.buyer_id = :buyer_id THEN spend.amount_pence END) AS amount_pence,
    sum(spend.amount_pence) AS all_buyers_pence,
    count(DISTINCT CASE WHEN spend.amount_pence > 0 THEN spend.buyer_id END) AS buyer_count
-- CROSS JOIN keeps this order: from few firms to their lines.
FROM openings
CROSS JOIN suppliers ON suppliers.supplier_id = openings.supplier_id
CROSS JOIN spend ON spend.supplier_id = openings.supplier_id
GROUP BY openings.supplier_id
ORDER BY openings.first_month DESC, openings.first_pence DESC, openings.supplier_id
