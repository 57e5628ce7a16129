-- Run in this order for each release of a feed, oldest first, while its lines wait in temp.lines
-- and their sums in temp.sums.
-- Parameters: :release_id, :feed_id, :position (of the release in its feed), :before (release id).

-- name: release_months
INSERT INTO release_months
SELECT :release_id, month, framework, lot, sector, supplier_size, sum(line_count), sum(amount_pence)
FROM temp.sums JOIN temp.facets ON facets.facets = sums.facets
GROUP BY month, framework, lot, sector, supplier_size
ORDER BY month, framework, lot, sector, supplier_size;

-- name: published_categories
INSERT INTO published_categories
SELECT :release_id, framework_published, lot_published, sector_published, supplier_size_published,
    framework, lot, sector, supplier_size, sum(line_count), sum(amount_pence)
FROM temp.sums JOIN temp.facets ON facets.facets = sums.facets
GROUP BY framework_published, lot_published, sector_published, supplier_size_published,
    framework, lot, sector, supplier_size
ORDER BY framework_published, lot_published, sector_published, supplier_size_published,
    framework, lot, sector, supplier_size;

-- name: release_sizes
INSERT INTO release_sizes
SELECT :release_id, supplier_names.supplier_id, supplier_size, min(month), max(month),
    sum(line_count), sum(amount_pence)
FROM temp.sums JOIN temp.facets ON facets.facets = sums.facets
JOIN supplier_names ON supplier_names.supplier_name_id = sums.supplier_name_id
GROUP BY supplier_names.supplier_id, supplier_size
ORDER BY supplier_names.supplier_id, supplier_size;

-- name: forget pairs
DROP TABLE IF EXISTS temp.pairs;

-- name: pairs
CREATE TEMP TABLE pairs AS
SELECT month, supplier_names.supplier_id AS supplier_id, buyer_names.buyer_id AS buyer_id,
    sum(line_count) AS line_count, sum(amount_pence) AS amount_pence
FROM temp.sums JOIN temp.facets ON facets.facets = sums.facets
JOIN supplier_names ON supplier_names.supplier_name_id = sums.supplier_name_id
JOIN buyer_names ON buyer_names.buyer_name_id = sums.buyer_name_id
GROUP BY month, supplier_names.supplier_id, buyer_names.buyer_id;

-- name: changes
INSERT INTO changes
SELECT :release_id, :before, month, supplier_id, buyer_id,
    sum(before_count), sum(after_count), sum(before_pence), sum(after_pence)
FROM (
    SELECT month, supplier_id, buyer_id, line_count AS before_count, NULL AS after_count,
        amount_pence AS before_pence, NULL AS after_pence
    FROM temp.earlier_pairs
    UNION ALL
    SELECT month, supplier_id, buyer_id, NULL, line_count, NULL, amount_pence
    FROM temp.pairs
)
GROUP BY month, supplier_id, buyer_id
HAVING sum(before_pence) IS NOT sum(after_pence) OR sum(before_count) IS NOT sum(after_count);

-- name: forget earlier pairs
DROP TABLE IF EXISTS temp.earlier_pairs;

-- name: keep pairs
ALTER TABLE temp.pairs RENAME TO earlier_pairs;

-- name: extended spans
UPDATE line_spans SET last_position = :position
WHERE feed_id = :feed_id AND last_position = :position - 1
    AND spend_id IN (SELECT spend_id FROM temp.lines);

-- name: new spans
INSERT INTO line_spans
SELECT spend_id, :feed_id, :position, :position
FROM temp.lines
WHERE NOT EXISTS (
    SELECT 1 FROM line_spans
    WHERE line_spans.spend_id = lines.spend_id AND line_spans.last_position = :position
)
ORDER BY spend_id;
