-- Buyers by the firms that they gave a first sale: in all, and since the month :recent.
, firsts AS (
    SELECT supplier_id, min(first_month) AS month FROM sales GROUP BY supplier_id
)
SELECT sales.buyer_id, buyers.name AS buyer_name,
    count(DISTINCT CASE WHEN sales.first_month = firsts.month THEN sales.supplier_id END)
        AS opened_count,
    count(DISTINCT CASE WHEN sales.first_month = firsts.month AND sales.first_month >= :recent
        THEN sales.supplier_id END) AS opened_recently_count,
    max(CASE WHEN sales.first_month = firsts.month THEN sales.first_month END) AS last_opened_month,
    count(DISTINCT sales.supplier_id) AS supplier_count,
    sum(sales.amount_pence) AS amount_pence
FROM sales
JOIN firsts ON firsts.supplier_id = sales.supplier_id
JOIN buyers ON buyers.buyer_id = sales.buyer_id
GROUP BY sales.buyer_id
ORDER BY opened_count DESC, opened_recently_count DESC, sum(sales.amount_pence) DESC, sales.buyer_id
