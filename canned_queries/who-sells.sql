-- title: Who sells this
-- description: Which suppliers sold something, by the words of what was bought, and to how many.
-- measured: >-
--   Pounds excluding VAT of the lines whose description has all the words, in any order and with
--   any ending, credits taken off. Lines without a published description cannot be found.
-- caveats: [reported-by-suppliers, size-as-published, resellers, descriptions-as-published]
-- parameters:
--   words:
--     label: What is sold
--     kind: words
--     default: hosting
--     help: One or more words, such as agile coach. All must occur.
--   supplier_size:
--     label: Supplier size
--     kind: choice
--     any: All sizes
--     choices: [SME, Large, Not published]
-- chart: {mark: bar, x: supplier_name, y: [amount]}
WITH asked AS (
    -- Each word in quotes, so that whatever is typed is looked for and never obeyed as a search
    -- operator.
    SELECT '"' || replace(
            replace(substr(trim(coalesce(nullif(:words, ''), 'hosting')), 1, 200), '"', ' '),
            ' ', '" "') || '"' AS words,
        nullif(:supplier_size, '') AS supplier_size
),
-- A view looks up nothing that a SELECT with a limit does not show.
lines AS (
    SELECT spend.supplier_id, spend.buyer_id, spend.supplier_size, spend.description, spend.month,
        spend.amount_pence
    FROM asked
    JOIN spend_fts ON spend_fts MATCH asked.words
    JOIN spend ON spend.rowid = spend_fts.rowid
    WHERE asked.supplier_size IS NULL
        OR coalesce(spend.supplier_size, 'Not published') = asked.supplier_size
    LIMIT -1
),
described AS (/* of each file */
    SELECT supplier_id, buyer_id, supplier_size, description, count(*) AS line_count,
        sum(amount_pence) AS amount_pence, max(amount_pence) AS largest_pence,
        min(month) AS first_month, max(month) AS last_month
    FROM lines
    GROUP BY supplier_id, buyer_id, supplier_size, description
),
chosen AS (
    SELECT described.*,
        first_value(description) OVER (
            PARTITION BY supplier_id ORDER BY largest_pence DESC, description
        ) AS example
    FROM described
)
SELECT chosen.supplier_id,
    suppliers.name AS supplier_name,
    CASE WHEN count(DISTINCT chosen.supplier_size) > 1 THEN 'SME and Large'
        ELSE min(chosen.supplier_size) END AS supplier_size,
    min(chosen.example) AS example,
    sum(chosen.amount_pence) / 100.0 AS amount,
    count(DISTINCT CASE WHEN chosen.largest_pence > 0 THEN chosen.buyer_id END) AS buyer_count,
    sum(chosen.line_count) AS line_count,
    min(chosen.first_month) AS first_month,
    max(chosen.last_month) AS last_month,
    sum(chosen.amount_pence) AS amount_pence
FROM chosen
JOIN suppliers ON suppliers.supplier_id = chosen.supplier_id
GROUP BY chosen.supplier_id
ORDER BY sum(chosen.amount_pence) DESC, chosen.supplier_id;
