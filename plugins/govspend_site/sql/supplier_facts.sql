-- What one supplier's lines come to. A sale is a line above nought. One that stood in earlier releases
-- only has no lines.
SELECT suppliers.supplier_id, suppliers.name,
    coalesce(sum(amount_pence), 0) AS amount_pence,
    sum(CASE WHEN amount_pence < 0 THEN amount_pence ELSE 0 END) AS credit_pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence
        WHEN supplier_size IS NOT NULL THEN 0 END) AS sme_pence,
    count(spend.spend_id) AS line_count,
    coalesce(sum(amount_pence > 0), 0) AS sale_count,
    count(DISTINCT CASE WHEN amount_pence > 0 THEN buyer_id END) AS buyer_count,
    count(DISTINCT CASE WHEN amount_pence > 0 THEN coalesce(sector, '') END) AS sector_count,
    max(coalesce(sector, '') IN ('Private Sector', 'Not for Profit')) AS has_others,
    min(CASE WHEN amount_pence > 0 THEN month END) AS first_month,
    max(CASE WHEN amount_pence > 0 THEN month END) AS last_month,
    max(CASE WHEN amount_pence > 0 AND supplier_size = 'SME' THEN 1 ELSE 0 END) AS sold_as_sme,
    max(CASE WHEN amount_pence > 0 AND supplier_size <> 'SME' THEN 1 ELSE 0 END) AS sold_as_large,
    max(CASE WHEN amount_pence > 0 AND supplier_size IS NULL THEN 1 ELSE 0 END) AS sold_unknown
FROM suppliers
LEFT JOIN spend ON spend.supplier_id = suppliers.supplier_id
WHERE suppliers.supplier_id = :supplier_id
GROUP BY suppliers.supplier_id
