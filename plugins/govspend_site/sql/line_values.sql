-- The values of a column with most lines, as Datasette's own facet counts them. /* column */ becomes
-- its name, /* source */ a cube of spend and /* filters */ the WHERE clause.
SELECT /* column */ AS value, sum(line_count) AS count
FROM (SELECT * FROM /* source */ /* filters */)
WHERE /* column */ IS NOT NULL
GROUP BY /* column */ ORDER BY count DESC, value
