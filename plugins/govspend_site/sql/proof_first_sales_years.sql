-- The same firms by the financial year of their first sale.
WITH firsts AS (
    SELECT supplier_id, min(month) AS month FROM spend WHERE amount_pence > 0 GROUP BY supplier_id
)
SELECT spend.financial_year, count(DISTINCT spend.supplier_id) AS supplier_count
FROM firsts
JOIN spend ON spend.supplier_id = firsts.supplier_id AND spend.month = firsts.month
WHERE spend.amount_pence > 0 AND spend.supplier_size = 'SME' AND /* where */
GROUP BY spend.financial_year
ORDER BY spend.financial_year
