-- Every page that the data gives an address: supplier, buyer, release and digest, with the day of
-- the release that it says something of. A digest is named by its month.
WITH dated AS (
    SELECT release_id, newest_month, is_current,
        coalesce(published_date, substr(fetched_at, 1, 10)) AS changed_date
    FROM releases
),
newest AS (SELECT max(changed_date) AS changed_date FROM dated WHERE is_current)
SELECT 'releases' AS kind, release_id AS id, changed_date FROM dated
UNION ALL
SELECT 'digest', substr(newest_month, 1, 7), max(changed_date) FROM dated GROUP BY newest_month
UNION ALL
SELECT 'buyers', buyer_id, newest.changed_date FROM buyers, newest
WHERE EXISTS (SELECT 1 FROM pair_totals WHERE pair_totals.buyer_id = buyers.buyer_id)
UNION ALL
SELECT 'suppliers', supplier_id, newest.changed_date FROM suppliers, newest
WHERE EXISTS (SELECT 1 FROM pair_totals WHERE pair_totals.supplier_id = suppliers.supplier_id)
