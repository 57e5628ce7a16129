-- Lines added up by buyer, supplier, size, month and release, for api_summary_parties.sql.
SELECT month, release_id, supplier_id, buyer_id, supplier_size, line_count, amount_pence, sale_count,
    CASE WHEN substr(month, 6, 2) >= '04'
        THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
        ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END AS financial_year
FROM pair_months
