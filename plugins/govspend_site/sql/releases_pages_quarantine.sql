-- Lines of a release that could not be taken.
SELECT line_number, field, value, code, reason, amount_pence, raw
FROM quarantine WHERE release_id = :release_id
ORDER BY line_number
