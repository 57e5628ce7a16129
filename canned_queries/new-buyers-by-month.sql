-- title: New buyers by month
-- description: >-
--   How many public bodies bought for the first time in each month, and how many of them from a
--   small or medium-sized firm (SME).
-- measured: >-
--   A buyer is new in the month of its first purchase (a line above nought) from anyone. In the
--   first months of the data every buyer is new.
-- caveats: [reported-by-suppliers, size-as-published, names-joined]
-- chart: {mark: bar, x: month, y: [new_buyer_count, buying_from_sme_count]}
WITH firsts AS (
    SELECT buyer_id, min(month) AS month
    FROM spend
    WHERE amount_pence > 0
    GROUP BY buyer_id
),
sized AS (
    -- 1 where a first purchase was from an SME, 0 where not, null where no size is published.
    SELECT firsts.buyer_id, firsts.month, max(spend.supplier_size = 'SME') AS from_sme
    FROM firsts
    JOIN spend ON spend.buyer_id = firsts.buyer_id AND spend.month = firsts.month
        AND spend.amount_pence > 0
    GROUP BY firsts.buyer_id
),
months AS (
    SELECT DISTINCT month FROM spend
),
counts AS (
    SELECT months.month,
        count(sized.buyer_id) AS new_buyer_count,
        count(sized.from_sme) AS size_known_count,
        coalesce(sum(sized.from_sme), 0) AS from_sme_count
    FROM months
    LEFT JOIN sized ON sized.month = months.month
    GROUP BY months.month
)
SELECT month,
    new_buyer_count,
    -- Where no size is published, how many bought from an SME is unknown and not nought.
    CASE WHEN new_buyer_count = 0 OR size_known_count > 0 THEN from_sme_count END
        AS buying_from_sme_count,
    sum(new_buyer_count) OVER (ORDER BY month) AS total_buyer_count
FROM counts
ORDER BY month;
