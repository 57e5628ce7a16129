-- Suppliers whose name has the words, the largest seller first, with how many were found in all.
SELECT suppliers.supplier_id AS id, suppliers.name, totals.line_count, totals.amount_pence,
    count(*) OVER () AS found_count
FROM suppliers_fts
JOIN suppliers ON suppliers.rowid = suppliers_fts.rowid
JOIN supplier_totals AS totals ON totals.supplier_id = suppliers.supplier_id
WHERE suppliers_fts MATCH :words
ORDER BY totals.amount_pence DESC, suppliers.supplier_id
LIMIT :most
