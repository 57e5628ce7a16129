-- SMEs by the months from first sale to second buyer, or for which they were watched without one.
-- To be put after WITH in other queries. A first sale is the first line above nought published as
-- SME; nothing after the month that every feed has reached is known.
openings AS (
    SELECT supplier_id, buyer_id,
        12 * substr(min(month), 1, 4) + substr(min(month), 6, 2) AS month_number
    -- The + keeps SQLite from an index, by which every line would be fetched by itself.
    FROM spend
    WHERE +amount_pence > 0 AND supplier_size = 'SME'
    GROUP BY supplier_id, buyer_id
),
placed AS (
    SELECT supplier_id, month_number,
        row_number() OVER (PARTITION BY supplier_id ORDER BY month_number, buyer_id) AS place
    FROM openings
),
ending AS (
    SELECT min(month) AS month,
        12 * substr(min(month), 1, 4) + substr(min(month), 6, 2) AS month_number
    FROM (SELECT max(newest_month) AS month FROM releases WHERE is_current = 1 GROUP BY feed_id)
),
begun AS (
    SELECT supplier_id, max(CASE WHEN place = 1 THEN month_number END) AS first_number,
        max(CASE WHEN place = 2 THEN month_number END) AS second_number
    FROM placed WHERE place <= 2
    GROUP BY supplier_id
),
waits AS (
    SELECT begun.supplier_id,
        coalesce(second_number <= ending.month_number, 0) AS reached,
        min(coalesce(second_number, ending.month_number), ending.month_number) - first_number
            AS wait,
        ending.month_number - first_number AS watched
    FROM begun
    CROSS JOIN ending
    WHERE first_number <= ending.month_number
)
