-- What lines of spend come to. /* columns */ becomes the columns to tell apart, /* source */ spend or
-- a cube of it, and /* filters */ the page's WHERE clause.
SELECT /* columns */
    coalesce(sum(line_count), 0) AS lines, sum(amount_pence) AS pence,
    coalesce(sum(CASE WHEN supplier_size = 'SME' THEN amount_pence END), 0) AS sme_pence,
    coalesce(sum(CASE WHEN supplier_size IS NOT NULL THEN line_count END), 0) AS sized_lines
FROM /* source */ /* filters */
