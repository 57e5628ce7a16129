-- Buyers whose name has the words, the largest buyer first, with how many were found in all.
SELECT buyers.buyer_id AS id, buyers.name, sum(pair_totals.line_count) AS line_count,
    sum(pair_totals.amount_pence) AS amount_pence, count(*) OVER () AS found_count
FROM buyers_fts
JOIN buyers ON buyers.rowid = buyers_fts.rowid
JOIN pair_totals ON pair_totals.buyer_id = buyers.buyer_id
WHERE buyers_fts MATCH :words
GROUP BY buyers.buyer_id
ORDER BY sum(pair_totals.amount_pence) DESC, buyers.buyer_id
LIMIT :most
