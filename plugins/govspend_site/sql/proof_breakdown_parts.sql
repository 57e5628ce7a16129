-- Every part, the largest first, with what went to SMEs; null where no size is published.
SELECT /* column */,
    sum(amount_pence) AS total_pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    sum(CASE WHEN supplier_size <> 'SME' THEN amount_pence ELSE 0 END) AS other_firms_pence,
    sum(CASE WHEN supplier_size IS NULL THEN amount_pence ELSE 0 END) AS size_not_published_pence,
    round(100.0 * sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) / nullif(max(sum(amount_pence), 0), 0), 1)
        AS sme_pct,
    count(*) AS line_count
FROM spend
GROUP BY 1
ORDER BY sum(amount_pence) DESC, 1
