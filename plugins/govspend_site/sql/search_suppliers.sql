-- Suppliers whose name has the words, the largest seller first, with how many were found in all.
SELECT suppliers.supplier_id AS id, suppliers.name, count(*) AS line_count,
    sum(spend.amount_pence) AS amount_pence, count(*) OVER () AS found_count
FROM suppliers_fts
JOIN suppliers ON suppliers.rowid = suppliers_fts.rowid
JOIN spend ON spend.supplier_id = suppliers.supplier_id
WHERE suppliers_fts MATCH :words
GROUP BY suppliers.supplier_id
ORDER BY sum(spend.amount_pence) DESC, suppliers.supplier_id
LIMIT :most
