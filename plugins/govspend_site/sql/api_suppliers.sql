-- Suppliers for the API, each with what its lines come to. Buyers and months are those of its sales
-- (lines above zero). A firm that stands in earlier releases only has no lines here.
-- /* where */ becomes the filters.
SELECT suppliers.supplier_id, suppliers.name,
    coalesce(sums.amount_pence, 0) / 100.0 AS amount,
    coalesce(sums.amount_pence, 0) AS amount_pence,
    coalesce(sums.line_count, 0) AS line_count,
    coalesce(sums.buyer_count, 0) AS buyer_count,
    sums.first_sale_month AS first_month, sums.last_sale_month AS last_month,
    (SELECT json_group_array(published_name) FROM (
        SELECT published_name FROM supplier_names
        WHERE supplier_names.supplier_id = suppliers.supplier_id
        ORDER BY published_name)) AS published_names
FROM suppliers
LEFT JOIN supplier_totals AS sums ON sums.supplier_id = suppliers.supplier_id
/* where */
