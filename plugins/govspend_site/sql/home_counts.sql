-- How much there is behind each way on from the home page. A supplier or buyer counts by a sale.
SELECT
    (SELECT sum(loaded_count) FROM releases WHERE is_current = 1) AS lines,
    (SELECT count(*) FROM suppliers) AS suppliers,
    (SELECT count(*) FROM buyers) AS buyers,
    (SELECT count(first_sme_month) FROM supplier_totals) AS sme_suppliers,
    (SELECT count(*) FROM supplier_totals WHERE buyer_count > 0) AS selling_suppliers,
    (SELECT count(*) FROM buyer_totals WHERE supplier_count > 0) AS buying_buyers,
    (SELECT count(*) FROM buyer_totals WHERE sme_count > 0) AS sme_buyers,
    (SELECT count(*) FROM releases) AS releases,
    (SELECT count(*) FROM quarantine) AS quarantined
