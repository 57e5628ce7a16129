-- Suppliers that a release publishes under another size than the release before did, largest first.
SELECT reclassified.supplier_id, suppliers.name AS supplier_name, before_sizes, after_sizes,
    before_pence, after_pence
FROM reclassified JOIN suppliers ON suppliers.supplier_id = reclassified.supplier_id
WHERE reclassified.release_id = :release_id
ORDER BY abs(after_pence) DESC, reclassified.supplier_id
