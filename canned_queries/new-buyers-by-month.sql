-- title: New buyers by month
-- description: >-
--   How many public bodies bought for the first time in each month, and how many of them from a
--   small or medium-sized firm (SME).
-- measured: >-
--   A buyer is new in the month of its first purchase (a line above nought) from anyone. In the
--   first months of the data every buyer is new.
-- caveats: [reported-by-suppliers, size-as-published, names-joined]
-- chart: {mark: bar, x: month, y: [new_buyer_count, buying_from_sme_count]}
WITH sized AS (
    -- 1 where a purchase of the month was from an SME, 0 where not, null where no size is published.
    SELECT buyer_id, first_sale_month AS month, max(supplier_size = 'SME') AS from_sme,
        row_number() OVER (PARTITION BY buyer_id ORDER BY first_sale_month) AS place
    FROM pair_totals
    WHERE sale_count > 0
    GROUP BY buyer_id, first_sale_month
),
months AS (
    SELECT DISTINCT month FROM release_months JOIN releases USING (release_id)
    WHERE is_current = 1
),
counts AS (
    SELECT months.month,
        count(sized.buyer_id) AS new_buyer_count,
        count(sized.from_sme) AS size_known_count,
        coalesce(sum(sized.from_sme), 0) AS from_sme_count
    FROM months
    LEFT JOIN sized ON sized.month = months.month AND sized.place = 1
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
