-- What each value of a column comes to on a page of spend. /* column */ becomes the column, and
-- /* filters */ the page's WHERE clause.
SELECT /* column */ AS value, sum(amount_pence) AS pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS sme_pence,
    count(supplier_size) AS sized_lines
FROM spend /* filters */
GROUP BY 1
