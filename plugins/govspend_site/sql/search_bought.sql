-- What was bought under a description with the words, from whom and by whom, the most money first.
-- Lines and pence of all that was found stand on every row.
SELECT spend.description, spend.supplier_id, suppliers.name AS supplier_name, spend.buyer_id,
    buyers.name AS buyer_name, count(*) AS line_count, sum(spend.amount_pence) AS amount_pence,
    sum(count(*)) OVER () AS found_count, sum(sum(spend.amount_pence)) OVER () AS found_pence
FROM spend_fts
JOIN spend ON spend.rowid = spend_fts.rowid
JOIN suppliers ON suppliers.supplier_id = spend.supplier_id
JOIN buyers ON buyers.buyer_id = spend.buyer_id
WHERE spend_fts MATCH :words
GROUP BY spend.description, spend.supplier_id, spend.buyer_id
ORDER BY sum(spend.amount_pence) DESC, spend.description, spend.supplier_id, spend.buyer_id
LIMIT :most
