-- Lines of spend for the API, with the names on the line. /* where */ becomes the filters.
-- CROSS JOIN keeps the order of the loops: names are looked up for the lines that are found.
SELECT spend.spend_id, spend.month, spend.financial_year,
    spend.supplier_id, supplier_names.published_name AS supplier_name,
    spend.buyer_id, buyer_names.published_name AS buyer_name,
    spend.framework, spend.lot, spend.sector, spend.supplier_size, spend.description,
    spend.amount, spend.amount_pence, spend.release_id, spend.line_number
FROM spend
CROSS JOIN supplier_names ON supplier_names.supplier_name_id = spend.supplier_name_id
CROSS JOIN buyer_names ON buyer_names.buyer_name_id = spend.buyer_name_id
/* where */
