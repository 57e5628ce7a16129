-- How much there is behind each way on from the home page.
SELECT
    (SELECT sum(loaded_count) FROM releases WHERE is_current = 1) AS lines,
    (SELECT count(*) FROM suppliers) AS suppliers,
    (SELECT count(*) FROM buyers) AS buyers,
    (SELECT count(*) FROM releases) AS releases,
    (SELECT count(*) FROM quarantine) AS quarantined
