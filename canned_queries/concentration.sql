-- title: Concentration
-- description: How much of the money goes to the largest 10, 25 and 100 suppliers, SMEs or buyers.
-- measured: >-
--   Pounds excluding VAT, from the newest release of each feed, credits taken off. The share is that
--   of all spend under the same choices; for SME suppliers, of all lines published as SME. Where
--   there are fewer than 10, 25 or 100, all of them are taken, as the number of names shows.
-- caveats: [reported-by-suppliers, size-as-published, resellers, names-joined]
-- parameters:
--   who:
--     label: Who
--     kind: choice
--     default: Suppliers
--     choices: [Suppliers, SME suppliers, Buyers]
--   financial_year:
--     label: Financial year
--     kind: choice
--     any: All years
--     choices_sql: >-
--       SELECT DISTINCT financial_year(month) FROM (
--         SELECT DISTINCT month FROM release_months JOIN releases USING (release_id)
--         WHERE is_current = 1
--       ) ORDER BY 1 DESC
-- chart: {mark: bar, x: largest, y: [amount_pct]}
WITH asked AS (
    SELECT coalesce(nullif(:who, ''), 'Suppliers') AS who,
        nullif(:financial_year, '') AS financial_year
),
parties AS (
    SELECT CASE asked.who WHEN 'Buyers' THEN pair_years.buyer_id ELSE pair_years.supplier_id END AS party_id,
        sum(pair_years.amount_pence) AS amount_pence
    FROM pair_years
    CROSS JOIN asked
    WHERE (asked.financial_year IS NULL OR pair_years.financial_year = asked.financial_year)
        AND (asked.who IN ('Suppliers', 'Buyers')
            OR (asked.who = 'SME suppliers' AND pair_years.supplier_size = 'SME'))
    GROUP BY party_id
),
placed AS (
    SELECT amount_pence, row_number() OVER (ORDER BY amount_pence DESC, party_id) AS place,
        sum(amount_pence) OVER () AS total_pence, count(*) OVER () AS party_count
    FROM parties
),
tops (size) AS (VALUES (10), (25), (100))
SELECT 'Largest ' || tops.size AS largest,
    count(*) AS name_count,
    sum(placed.amount_pence) / 100.0 AS amount,
    round(100.0 * sum(placed.amount_pence) / nullif(max(placed.total_pence, 0), 0), 1)
        AS amount_pct,
    placed.total_pence / 100.0 AS total_amount,
    placed.party_count AS all_name_count,
    sum(placed.amount_pence) AS amount_pence
FROM tops
JOIN placed ON placed.place <= tops.size
GROUP BY tops.size
ORDER BY tops.size;
