-- The releases that held a line, oldest first.
SELECT releases.release_id, releases.newest_month, releases.published_date, releases.is_current
FROM release_lines
JOIN releases ON releases.release_id = release_lines.release_id
WHERE release_lines.spend_id = :spend_id
ORDER BY releases.position
