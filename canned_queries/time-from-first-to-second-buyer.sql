-- title: Time from first to second buyer
-- description: >-
--   How many months a small or medium-sized firm (SME) waits between its first sale and its first
--   sale to another buyer, and how many are still waiting.
-- measured: >-
--   Firms whose first sale (a line above nought) is published as SME and was made at least the
--   chosen number of months before the newest month, so that each was watched for that long. A
--   firm that sold to two buyers in its first month waited 0 months. Longer waits than the chosen
--   number are seen only where a firm was watched for longer, so they are gathered in one row. The
--   second share is among the firms that did find a second buyer, this soon or sooner.
-- caveats: [reported-by-suppliers, size-as-published, names-joined]
-- parameters:
--   watched:
--     label: Watched for at least (months)
--     kind: number
--     default: 12
--     minimum: 1
--     maximum: 60
--     help: Firms first seen more recently are left out, because they had less time.
-- chart: {mark: bar, x: wait, y: [supplier_count]}
WITH RECURSIVE asked AS (
    SELECT CAST(coalesce(nullif(:watched, ''), 12) AS INTEGER) AS watched
),
sales AS (
    -- The first sale to each buyer, with the number of its month since year nought.
    SELECT supplier_id, buyer_id, min(first_sale_month) AS month,
        12 * substr(min(first_sale_month), 1, 4) + substr(min(first_sale_month), 6, 2)
            AS month_number
    FROM pair_totals
    WHERE sale_count > 0
    GROUP BY supplier_id, buyer_id
),
placed AS (
    SELECT supplier_id, month, month_number,
        row_number() OVER (PARTITION BY supplier_id ORDER BY month, buyer_id) AS place
    FROM sales
),
newest AS (
    SELECT 12 * substr(max(last_month), 1, 4) + substr(max(last_month), 6, 2) AS month_number
    FROM pair_totals
),
begun AS (
    SELECT supplier_id, min(month) AS month,
        max(CASE WHEN place = 1 THEN month_number END) AS first_number,
        max(CASE WHEN place = 2 THEN month_number END) AS second_number
    FROM placed WHERE place <= 2
    GROUP BY supplier_id
),
waits AS (
    SELECT begun.supplier_id, second_number - first_number AS month_count
    FROM begun
    JOIN supplier_totals ON supplier_totals.supplier_id = begun.supplier_id
    CROSS JOIN asked
    CROSS JOIN newest
    -- In the month of its first sale it made one as an SME.
    WHERE supplier_totals.first_sme_month = begun.month
        AND newest.month_number - first_number >= asked.watched
),
-- Every number of months up to the chosen one, then "longer", then "none so far".
steps (step) AS (
    SELECT 0
    UNION ALL
    SELECT step + 1 FROM steps, asked WHERE step < min(asked.watched, 60) + 2
),
counts AS (
    SELECT steps.step, min(asked.watched, 60) AS longest, count(waits.supplier_id) AS supplier_count
    FROM steps
    CROSS JOIN asked
    LEFT JOIN waits ON steps.step = CASE WHEN waits.month_count IS NULL
        THEN min(asked.watched, 60) + 2 ELSE min(waits.month_count, min(asked.watched, 60) + 1) END
    WHERE asked.watched >= 1
    GROUP BY steps.step
)
SELECT CASE step WHEN longest + 2 THEN 'no second buyer so far'
        WHEN longest + 1 THEN 'more than ' || longest || ' months'
        WHEN 1 THEN '1 month' ELSE step || ' months' END AS wait,
    supplier_count,
    round(100.0 * supplier_count / nullif(sum(supplier_count) OVER (), 0), 1) AS suppliers_pct,
    CASE WHEN step < longest + 2 THEN round(100.0 * sum(supplier_count) OVER (ORDER BY step)
        / nullif(sum(CASE WHEN step < longest + 2 THEN supplier_count END) OVER (), 0), 1) END
        AS of_those_that_did_pct
FROM counts
WHERE EXISTS (SELECT 1 FROM waits)
ORDER BY step;
