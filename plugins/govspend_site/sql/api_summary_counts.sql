-- How many sold and how many bought in a month, for api_summary_cube.sql.
coalesce((SELECT supplier_count FROM party_months WHERE party_months.month = spend.month), 0)
        AS supplier_count,
    coalesce((SELECT buyer_count FROM party_months WHERE party_months.month = spend.month), 0)
        AS buyer_count,
