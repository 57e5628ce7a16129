-- Of the firms that were admitted to each framework, by the lists that are declared: how many sold
-- through it, and how many of those to two buyers or more. :size is SME or Large; it counts only for a
-- framework whose list gives each firm a size. A sale is a positive line.
WITH frameworks_listed AS (
    SELECT framework, min(supplier_size IS NOT NULL) AS has_sizes FROM admitted GROUP BY framework
),
firms AS (
    SELECT DISTINCT admitted.framework, admitted.party_id, admitted.supplier_id
    FROM admitted
    JOIN frameworks_listed ON frameworks_listed.framework = admitted.framework
    WHERE NOT has_sizes OR :size NOT IN ('SME', 'Large') OR admitted.supplier_size = :size
),
-- The names under which a sale through the framework can be published. Where a line does not give its
-- number, the sale can have been through any of the family that had opened.
through AS (
    SELECT asked.framework, named.framework AS published,
        CASE WHEN named.framework = asked.family AND asked.framework <> asked.family
            THEN coalesce(asked.first_month, '') ELSE '' END AS since
    FROM frameworks_listed
    JOIN frameworks AS asked ON asked.framework = frameworks_listed.framework
    JOIN frameworks AS named ON named.family = asked.family
    WHERE named.framework IN (asked.framework, asked.family) OR asked.framework = asked.family
),
-- Without one of those names in the edition, nothing can be said of who sold.
counted AS (
    SELECT framework, group_concat(published, ', ') AS published
    FROM (
        SELECT framework, published
        FROM through
        WHERE EXISTS (
            SELECT 1 FROM pair_years
            WHERE pair_years.framework = through.published
                AND pair_years.last_sale_month >= through.since
        )
        ORDER BY framework, published
    )
    GROUP BY framework
),
sellers AS (
    SELECT firms.framework, firms.party_id, count(DISTINCT pair_years.buyer_id) AS buyer_count
    FROM firms
    JOIN through ON through.framework = firms.framework
    JOIN pair_years ON pair_years.supplier_id = firms.supplier_id
        AND pair_years.framework = through.published
        AND pair_years.last_sale_month >= through.since
    GROUP BY firms.framework, firms.party_id
),
unplaced AS (
    SELECT firms.framework, sum(pair_years.sale_count) AS sale_count
    FROM firms
    JOIN pair_years ON pair_years.supplier_id = firms.supplier_id
        AND pair_years.framework IS NULL AND pair_years.sale_count > 0
    GROUP BY firms.framework
)
SELECT frameworks.framework, frameworks.family, frameworks.first_month,
    frameworks_listed.has_sizes,
    count(firms.party_id) AS admitted_count,
    CASE WHEN counted.published IS NOT NULL THEN count(sellers.party_id) END AS sold_count,
    CASE WHEN counted.published IS NOT NULL
        THEN count(CASE WHEN sellers.buyer_count > 1 THEN 1 END) END AS second_buyer_count,
    counted.published AS counted_through,
    coalesce(unplaced.sale_count, 0) AS unplaced_sale_count
FROM frameworks_listed
JOIN frameworks ON frameworks.framework = frameworks_listed.framework
LEFT JOIN firms ON firms.framework = frameworks.framework
LEFT JOIN sellers ON sellers.framework = firms.framework AND sellers.party_id = firms.party_id
LEFT JOIN counted ON counted.framework = frameworks.framework
LEFT JOIN unplaced ON unplaced.framework = frameworks.framework
GROUP BY frameworks.framework
ORDER BY frameworks.family DESC, frameworks.first_month, frameworks.framework
