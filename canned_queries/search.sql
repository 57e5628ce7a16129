-- title: Search
-- description: Suppliers and buyers by name, and what was bought by its description.
-- measured: >-
--   Up to 50 suppliers, 50 buyers and 200 descriptions, the largest amounts of each first, in pounds
--   excluding VAT with credits taken off. All words must occur; the last may be the beginning of a
--   word.
-- caveats: [reported-by-suppliers, names-joined, descriptions-as-published]
-- parameters:
--   words:
--     label: Look for
--     kind: words
--     help: A firm, a public body or a thing bought, such as home office or web hosting.
WITH asked AS (
    -- Each word in quotes, so that whatever is typed is looked for and never obeyed as a search
    -- operator. No words at all find nothing.
    SELECT coalesce(
        '"' || replace(replace(substr(trim(nullif(:words, '')), 1, 200), '"', ' '), ' ', '" "')
            || '"*', '""') AS words
),
found_suppliers AS (
    SELECT suppliers.supplier_id, suppliers.name, sum(pair_totals.amount_pence) AS amount_pence,
        sum(pair_totals.line_count) AS line_count
    FROM asked
    JOIN suppliers_fts ON suppliers_fts MATCH asked.words
    JOIN suppliers ON suppliers.rowid = suppliers_fts.rowid
    JOIN pair_totals ON pair_totals.supplier_id = suppliers.supplier_id
    GROUP BY suppliers.supplier_id
    ORDER BY sum(pair_totals.amount_pence) DESC, suppliers.supplier_id
    LIMIT 50
),
found_buyers AS (
    SELECT buyers.buyer_id, buyers.name, sum(pair_totals.amount_pence) AS amount_pence,
        sum(pair_totals.line_count) AS line_count
    FROM asked
    JOIN buyers_fts ON buyers_fts MATCH asked.words
    JOIN buyers ON buyers.rowid = buyers_fts.rowid
    JOIN pair_totals ON pair_totals.buyer_id = buyers.buyer_id
    GROUP BY buyers.buyer_id
    ORDER BY sum(pair_totals.amount_pence) DESC, buyers.buyer_id
    LIMIT 50
),
found_lines AS (
    SELECT spend.supplier_id, spend.buyer_id, spend.description,
        sum(spend.amount_pence) AS amount_pence, count(*) AS line_count
    FROM asked
    JOIN spend_fts ON spend_fts MATCH asked.words
    JOIN spend ON spend.rowid = spend_fts.rowid
    GROUP BY spend.description, spend.supplier_id, spend.buyer_id
    ORDER BY sum(spend.amount_pence) DESC, spend.description, spend.supplier_id, spend.buyer_id
    LIMIT 200
)
SELECT found, supplier_id, supplier_name, buyer_id, buyer_name, description,
    amount_pence / 100.0 AS amount, line_count, amount_pence
FROM (
    SELECT 1 AS part, 'supplier' AS found, supplier_id, name AS supplier_name, NULL AS buyer_id,
        NULL AS buyer_name, NULL AS description, amount_pence, line_count
    FROM found_suppliers
    UNION ALL
    SELECT 2, 'buyer', NULL, NULL, buyer_id, name, NULL, amount_pence, line_count
    FROM found_buyers
    UNION ALL
    SELECT 3, 'description', found_lines.supplier_id, suppliers.name, found_lines.buyer_id,
        buyers.name, found_lines.description, found_lines.amount_pence, found_lines.line_count
    FROM found_lines
    JOIN suppliers ON suppliers.supplier_id = found_lines.supplier_id
    JOIN buyers ON buyers.buyer_id = found_lines.buyer_id
)
ORDER BY part, amount_pence DESC, supplier_id, buyer_id, description;
