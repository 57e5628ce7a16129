-- title: What one buyer bought
-- description: Which suppliers a public body bought from, in which lot, when and for how much.
-- measured: >-
--   Pounds excluding VAT, from the newest release of each feed, credits taken off. The example is
--   the description of the largest line. It opens on the buyer that spent most.
-- caveats: [reported-by-suppliers, size-as-published, resellers, names-joined]
-- parameters:
--   buyer:
--     label: Buyer
--     kind: choice
--     choices_sql: SELECT buyer_id, name FROM buyers ORDER BY name COLLATE NOCASE
--     default_sql: >-
--       SELECT buyer_id FROM buyer_totals ORDER BY amount_pence DESC, buyer_id LIMIT 1
--   financial_year:
--     label: Financial year
--     kind: choice
--     any: All years
--     choices_sql: >-
--       SELECT DISTINCT financial_year(month) FROM (
--         SELECT DISTINCT month FROM release_months JOIN releases USING (release_id)
--         WHERE is_current = 1
--       ) ORDER BY 1 DESC
-- chart: {mark: bar, x: supplier_name, y: [amount]}
WITH asked AS (
    SELECT nullif(:financial_year, '') AS financial_year,
        coalesce(nullif(:buyer, ''), (
            SELECT buyer_id FROM buyer_totals ORDER BY amount_pence DESC, buyer_id LIMIT 1
        )) AS buyer_id
),
-- A view looks up nothing that a SELECT with a limit does not show.
lines AS (
    SELECT spend.supplier_id, spend.lot, spend.supplier_size, spend.description, spend.month,
        spend.amount_pence
    FROM asked
    JOIN spend ON spend.buyer_id = asked.buyer_id
        AND (asked.financial_year IS NULL OR spend.financial_year = asked.financial_year)
    LIMIT -1
),
described AS (/* of each file */
    SELECT supplier_id, lot, supplier_size, description, count(*) AS line_count,
        sum(amount_pence) AS amount_pence, max(amount_pence) AS largest_pence,
        min(month) AS first_month, max(month) AS last_month
    FROM lines
    GROUP BY supplier_id, lot, supplier_size, description
),
chosen AS (
    SELECT described.*,
        first_value(description) OVER (
            PARTITION BY supplier_id, lot
            ORDER BY description IS NULL, largest_pence DESC, description
        ) AS example
    FROM described
)
SELECT chosen.supplier_id,
    suppliers.name AS supplier_name,
    chosen.lot,
    CASE WHEN count(DISTINCT chosen.supplier_size) > 1 THEN 'SME and Large'
        ELSE min(chosen.supplier_size) END AS supplier_size,
    min(chosen.example) AS example,
    sum(chosen.amount_pence) / 100.0 AS amount,
    sum(chosen.line_count) AS line_count,
    min(chosen.first_month) AS first_month,
    max(chosen.last_month) AS last_month,
    sum(chosen.amount_pence) AS amount_pence
FROM chosen
JOIN suppliers ON suppliers.supplier_id = chosen.supplier_id
GROUP BY chosen.supplier_id, chosen.lot
ORDER BY sum(chosen.amount_pence) DESC, chosen.supplier_id, chosen.lot;
