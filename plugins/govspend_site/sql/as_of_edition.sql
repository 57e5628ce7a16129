-- What an edition's file says of itself. One row.
SELECT newest_month, illustrative,
    (SELECT group_concat(release_id, ' ') FROM (
        SELECT release_id FROM releases WHERE is_current = 1 ORDER BY release_id
    )) AS release_ids
FROM editions
