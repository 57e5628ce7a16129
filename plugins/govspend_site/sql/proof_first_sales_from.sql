-- SMEs whose first sale was to one buyer. A first sale is any of the first month with a sale.
WITH firsts AS (
    SELECT supplier_id, min(month) AS month FROM spend WHERE amount_pence > 0 GROUP BY supplier_id
)
SELECT count(DISTINCT spend.supplier_id) AS sme_suppliers_count,
    sum(spend.amount_pence) AS first_sales_pence,
    (SELECT min(month) FROM spend) AS first_month,
    (SELECT max(month) FROM spend) AS last_month
FROM firsts
JOIN spend ON spend.supplier_id = firsts.supplier_id AND spend.month = firsts.month
WHERE spend.amount_pence > 0 AND spend.supplier_size = 'SME' AND /* where */
