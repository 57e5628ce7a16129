-- Where a line of spend was published, the names that are on it and those that it is shown under.
SELECT spend.month, spend.amount_pence, spend.line_number, spend.release_id, releases.filename,
    spend.supplier_id, suppliers.name AS supplier,
    supplier_names.published_name AS supplier_published,
    spend.buyer_id, buyers.name AS buyer, buyer_names.published_name AS buyer_published
FROM spend
JOIN releases ON releases.release_id = spend.release_id
JOIN suppliers ON suppliers.supplier_id = spend.supplier_id
JOIN buyers ON buyers.buyer_id = spend.buyer_id
JOIN supplier_names ON supplier_names.supplier_name_id = spend.supplier_name_id
JOIN buyer_names ON buyer_names.buyer_name_id = spend.buyer_name_id
WHERE spend.spend_id = :spend_id
