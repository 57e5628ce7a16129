-- One buyer's lines by financial year. A share is null where its whole is nought or less, or where
-- no size is published.
SELECT financial_year, amount_pence, sme_pence,
    round(100.0 * sme_pence / nullif(max(amount_pence, 0), 0), 1) AS sme_pct,
    supplier_count, sme_count AS sme_supplier_count, line_count
FROM buyer_years
WHERE buyer_id = :buyer_id
ORDER BY financial_year
