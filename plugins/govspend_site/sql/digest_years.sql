-- What a release says of every financial year, beside what the release before it said.
WITH sums AS (
    SELECT CASE WHEN substr(month, 6, 2) >= '04'
            THEN substr(month, 1, 4) || '-' || substr(substr(month, 1, 4) + 1, 3)
            ELSE (substr(month, 1, 4) - 1) || '-' || substr(month, 3, 2) END AS financial_year,
        release_id, month, supplier_size, line_count, amount_pence
    FROM release_months
    WHERE release_id IN (:release_id, :previous_id)
)
SELECT financial_year,
    count(DISTINCT CASE WHEN release_id = :release_id THEN month END) AS month_count,
    sum(CASE WHEN release_id = :release_id THEN line_count END) AS line_count,
    sum(CASE WHEN release_id = :release_id THEN amount_pence END) AS amount_pence,
    -- Where no size is published, what went to SMEs is unknown and not nought.
    CASE WHEN count(CASE WHEN release_id = :release_id THEN supplier_size END) > 0
        THEN sum(CASE WHEN release_id = :release_id AND supplier_size = 'SME'
            THEN amount_pence ELSE 0 END) END AS sme_pence,
    CASE WHEN count(CASE WHEN release_id = :release_id THEN supplier_size END) > 0
        THEN round(100.0 * sum(CASE WHEN release_id = :release_id AND supplier_size = 'SME'
            THEN amount_pence ELSE 0 END)
            / nullif(max(sum(CASE WHEN release_id = :release_id THEN amount_pence END), 0), 0), 1)
        END AS sme_pct,
    count(DISTINCT CASE WHEN release_id = :previous_id THEN month END) AS before_month_count,
    sum(CASE WHEN release_id = :previous_id THEN amount_pence END) AS before_pence
FROM sums
GROUP BY financial_year
ORDER BY financial_year DESC
