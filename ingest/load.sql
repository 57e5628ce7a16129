-- Parameter: :release_id.

-- name: lines
-- Identical lines are told apart by their number among themselves.
INSERT INTO temp.lines
SELECT CASE occurrence WHEN 1 THEN base_id ELSE base_id || '-' || occurrence END, base_id,
    line_number, facets, supplier_name_id, buyer_name_id, description, amount_pence
FROM (
    SELECT staged.*, coalesce(added_to.line_count, 0)
        + row_number() OVER (PARTITION BY staged.base_id ORDER BY line_number) AS occurrence
    FROM staged LEFT JOIN added_to ON added_to.base_id = staged.base_id
);

-- name: sums
INSERT INTO temp.sums
SELECT facets, supplier_name_id, buyer_name_id, count(*), sum(amount_pence)
FROM temp.lines
GROUP BY facets, supplier_name_id, buyer_name_id;

-- name: spend
INSERT INTO spend (spend_id, release_id, line_number, month, framework, lot, sector, supplier_size,
    description, amount_pence, supplier_id, buyer_id, supplier_name_id, buyer_name_id)
SELECT spend_id, :release_id, line_number, month, framework, lot, sector, supplier_size,
    description, amount_pence, supplier_names.supplier_id, buyer_names.buyer_id,
    lines.supplier_name_id, lines.buyer_name_id
FROM temp.lines
CROSS JOIN temp.facets ON facets.facets = lines.facets
CROSS JOIN supplier_names ON supplier_names.supplier_name_id = lines.supplier_name_id
CROSS JOIN buyer_names ON buyer_names.buyer_name_id = lines.buyer_name_id
ORDER BY lines.rowid;

-- name: added_to
INSERT INTO temp.added_to
SELECT base_id, count(*) FROM temp.lines WHERE true GROUP BY base_id
ON CONFLICT DO UPDATE SET line_count = line_count + excluded.line_count;
