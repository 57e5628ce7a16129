-- How many lines those suppliers, or those buyers, have in all that have lines of a filter.
-- /* party */ becomes the column with their id, and /* filters */ the WHERE clause.
SELECT coalesce(sum(line_count), 0) AS lines FROM pair_totals
WHERE /* party */ IN (SELECT /* party */ FROM pair_years /* filters */)
