-- Buyers whose name has the words, the largest buyer first, with how many were found in all.
SELECT buyers.buyer_id AS id, buyers.name, totals.line_count, totals.amount_pence,
    count(*) OVER () AS found_count
FROM buyers_fts
JOIN buyers ON buyers.rowid = buyers_fts.rowid
JOIN buyer_totals AS totals ON totals.buyer_id = buyers.buyer_id
WHERE buyers_fts MATCH :words
ORDER BY totals.amount_pence DESC, buyers.buyer_id
LIMIT :most
