-- Buyers whose number of suppliers reached 10, 25, 50 or 100 after the month :previous_month.
WITH /* pairs */
firsts AS (
    SELECT buyer_id, supplier_id, min(month) AS first_month
    FROM pairs WHERE sold GROUP BY buyer_id, supplier_id
),
counts AS (
    SELECT buyer_id, sum(first_month <= :previous_month) AS before_count, count(*) AS supplier_count
    FROM firsts GROUP BY buyer_id
),
levels (level) AS (VALUES (10), (25), (50), (100))
SELECT counts.buyer_id, buyers.name, max(levels.level) AS level, counts.before_count,
    counts.supplier_count
FROM counts
JOIN levels ON levels.level > counts.before_count AND levels.level <= counts.supplier_count
JOIN buyers ON buyers.buyer_id = counts.buyer_id
GROUP BY counts.buyer_id
ORDER BY max(levels.level) DESC, counts.supplier_count DESC, counts.buyer_id
