-- Suppliers whose name has the words, the largest seller first, with how many were found in all.
SELECT suppliers.supplier_id AS id, suppliers.name, sum(pair_totals.line_count) AS line_count,
    sum(pair_totals.amount_pence) AS amount_pence, count(*) OVER () AS found_count
FROM suppliers_fts
JOIN suppliers ON suppliers.rowid = suppliers_fts.rowid
JOIN pair_totals ON pair_totals.supplier_id = suppliers.supplier_id
WHERE suppliers_fts MATCH :words
GROUP BY suppliers.supplier_id
ORDER BY sum(pair_totals.amount_pence) DESC, suppliers.supplier_id
LIMIT :most
