-- What was bought under a description with the words, from whom and by whom, the most money first.
-- Lines and pence of all that was found stand on every row.
WITH found AS MATERIALIZED (
    SELECT spend.description, spend.supplier_id, spend.buyer_id, count(*) AS line_count,
        sum(spend.amount_pence) AS amount_pence
    FROM spend_fts
    JOIN spend ON spend.rowid = spend_fts.rowid
    WHERE spend_fts MATCH :words
    GROUP BY spend.supplier_id, spend.buyer_id, spend.description
),
first AS (
    SELECT * FROM found
    ORDER BY amount_pence DESC, description, supplier_id, buyer_id
    LIMIT :most
)
SELECT first.description, first.supplier_id, suppliers.name AS supplier_name, first.buyer_id,
    buyers.name AS buyer_name, first.line_count, first.amount_pence,
    (SELECT sum(line_count) FROM found) AS found_count,
    (SELECT sum(amount_pence) FROM found) AS found_pence
FROM first
JOIN suppliers ON suppliers.supplier_id = first.supplier_id
JOIN buyers ON buyers.buyer_id = first.buyer_id
ORDER BY first.amount_pence DESC, first.description, first.supplier_id, first.buyer_id
