-- Every known fault of every release; of one where :release_id is given.
SELECT release_id, fault, line_count
FROM data_quality
WHERE :release_id = '' OR release_id = :release_id
ORDER BY release_id DESC, line_count DESC, fault
