-- What the lines of the page's filters come to. /* filters */ becomes their WHERE clause.
SELECT count(*) AS lines, sum(amount_pence) AS pence,
    sum(CASE WHEN supplier_size = 'SME' THEN amount_pence ELSE 0 END) AS sme_pence,
    count(supplier_size) AS sized_lines
FROM spend /* filters */
