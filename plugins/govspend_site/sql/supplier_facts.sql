-- What one supplier's lines come to. A sale is a line above nought. One that stood in earlier releases
-- only has no lines.
SELECT suppliers.supplier_id, suppliers.name,
    coalesce(sum(amount_pence), 0) AS amount_pence,
    coalesce(sum(amount_pence - sale_pence), 0) AS credit_pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    coalesce(sum(line_count), 0) AS line_count,
    coalesce(sum(sale_count), 0) AS sale_count,
    count(DISTINCT CASE WHEN sale_count > 0 THEN buyer_id END) AS buyer_count,
    count(DISTINCT CASE WHEN sale_count > 0 THEN coalesce(sector, '') END) AS sector_count,
    max(coalesce(sector, '') IN ('Private Sector', 'Not for Profit')) AS has_others,
    min(first_sale_month) AS first_month,
    max(last_sale_month) AS last_month,
    max(CASE WHEN sale_count > 0 AND supplier_size = 'SME' THEN 1 ELSE 0 END) AS sold_as_sme,
    max(CASE WHEN sale_count > 0 AND supplier_size <> 'SME' THEN 1 ELSE 0 END) AS sold_as_large,
    max(CASE WHEN sale_count > 0 AND supplier_size IS NULL THEN 1 ELSE 0 END) AS sold_unknown
FROM suppliers
LEFT JOIN pair_years ON pair_years.supplier_id = suppliers.supplier_id
WHERE suppliers.supplier_id = :supplier_id
GROUP BY suppliers.supplier_id
