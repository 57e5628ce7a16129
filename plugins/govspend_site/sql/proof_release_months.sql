-- The same month by month and by size of firm as published.
SELECT month,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS sme_pence,
    sum(CASE WHEN supplier_size <> 'SME' THEN amount_pence ELSE 0 END) AS other_firms_pence,
    sum(CASE WHEN supplier_size IS NULL THEN amount_pence ELSE 0 END) AS size_not_published_pence,
    sum(amount_pence) AS total_pence
FROM release_months
WHERE release_id = :release_id
GROUP BY month
ORDER BY month
