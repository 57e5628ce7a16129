-- One buyer's lines by month and size of firm.
SELECT month,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS sme_pence,
    sum(CASE WHEN supplier_size <> 'SME' THEN amount_pence ELSE 0 END) AS other_pence,
    sum(CASE WHEN supplier_size IS NULL THEN amount_pence ELSE 0 END) AS not_published_pence,
    sum(amount_pence) AS amount_pence,
    max(supplier_count) AS supplier_count,
    sum(line_count) AS line_count
FROM buyer_months
WHERE buyer_id = :buyer_id
GROUP BY month
ORDER BY month
