-- One buyer's lines by financial year. A share is null where its whole is nought or less, or where
-- no size is published.
SELECT financial_year,
    sum(amount_pence) AS amount_pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    round(100.0 * sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) / nullif(max(sum(amount_pence), 0), 0), 1)
        AS sme_pct,
    count(DISTINCT CASE WHEN sale_count > 0 THEN supplier_id END) AS supplier_count,
    count(DISTINCT CASE WHEN sale_count > 0 AND supplier_size = 'SME' THEN supplier_id END)
        AS sme_supplier_count,
    sum(line_count) AS line_count
FROM pair_years
WHERE buyer_id = :buyer_id
GROUP BY financial_year
ORDER BY financial_year
