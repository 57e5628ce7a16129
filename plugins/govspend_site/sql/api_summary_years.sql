-- Lines added up by buyer, supplier, size, financial year, framework, lot and sector, for
-- api_summary_parties.sql.
SELECT financial_year, framework, lot, sector, supplier_id, buyer_id, supplier_size, line_count,
    amount_pence, sale_count, last_month AS month
FROM pair_years
