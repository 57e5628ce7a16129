-- What was bought under a description with the words, from whom and by whom, the most money first.
-- Lines and pence of all that was found stand on every row.
-- The names on a line lead to their parties; and what a SELECT with a limit does not show, SQLite does
-- not look up: of each line that is found only its own row is read.
WITH lines AS (
    SELECT spend.description, spend.supplier_name_id, spend.buyer_name_id, spend.amount_pence
    FROM spend_fts
    JOIN spend ON spend.rowid = spend_fts.rowid
    WHERE spend_fts MATCH :words
    LIMIT -1
),
named AS (/* of each file */
    SELECT description, supplier_name_id, buyer_name_id, count(*) AS line_count,
        sum(amount_pence) AS amount_pence
    FROM lines
    GROUP BY supplier_name_id, buyer_name_id, description
),
found AS MATERIALIZED (
    SELECT named.description, supplier_names.supplier_id, buyer_names.buyer_id,
        sum(named.line_count) AS line_count, sum(named.amount_pence) AS amount_pence
    FROM named
    JOIN supplier_names ON supplier_names.supplier_name_id = named.supplier_name_id
    JOIN buyer_names ON buyer_names.buyer_name_id = named.buyer_name_id
    GROUP BY supplier_names.supplier_id, buyer_names.buyer_id, named.description
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
