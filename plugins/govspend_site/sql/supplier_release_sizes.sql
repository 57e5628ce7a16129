-- The sizes that one supplier was published under in each release, newest first, and from when.
SELECT release_sizes.release_id, supplier_size, first_month, last_month,
    release_sizes.line_count, release_sizes.amount_pence
FROM release_sizes JOIN releases ON releases.release_id = release_sizes.release_id
WHERE supplier_id = :supplier_id
ORDER BY releases.newest_month DESC, releases.position DESC, supplier_size
