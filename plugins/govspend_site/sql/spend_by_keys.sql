-- Lines of spend added up by keys before those are looked up, which is once a key and not once a line.
-- /* keys */ becomes the columns of spend_keyed to tell apart, and /* lines */ what stands after FROM:
-- the lines, and what chooses them. What no key tells is empty.
SELECT line_categories.framework, line_categories.lot, line_categories.sector,
    line_categories.supplier_size, sums.month,
    CAST(CASE WHEN substr(sums.month, 6, 2) >= '04'
        THEN substr(sums.month, 1, 4) || '-' || substr(substr(sums.month, 1, 4) + 1, 3)
        ELSE (substr(sums.month, 1, 4) - 1) || '-' || substr(sums.month, 3, 2) END AS TEXT)
        AS financial_year,
    suppliers.supplier_id, buyers.buyer_id, releases.release_id, sums.line_count, sums.amount_pence
FROM (
    SELECT /* keys */, count(*) AS line_count, sum(lines.amount_pence) AS amount_pence
    FROM /* lines */
    GROUP BY /* keys */
) AS sums
LEFT JOIN line_categories ON line_categories.categories_key = sums.categories_key
LEFT JOIN suppliers ON suppliers.supplier_key = sums.supplier_key
LEFT JOIN buyers ON buyers.buyer_key = sums.buyer_key
LEFT JOIN releases ON releases.release_key = sums.release_key
