-- In which months the lines of a filter lie, and how many. /* source */ becomes a cube of spend,
-- /* first */ and /* last */ the columns with the months of its rows, /* filters */ the WHERE clause
-- and /* span */ what months are told together by: the month, or the financial year.
SELECT min(/* first */) AS first, max(/* last */) AS last, sum(line_count) AS lines
FROM /* source */ /* filters */
GROUP BY /* span */
