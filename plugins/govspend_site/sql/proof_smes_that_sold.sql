-- Suppliers with a sale published as SME: how many, what they took, half of them and the top ten.
WITH firms AS (
    SELECT supplier_id, sum(amount_pence) AS pence,
        row_number() OVER (ORDER BY sum(amount_pence), supplier_id) AS place,
        row_number() OVER (ORDER BY sum(amount_pence) DESC, supplier_id) AS place_from_top,
        count(*) OVER () AS places
    FROM spend
    WHERE supplier_size = 'SME' AND +amount_pence > 0
    GROUP BY supplier_id
)
SELECT count(*) AS sme_suppliers_count,
    (SELECT count(DISTINCT supplier_id) FROM spend WHERE +amount_pence > 0)
        AS suppliers_that_sold_count,
    (SELECT count(DISTINCT buyer_id) FROM spend
        WHERE +amount_pence > 0 AND supplier_size = 'SME')
        AS buyers_that_bought_count,
    sum(pence) AS sme_sales_pence,
    CAST(round(avg(CASE WHEN 2 * place BETWEEN places AND places + 2 THEN pence END)) AS INTEGER)
        AS median_pence,
    CASE WHEN sum(pence) > 0 THEN round(100.0
        * sum(CASE WHEN place_from_top <= 10 THEN pence ELSE 0 END) / sum(pence), 1) END
        AS ten_largest_pct,
    (SELECT min(month) FROM spend) AS first_month,
    (SELECT max(month) FROM spend) AS last_month
FROM firms
