-- Names that one supplier was published under in any release, and what joined them. The lines are those
-- of the current releases; a name without lines stood in an earlier one only.
SELECT supplier_names.published_name, supplier_names.method, supplier_names.evidence,
    coalesce(sum(lines.line_count), 0) AS line_count,
    coalesce(sum(lines.amount_pence), 0) AS amount_pence,
    min(lines.first_month) AS first_month,
    max(lines.last_month) AS last_month
FROM supplier_names
LEFT JOIN (
    SELECT supplier_name_id, first_month, last_month, line_count, amount_pence
    FROM pair_totals WHERE supplier_id = :supplier_id
) AS lines ON lines.supplier_name_id = supplier_names.supplier_name_id
WHERE supplier_names.supplier_id = :supplier_id
GROUP BY supplier_names.supplier_name_id
ORDER BY line_count DESC, supplier_names.published_name
