-- Names that one buyer was published under in any release, and what joined them. The lines are those
-- of the current releases; a name without lines stood in an earlier one only.
SELECT buyer_names.published_name, buyer_names.method, buyer_names.evidence,
    coalesce(sum(lines.line_count), 0) AS line_count,
    coalesce(sum(lines.amount_pence), 0) AS amount_pence,
    min(lines.first_month) AS first_month,
    max(lines.last_month) AS last_month
FROM buyer_names
LEFT JOIN (
    SELECT buyer_name_id, first_month, last_month, line_count, amount_pence
    FROM pair_totals WHERE buyer_id = :buyer_id
) AS lines ON lines.buyer_name_id = buyer_names.buyer_name_id
WHERE buyer_names.buyer_id = :buyer_id
GROUP BY buyer_names.buyer_name_id
ORDER BY line_count DESC, buyer_names.published_name
