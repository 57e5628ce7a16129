-- Lines of spend added up by their keys before those are looked up, which is once a key and not once
-- a line. /* lines */ becomes the WHERE clause that chooses lines by what spend_keyed has.
SELECT line_categories.framework, line_categories.lot, line_categories.sector,
    line_categories.supplier_size, sums.financial_year, sums.line_count, sums.amount_pence
FROM (
    SELECT categories_key, financial_year, count(*) AS line_count,
        sum(amount_pence) AS amount_pence
    FROM spend_keyed
    /* lines */
    GROUP BY categories_key, financial_year
) AS sums
JOIN line_categories ON line_categories.categories_key = sums.categories_key
